"""Functions: a warm call of an empty Python handler from one caller and from eight, beside a bare Python process that answers over a
pipe, which is the limit; and a cold one beside the same interpreter with the same imports started in bubblewrap.

The client is a few lines of sockets that send one signed request again and again: what is measured is the server.
"""
import io
import json
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import zipfile

import botocore.auth
import botocore.awsrequest
import botocore.credentials

CALLS, CALLERS, COLD = 2000, 8, 15
HANDLER = "def handler(event, context):\n    return None\n"
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}
LOGS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
PIPE = """
import json, sys
for line in sys.stdin.buffer:
    json.loads(line)
    sys.stdout.buffer.write(b"null\\n")
    sys.stdout.buffer.flush()
"""
IMPORTS = "import importlib, json, os, socket, sys, time, traceback, logging"


class Caller:
    def __init__(self, server, name):
        entry = server.accounts()[0]
        url = urllib.parse.urlsplit(server.endpoint)
        request = botocore.awsrequest.AWSRequest("POST", f"{server.endpoint}/2015-03-31/functions/{name}/invocations", data=b"{}")
        keys = botocore.credentials.Credentials(entry["access_key_id"], entry["secret_access_key"])
        botocore.auth.SigV4Auth(keys, "lambda", "us-east-1").add_auth(request)
        head = f"POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 2\r\n"
        head += "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
        self.request = head.encode() + b"\r\n{}"
        self.socket = socket.create_connection((url.hostname, url.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self):
        self.socket.sendall(self.request)
        answer = self.socket.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200") or b"x-amz-function-error" in answer.lower():
            raise RuntimeError(answer.decode())


def latencies(call, count):
    out = []
    for _ in range(count):
        started = time.perf_counter()
        call()
        out.append((time.perf_counter() - started) * 1000)
    return out


def many(server, name, seconds):
    """Calls a second of CALLERS processes."""
    barrier, counted = multiprocessing.Barrier(CALLERS), multiprocessing.Queue()

    def run():
        caller = Caller(server, name)
        for _ in range(20):
            caller.call()
        barrier.wait()
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            caller.call()
            count += 1
        counted.put(count / seconds)

    processes = [multiprocessing.Process(target=run) for _ in range(CALLERS)]
    for process in processes:
        process.start()
    total = sum(counted.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    return total


def bare_pipe():
    """The limit: a Python process that reads a line and writes one."""
    process = subprocess.Popen(["/usr/bin/python3", "-c", PIPE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def call():
        process.stdin.write(b"{}\n")
        process.stdin.flush()
        process.stdout.readline()

    latencies(call, 200)
    median = statistics.median(latencies(call, CALLS))
    process.stdin.close()
    process.wait()
    return median


def in_bubblewrap():
    command = ["bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
               "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "/usr/bin/python3", "-c", IMPORTS]
    return statistics.median(latencies(lambda: subprocess.run(command, check=True), COLD))


def measure(rows, server_class, rounds):
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder, server_class(folder + "/data") as server:
        functions, iam = server.client("lambda"), server.client("iam")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="bench", PolicyName="p", PolicyDocument=json.dumps(LOGS))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", HANDLER)

        def create(name):
            functions.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Timeout=20,
                                      MemorySize=128, Code={"ZipFile": buffer.getvalue()})
            return Caller(server, name)

        warm = create("warm")
        latencies(warm.call, 200)
        pairs = [(statistics.median(latencies(warm.call, CALLS)), bare_pipe()) for _ in range(rounds)]
        ours, pipe = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        rows.append(("warm call of an empty Python function, 1 caller", f"{ours:.2f} ms", "goal 0.5 ms", ours / 0.5))
        rows.append(("the same", f"{ours:.2f} ms", f"a bare Python process over a pipe {pipe:.3f} ms", ours / pipe))
        rate = many(server, "warm", 3)
        rows.append((f"warm calls, {CALLERS} callers", f"{rate:,.0f}/s", f"one caller {1000 / ours:,.0f}/s", rate * ours / 1000))
        cold = [create(f"cold{i}") for i in range(COLD)]
        first = statistics.median(latencies(caller.call, 1)[0] for caller in cold)
        if shutil.which("bwrap"):
            peer = in_bubblewrap()
            rows.append(("cold start of an empty Python function, beyond bubblewrap's", f"{first:.0f} ms",
                         f"bubblewrap {peer:.0f} ms, goal 40 ms more", (first - peer) / 40))
        else:
            rows.append(("cold start of an empty Python function", f"{first:.0f} ms", "bubblewrap is not installed", float("nan")))
