// The ground that durability stands on, and the traps of processes and descriptors, tried once for all.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <set>

#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "os/random.h"
#include "os/socket.h"

namespace tarn {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(mkdtemp(path_.data())); }
  void TearDown() override { (void)remove_tree(path_); }
  std::string path_ = "/tmp/tarn-test-XXXXXX";
};

TEST(Clocks, AVirtualOneMovesOnlyForwardAndOnlyWhenTold) {
  VirtualClock clock(Time::of_seconds(100));
  EXPECT_EQ(clock.now(), Time::of_seconds(100));
  clock.move_to(Time::of_seconds(50));
  EXPECT_EQ(clock.now(), Time::of_seconds(100));
  clock.move_to(Time::of_seconds(200));
  EXPECT_EQ(clock.now(), Time::of_seconds(200));
  const SystemClock system;
  const Time first = system.now();
  EXPECT_LE(first, system.now());
  EXPECT_GT(first, Time::of_seconds(1'600'000'000));
}

TEST(Random, IdsHaveTheirForm) {
  EXPECT_EQ(random_hex(31).size(), 31U);
  EXPECT_EQ(random_hex(40).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(random_id("AKIA", 16).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), std::string::npos);
  EXPECT_EQ(random_id("AKIA", 16).size(), 20U);
  EXPECT_EQ(random_secret(40).size(), 40U);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = uuid4();
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST_F(FileTest, WritesAtomicallyAndReadsBack) {
  const std::string file = path_ + "/f";
  ASSERT_TRUE(write_file_atomically(file, "one", 0600));
  ASSERT_TRUE(write_file_atomically(file, std::string(100'000, 'x')));
  EXPECT_EQ(read_file(file).value(), std::string(100'000, 'x'));
  EXPECT_EQ(list_directory(path_).value(), std::vector<std::string>{"f"}) << "nothing temporary is left";
  ASSERT_TRUE(link_or_copy(file, path_ + "/g"));
  ASSERT_TRUE(copy_file(file, path_ + "/h"));
  EXPECT_EQ(read_file(path_ + "/h").value().size(), 100'000U);
  EXPECT_FALSE(copy_file(file, path_ + "/h")) << "it is there already";
  ASSERT_TRUE(remove_file(file));
  EXPECT_TRUE(remove_file(file));
  const auto missing = read_file(file);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find(file), std::string::npos);
}

TEST_F(FileTest, AFullDiskHasACodeOfItsOwn) {
  const auto full = open_file("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(full);
  const Status written = write_all(full->get(), "x", "/dev/full");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, "InsufficientStorage");
}

TEST_F(FileTest, ADirectoryIsLockedOnce) {
  {
    const auto first = DirectoryLock::take(path_);
    ASSERT_TRUE(first);
    const auto second = DirectoryLock::take(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "DirectoryInUse");
    EXPECT_NE(second.error().message.find("pid " + std::to_string(getpid())), std::string::npos)
        << second.error().message;
  }
  EXPECT_TRUE(DirectoryLock::take(path_)) << "free again";
}

TEST_F(FileTest, DescriptorsTravelOverSockets) {
  auto [one, two] = socket_pair().value();
  ASSERT_TRUE(write_file_atomically(path_ + "/f", "content"));
  {
    const Fd file = open_file(path_ + "/f", OpenMode::kRead).value();
    ASSERT_TRUE(send_with_fds(one.get(), "hello", std::vector<int>{file.get(), one.get()}));
  }
  ASSERT_TRUE(send_with_fds(one.get(), " world"));
  auto received = receive_exactly(two.get(), 11).value();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->bytes, "hello world");
  ASSERT_EQ(received->fds.size(), 2U);
  char buffer[16];
  EXPECT_EQ(read_at(received->fds[0].get(), 0, buffer, "f").value(), 7U);
  received->fds.clear();
  ASSERT_TRUE(send_with_fds(one.get(), "half"));
  one.close();
  EXPECT_FALSE(receive_exactly(two.get(), 5)) << "cut short";
  EXPECT_FALSE(*receive_exactly(two.get(), 5)) << "closed";
  EXPECT_FALSE(send_with_fds(two.get(), "x")) << "nobody is there";
}

SpawnOptions shell(const std::string& script) {
  return {.program = "/bin/sh", .args = {"-c", script}};
}

TEST_F(FileTest, AChildGetsWhatItIsGivenAndNothingElse) {
  auto [ours, its] = socket_pair().value();
  const Fd other = open_file("/dev/null", OpenMode::kRead).value();
  ::fcntl(other.get(), F_SETFD, 0);  // one that was not closed on exec
  SpawnOptions options = shell("echo $GREETING; pwd; ls /proc/self/fd | tr '\\n' ' '");
  options.environment = {"GREETING=hello", "PATH=/usr/bin:/bin"};
  options.directory = path_;
  options.fds = {{its.get(), 1}, {its.get(), 9}};
  auto child = Child::spawn(options);
  ASSERT_TRUE(child) << child.error().message;
  its.close();
  EXPECT_EQ(child->wait().text(), "exit status 0");
  // ls has one more open: the directory it lists.
  const std::string expected = "hello\n" + path_ + "\n0 1 2 3 9 ";
  EXPECT_EQ(receive_exactly(ours.get(), expected.size()).value()->bytes, expected);
}

TEST(Processes, SayHowTheyEnded) {
  EXPECT_EQ(Child::spawn(shell("exit 3"))->wait().code, 3);
  auto child = Child::spawn(shell("sleep 100 & wait"));
  EXPECT_FALSE(child->wait_for(0));
  EXPECT_GT(resident_bytes(child->pid()), 0U);
  child->kill(SIGKILL);
  EXPECT_EQ(child->wait().text(), "killed by signal 9 (Killed)");
  child->kill(SIGKILL);  // nothing
  const auto missing = Child::spawn({.program = "/no/such/program"});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
  EXPECT_NE(own_program()->find("test_os"), std::string::npos);
}

}  // namespace
}  // namespace tarn
