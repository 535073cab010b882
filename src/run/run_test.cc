// Why: a task is a stranger's program. What it may see, how much it may take, and how its end is told are the promises that
// everything which runs programs is built on; each escape that is tried here must fail.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "os/clock.h"
#include "os/temporary.h"
#include "run/reach.h"
#include "run/sandbox_runner.h"

namespace tarn::run {
namespace {

struct Ended {
  Outcome outcome;
  std::string output;
};

class RunTest : public testing::Test {
 protected:
  // The spawner is forked while there is one thread: one runner at a time.
  RunTest() : spawner_(fork_spawner().value()), spawner_pid_(spawner_.pid), runner_(std::move(spawner_), true) {}

  static TaskSpec shell(const std::string& script) {
    return {.name = "test", .command = {"/bin/bash", "-c", script}, .environment = {{"PATH", "/usr/bin:/bin"}}};
  }
  static TaskSpec python(const std::string& script) {
    return {.name = "test", .command = {"/usr/bin/python3", "-c", script}, .environment = {{"PATH", "/usr/bin:/bin"}}};
  }
  Ended run(TaskSpec spec, std::move_only_function<void(std::vector<Fd>)> ready = {}) {
    std::promise<Outcome> ended;
    std::string output;
    const auto task =
        runner_.start(std::move(spec), {.ready = std::move(ready),
                                        .output =
                                            [&](std::string_view bytes) {
                                              output += bytes;
                                              return true;
                                            },
                                        .ended = [&](Outcome outcome) { ended.set_value(std::move(outcome)); }});
    Outcome outcome = ended.get_future().get();
    return {std::move(outcome), std::move(output)};
  }

