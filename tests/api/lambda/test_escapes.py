"""Why: a function is a stranger's program. Whatever it tries, its neighbours, the server and the data must not notice; each attempt here
is one that somebody will make, by intent or by mistake."""
import json
import time

import pytest


def tried(deploy, call, body, event=None, **settings):
    """What an attempt gives: `body` is the handler's, where `attempt(f)` gives a value or the error's words."""
    code = "import os, signal, socket, subprocess, sys\n" \
           "def attempt(f):\n    try: return f()\n    except OSError as e: return e.strerror\n" \
           "def handler(event, context):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    name = deploy(code, **{"Timeout": 20, "MemorySize": 256, **settings})
    return name, *call(name, event)


@pytest.fixture
def neighbour(deploy, call):
    """A function that is there, with something to find, and the test that it is well."""
    name = deploy("""
        import os
        def handler(event, context):
            with open("/tmp/secret", "a") as out:
                out.write("x")
            return {"count": os.path.getsize("/tmp/secret"), "pid": os.getpid()}
        """)
    first = call(name)[0]["count"]
    assert first == 1

    def still_there():
        return call(name)[0]["count"] > first

    return still_there


def test_a_neighbours_files_processes_and_environment(deploy, call, neighbour):
    _, seen, _ = tried(deploy, call, "\n".join([
        "pids = [p for p in os.listdir('/proc') if p.isdigit()]",
        "names = [open(f'/proc/{p}/cmdline').read() for p in pids]",
        "return {'tmp': os.listdir('/tmp'), 'pids': len(pids), 'root': os.listdir('/'),",
        "        'others': [n for n in names if 'bootstrap' in n and len(names) > 3],",
        "        'disks': attempt(lambda: open('/dev/sda')), 'memory': attempt(lambda: open('/proc/1/mem', 'rb').read(1)),",
        "        'passwd': open('/etc/passwd').read().count('\\n'), 'shadow': attempt(lambda: open('/etc/shadow'))}"]))
    assert seen["tmp"] == [] and seen["pids"] <= 3 and not seen["others"]
    assert not {"home", "root", "work", "mnt", "boot"} & set(seen["root"]) and seen["passwd"] == 2
    assert "No such" in seen["disks"] and seen["shadow"] == "No such file or directory" and isinstance(seen["memory"], str)
    assert neighbour()


def test_a_neighbours_runtime_api(deploy, call, neighbour, server):
    """Its own is at 127.0.0.1:9001; no other address of the machine leads to another, nor does a socket without a name. (A socket may
    meet itself.)"""
    _, seen, _ = tried(deploy, call, "\n".join([
        "def reach(port):",
        "    try:",
        "        with socket.create_connection(('127.0.0.1', port), 0.2) as it: return it.getsockname() != it.getpeername()",
        "    except OSError: return False",
        "open_ports = [p for p in range(1, 65536) if reach(p)]",
        "unix = [line.split()[-1] for line in open('/proc/net/unix').readlines()[1:] if '@' in line]",
        "lan = attempt(lambda: socket.create_connection(('10.0.0.1', 80), 0.2).close())",
        "return {'ports': open_ports, 'unix': unix, 'lan': lan}"]))
    endpoint = int(server.endpoint.rsplit(":", 1)[1])
    assert sorted(seen["ports"]) == sorted({9001, endpoint}) and seen["unix"] == []
    assert seen["lan"] == "Network is unreachable"
    assert neighbour()


def test_signals(deploy, call, neighbour):
    """The first process of a sandbox takes none of its programs' signals; to all others there is no way."""
    name, seen, answer = tried(deploy, call, "\n".join([
        "for pid in range(2, 65536):",
        "    if pid != os.getpid(): attempt(lambda: os.kill(pid, signal.SIGKILL))",
        "attempt(lambda: os.kill(1, signal.SIGKILL))",
        "return 'done'"]))
    assert seen == "done" and neighbour() and call(name)[0] == "done"


def test_a_fork_bomb(deploy, call, neighbour, functions):
    name, seen, answer = tried(deploy, call, "\n".join([
        "count = 0",
        "while True:",
        "    try: pid = os.fork()",
        "    except OSError as e: return {'made': count, 'why': e.strerror}",
        "    if pid == 0: signal.pause()",
        "    count += 1"]))
    # Whichever bound is met first: that of processes, or that of memory.
    if "FunctionError" in answer:
        assert seen["errorType"] in ("Runtime.OutOfMemory", "Sandbox.Timedout"), seen
    else:
        assert seen["made"] <= 1024 and seen["why"] == "Resource temporarily unavailable"
    assert neighbour() and functions.list_functions()["Functions"]


def test_a_memory_bomb(deploy, call, neighbour):
    _, seen, answer = tried(deploy, call, "hoard = []\nwhile True: hoard.append(bytearray(16 << 20))")
    assert answer["FunctionError"] == "Unhandled" and seen["errorType"] in ("Runtime.OutOfMemory", "MemoryError")
    _, seen, answer = tried(deploy, call, "\n".join([
        "children = [subprocess.Popen([sys.executable, '-c', 'x = bytearray(100 << 20); import time; time.sleep(3)']) for _ in range(8)]",
        "return [c.wait() for c in children]"]))
    assert "FunctionError" in answer or any(seen), "eight children of 100 MB lived in 256 MB"
    assert neighbour()


def test_a_full_disk(deploy, call, neighbour):
    _, seen, _ = tried(deploy, call, "\n".join([
        "def fill(path):",
        "    with open(path, 'wb') as out:",
        "        while True: out.write(bytes(1 << 20)); out.flush()",
        "return {p: attempt(lambda: fill(p + '/big')) for p in ('/tmp', '/dev/shm', '/var/task', '/opt', '/usr', '/')}"]), MemorySize=1024)
    assert seen["/tmp"] == "No space left on device" and seen["/dev/shm"] == "No space left on device"
    barred = ("Read-only file system", "Permission denied", "No such file or directory")
    assert all(seen[place] in barred for place in ("/var/task", "/opt", "/usr", "/"))
    assert neighbour()


def test_long_output(deploy, call, client, neighbour):
    """All of it is logged: in pieces that an event may be as long as, and behind the call."""
    name, seen, _ = tried(deploy, call, "\n".join([
        "for i in range(20000): print('line', i)",
        "print('y' * 600000)",
        "return 'done'"]))
    assert seen == "done" and neighbour()
    logs, lines, long = client("logs"), 0, 0
    deadline = time.monotonic() + 20
    while (lines < 20000 or long < 600000) and time.monotonic() < deadline:
        if not logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
            continue  # behind the call
        lines = long = 0
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}"):
            for event in page["events"]:
                lines += event["message"].startswith("line ")
                long += event["message"].count("y") if event["message"].startswith("yy") else 0
        time.sleep(0.05)
    assert (lines, long) == (20000, 600000)


def test_a_rewritten_answer(deploy, call):
    """A program that speaks to its Runtime API out of turn harms its own call only."""
    _, seen, answer = tried(deploy, call, "\n".join([
        "import http.client",
        "def post(path, body):",
        "    c = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])",
        "    c.request('POST', '/2018-06-01/runtime/' + path, body)",
        "    return c.getresponse().status",
        "return [post('invocation/none/response', '1'), post('init/none', ''), post('../../x', ''), post('invocation//error', '{}')]"]))
    assert "FunctionError" not in answer and all(400 <= status < 500 for status in seen), json.dumps(seen)