  Spawner spawner_;
  pid_t spawner_pid_;
  SandboxRunner runner_;
};

TEST_F(RunTest, a_program_runs_with_its_environment_and_its_end_is_told) {
  TaskSpec spec = shell("echo \"$GREETING from $PWD\"; echo oops >&2; exit 3");
  spec.environment.emplace_back("GREETING", "hello");
  spec.directory = "/tmp";
  const Ended ended = run(std::move(spec));
  EXPECT_EQ(ended.outcome.text(), "exit status 3");
  EXPECT_EQ(ended.output, "hello from /tmp\noops\n");
  EXPECT_EQ(run(shell("kill -SEGV $$")).outcome.text(), "killed by signal 11 (Segmentation fault)");
  const Ended missing = run({.name = "test", .command = {"/no/such/program"}, .environment = {}});
  EXPECT_EQ(missing.outcome.kind, Outcome::Kind::kNotStarted);
  EXPECT_EQ(missing.outcome.text(), "cannot start /no/such/program: No such file or directory");
}

TEST_F(RunTest, long_output_comes_whole) {
  const Ended ended = run(shell("for i in $(seq 50000); do echo \"line $i of many\"; done"));
  EXPECT_EQ(ended.output.size(), 938'894u);
  EXPECT_TRUE(ended.output.ends_with("line 50000 of many\n"));
}

TEST_F(RunTest, what_was_written_before_is_told_before) {
  std::string output, seen;
  std::promise<void> wrote, over;
  TaskSpec spec = shell("echo first; exec 3<>/dev/tcp/${API%:*}/${API#*:}; cat <&3");
  spec.ports = {{.port = 9001, .variable = "API"}};
  std::vector<Fd> listeners;
  std::promise<void> listening;
  const auto task = runner_.start(std::move(spec), {.ready =
                                                        [&](std::vector<Fd> given) {
                                                          listeners = std::move(given);
                                                          listening.set_value();
                                                        },
                                                    .output =
                                                        [&](std::string_view bytes) {
                                                          output += bytes;
                                                          return true;
                                                        },
                                                    .ended = [&](Outcome) { over.set_value(); }});
  listening.get_future().wait();
  const Fd connection(::accept(listeners[0].get(), nullptr, nullptr));  // it has written by now
  task->after_output([&] {
    seen = output;
    wrote.set_value();
  });
  wrote.get_future().wait();
  EXPECT_EQ(seen, "first\n");
  task->kill();
  over.get_future().wait();
  std::promise<void> called;
  task->after_output([&] { called.set_value(); });
  called.get_future().wait();
}

TEST_F(RunTest, it_sees_the_system_and_its_mounts_only) {
  TemporaryDirectory mine, others;
  ASSERT_TRUE(write_file_atomically(mine.path() + "/handler.txt", "code"));
  ASSERT_EQ(::chmod(mine.path().c_str(), 0755), 0);  // the task's user is nobody that we know
  ASSERT_TRUE(write_file_atomically(others.path() + "/secret", "secret"));
  TaskSpec spec = shell("cat /var/task/handler.txt; echo; cat " + others.path() +
                        "/secret; echo x > /var/task/new; "
                        "echo x > /etc/passwd; ls /root /home; echo tmp holds $(ls /tmp | wc -l); echo user $(id -u); "
                        "[ $(ls /proc | grep -c '^[0-9]') -lt 8 ] && echo few processes");
  spec.mounts = {{mine.path(), "/var/task"}};
  const Ended ended = run(std::move(spec));
  EXPECT_TRUE(ended.output.starts_with("code\n")) << ended.output;
  EXPECT_NE(ended.output.find("/secret: No such file or directory"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("/var/task/new: Read-only file system"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("/etc/passwd: Read-only file system"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("few processes"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("cannot access '/root'"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("tmp holds 0\n"), std::string::npos) << ended.output;
  EXPECT_EQ(ended.output.find("user 0\n"), std::string::npos) << ended.output;
}

TEST_F(RunTest, a_neighbour_can_neither_be_seen_nor_reached) {
  // The neighbour serves a port of its own and keeps a file in /tmp.
  std::promise<void> serving, over;
  TaskSpec neighbour = shell("echo secret > /tmp/file; echo up; sleep 100");
  neighbour.ports = {{.port = 9001, .variable = "API"}};
  const auto task = runner_.start(std::move(neighbour), {.ready = {},
                                                         .output =
                                                             [&](std::string_view) {
                                                               serving.set_value();
                                                               return true;
                                                             },
                                                         .ended = [&](Outcome) { over.set_value(); }});
  serving.get_future().wait();
  const Ended ended =
      run(shell("cat /tmp/file; (echo x > /dev/tcp/127.0.0.1/9001) 2>&1; kill -9 -1; pgrep sleep; "
                "(echo x > /dev/tcp/192.0.2.1/80) 2>&1; echo done"));
  EXPECT_EQ(ended.output.find("secret"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("Connection refused"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("Network is unreachable"), std::string::npos) << ended.output;
  task->kill();
  over.get_future().wait();
}

TEST_F(RunTest, its_ports_are_served_from_outside) {
  std::jthread server;
  TaskSpec spec = shell("exec 3<>/dev/tcp/${API%:*}/${API#*:}; echo ping >&3; cat <&3");
  spec.ports = {{.port = 9001, .variable = "API"}, {.port = 4566, .variable = "URL", .prefix = "http://"}};
  const Ended ended = run(std::move(spec), [&](std::vector<Fd> listeners) {
    ASSERT_EQ(listeners.size(), 2u);
    server = std::jthread([listener = std::move(listeners[0])] {
      const Fd connection(::accept(listener.get(), nullptr, nullptr));
      char bytes[16];
      const ssize_t got = ::read(connection.get(), bytes, sizeof bytes);
      const std::string answer = "pong to " + std::string(bytes, static_cast<size_t>(std::max<ssize_t>(got, 0)));
      (void)!::write(connection.get(), answer.data(), answer.size());
    });
  });
  EXPECT_EQ(ended.output, "pong to ping\n");
}

TEST_F(RunTest, memory_is_bounded) {
  TaskSpec spec = python("x = bytearray(400 << 20); print('took it')");
  spec.limits = {.memory_bytes = 64 << 20, .tmp_bytes = 16 << 20};
  const Ended ended = run(std::move(spec));
  EXPECT_EQ(ended.outcome.kind, Outcome::Kind::kOutOfMemory) << ended.outcome.text();
  EXPECT_EQ(ended.output, "");
}

TEST_F(RunTest, the_disk_is_bounded) {
  TaskSpec spec = shell(
      "head -c 30m /dev/zero > /tmp/big; stat -c %s /tmp/big; head -c 100m /dev/zero > /dev/shm/big; "
      "stat -c %s /dev/shm/big");
  spec.limits.tmp_bytes = 16 << 20;
  const Ended ended = run(std::move(spec));
  EXPECT_NE(ended.output.find("No space left on device"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("\n16777216\n"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("\n67108864\n"), std::string::npos) << ended.output;
}

TEST_F(RunTest, processes_are_bounded_and_all_end_with_the_program) {
  TaskSpec spec = python(
      "import os, sys, time\n"
      "n = 0\n"
      "try:\n"
      "    while n < 1000:\n"
      "        if os.fork() == 0: time.sleep(100)\n"
      "        n += 1\n"
      "except OSError as e: print(e.strerror, n < 60)");
  spec.limits.processes = 50;
  spec.limits.memory_bytes = 1 << 30;
  const Ended ended = run(std::move(spec));
  EXPECT_EQ(ended.outcome.text(), "exit status 0");
  EXPECT_EQ(ended.output, "Resource temporarily unavailable True\n");
}

TEST_F(RunTest, rights_cannot_be_got_back) {
  const Ended ended =
      run(python("import ctypes, os\n"
                 "libc = ctypes.CDLL(None, use_errno=True)\n"
                 "def tried(name, *args):\n"
                 "    ctypes.set_errno(0)\n"
                 "    print(name, getattr(libc, name)(*args), os.strerror(ctypes.get_errno()))\n"
                 "tried('unshare', 0x10000000)\n"
                 "tried('setns', 0, 0)\n"
                 "tried('mount', b'none', b'/tmp', b'tmpfs', 0, None)\n"
                 "tried('ptrace', 16, 1, 0, 0)\n"
                 "tried('setuid', 0)\n"
                 "try: os.kill(1, 9)\n"
                 "except OSError as e: print(e.strerror)\n"
                 "try: print(os.listdir('/proc/1/fd'))\n"
                 "except OSError as e: print('fd', e.strerror)\n"
                 "print('alive')\n"));
  for (const char* call : {"unshare", "setns", "mount", "ptrace"})
    EXPECT_NE(ended.output.find(std::string(call) + " -1 Operation not permitted"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("setuid -1"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("fd Permission denied"), std::string::npos) << ended.output;
  EXPECT_TRUE(ended.output.ends_with("alive\n")) << ended.output;
}

TEST_F(RunTest, it_can_be_killed_and_does_not_outlive_its_spawner) {
  std::promise<Outcome> first, second;
  auto task = runner_.start(shell("trap '' TERM INT HUP; sleep 100"),
                            {.ready = {}, .output = {}, .ended = [&](Outcome outcome) { first.set_value(outcome); }});
  task->kill();
  EXPECT_EQ(first.get_future().get().kind, Outcome::Kind::kKilled);
  auto other = runner_.start(shell("sleep 100"),
                             {.ready = {}, .output = {}, .ended = [&](Outcome outcome) { second.set_value(outcome); }});
  ::kill(spawner_pid_, SIGKILL);
  EXPECT_EQ(second.get_future().get().kind, Outcome::Kind::kLost);
}

// A listener of the task's own network hears who calls through the task's callers, one call after the other, and the side
// output is not the output.
TEST_F(RunTest, a_task_is_called_from_outside) {
  TaskSpec spec = python(
      "import os, socket\n"
      "s = socket.create_server(('127.0.0.1', 7001))\n"
      "os.write(3, b'ready')\n"
      "for i in range(3):\n"
      "    c, _ = s.accept()\n"
      "    c.sendall(b'got ' + c.recv(100))\n"
      "    c.close()\n"
      "print('done')\n");
  spec.callers = 2;
  spec.side_output = true;
  std::promise<std::string> heard;
  std::thread outside;
  const Ended ended = run(std::move(spec), [&](std::vector<Fd> sockets) {
    outside = std::thread([&heard, inside = std::move(sockets)] {
      std::string all = read_next(inside.at(2).get());
      for (const int caller : {0, 0, 1})
        all += "," +
               call_through(inside.at(static_cast<size_t>(caller)).get(), 7001, "x", 5 * kSecond).value_or("nothing");
      all += "," + call_through(inside.at(0).get(), 7002, "x", kSecond).value_or("nobody");
      heard.set_value(all + read_next(inside.at(2).get()));
    });
  });
  EXPECT_EQ(heard.get_future().get(), "ready,got x,got x,got x,nobody");
  outside.join();
  EXPECT_EQ(ended.output, "done\n");
}

// What is made ready while its spawner ends must not begin: nobody would know of it.
TEST_F(RunTest, none_begins_behind_its_spawners_end) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // whatever is left becomes our child
  std::promise<void> one_is_ready;
  std::atomic<bool> told = false;
  std::vector<std::unique_ptr<Task>> tasks;
  for (int i = 0; i < 16; ++i)
    tasks.push_back(runner_.start(shell("exec sleep 20"), {.ready =
                                                               [&](std::vector<Fd>) {
                                                                 if (!told.exchange(true)) one_is_ready.set_value();
                                                               },
                                                           .output = {},
                                                           .ended = {}}));
  one_is_ready.get_future().wait();
  const Micros begun = steady_now();
  ::kill(spawner_pid_, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  EXPECT_LT(steady_now() - begun, 15 * kSecond) << "a program ran on";
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace tarn::run
