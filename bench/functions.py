"""Functions: a warm call of an empty Python handler from one caller, beside a bare Python process that answers over a pipe, which
is the limit, and from eight, beside ministack (MINISTACK names the program, or it is on the PATH); a cold one beside the same
interpreter with the same imports started in bubblewrap; and how long after an object is sent a warm handler is entered.

The client is a few lines of sockets that send one signed request again and again: what is measured is the server.
"""
import io
import json
import multiprocessing
import os
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
from queues import Ministack, client

CALLS, CALLERS, COLD, OBJECTS = 2000, 8, 15, 200
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


# Tells when it is entered, on the machine's clock, and of which object.
TELLING = """
import time
def handler(event, context):
    print("entered", event["Records"][0]["s3"]["object"]["key"], time.time())
"""


def signed(target, service, method, path, body):
    """The bytes of a request, to be sent as often as its signature lasts."""
    endpoint, key, secret = target
    request = botocore.awsrequest.AWSRequest(method, endpoint + path, data=body)
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signer(botocore.credentials.Credentials(key, secret), service, "us-east-1").add_auth(request)
    head = f"{method} {path} HTTP/1.1\r\nHost: {urllib.parse.urlsplit(endpoint).netloc}\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
    return head.encode() + b"\r\n" + body


def connected(target):
    url = urllib.parse.urlsplit(target[0])
    connection = socket.create_connection((url.hostname, url.port), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Caller:
    def __init__(self, target, name):
        self.request = signed(target, "lambda", "POST", f"/2015-03-31/functions/{name}/invocations", b"{}")
        self.socket = connected(target)

    def call(self):
        self.socket.sendall(self.request)
        answer = b""
        while not answer.endswith(b"\r\n\r\nnull"):  # it may come in two pieces
            more = self.socket.recv(65536)
            if not more:
                break
            answer += more
        if not answer.startswith(b"HTTP/1.1 200") or b"x-amz-function-error" in answer.lower():
            raise RuntimeError(answer.decode())


def latencies(call, count):
    out = []
    for _ in range(count):
        started = time.perf_counter()
        call()
        out.append((time.perf_counter() - started) * 1000)
    return out


def many(target, name, seconds):
    """Calls a second of CALLERS processes."""
    barrier, counted = multiprocessing.Barrier(CALLERS), multiprocessing.Queue()

    def run():
        caller = Caller(target, name)
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


def code(text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", text)
    return {"ZipFile": buffer.getvalue()}


def of_ministack():
    """Its calls a second of CALLERS processes; None where it is not here."""
    program = os.environ.get("MINISTACK") or shutil.which("ministack")
    if not program:
        return None
    peer = Ministack(program)
    try:
        client(*peer.target, "lambda").create_function(
            FunctionName="warm", Runtime="python3.11", Role="arn:aws:iam::000000000000:role/bench", Handler="app.handler",
            Code=code(HANDLER))
        latencies(Caller(peer.target, "warm").call, 20)
        return many(peer.target, "warm", 3)
    finally:
        peer.stop()


def entered_after(server, target, role):
    """Milliseconds from the sending of an object to the entering of the warm handler that is told of it; the median."""
    functions, s3, logs = server.client("lambda"), server.client("s3"), server.client("logs")
    arn = functions.create_function(FunctionName="told", Runtime="python3.11", Role=role, Handler="app.handler",
                                    Code=code(TELLING))["FunctionArn"]
    s3.create_bucket(Bucket="told")
    functions.add_permission(FunctionName="told", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                             SourceArn="arn:aws:s3:::told")
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration={
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]})
    sent, connection = {}, connected(target)
    for i in range(OBJECTS):
        key = f"{'warming' if i < 20 else 'object'}-{i}"
        request = signed(target, "s3", "PUT", f"/told/{key}", b"x")
        sent[key] = time.time()
        connection.sendall(request)
        answer = connection.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        time.sleep(0.02)  # one after the other: what is asked is how soon, not how many
    entered, deadline = {}, time.monotonic() + 30
    while len(entered) < OBJECTS and time.monotonic() < deadline:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/told", filterPattern="entered"):
            for event in page["events"]:
                _, key, moment = event["message"].split()
                entered[key] = float(moment)
        time.sleep(0.2)
    return statistics.median((entered[key] - sent[key]) * 1000 for key in sent if key.startswith("object"))


def measure(rows, server_class, rounds):
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder, server_class(folder + "/data") as server:
        functions, iam = server.client("lambda"), server.client("iam")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="bench", PolicyName="p", PolicyDocument=json.dumps(LOGS))
        entry = server.accounts()[0]
        target = server.endpoint, entry["access_key_id"], entry["secret_access_key"]

        def create(name):
            functions.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Timeout=20,
                                      MemorySize=128, Code=code(HANDLER))
            return Caller(target, name)

        warm = create("warm")
        latencies(warm.call, 200)
        pairs = [(statistics.median(latencies(warm.call, CALLS)), bare_pipe()) for _ in range(rounds)]
        ours, pipe = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        rows.append(("warm call of an empty Python function, 1 caller", f"{ours:.2f} ms", "goal 0.5 ms", ours / 0.5))
        rows.append(("the same", f"{ours:.2f} ms", f"a bare Python process over a pipe {pipe:.3f} ms", ours / pipe))
        rate, peer_rate = many(target, "warm", 3), of_ministack()
        rows.append((f"warm calls, {CALLERS} callers", f"{rate:,.0f}/s",
                     f"ministack {peer_rate:,.0f}/s" if peer_rate else "ministack is not here",
                     rate / peer_rate if peer_rate else float("nan")))
        entered = entered_after(server, target, role)
        rows.append(("an object sent until its warm function is entered", f"{entered:.1f} ms", "goal 3 ms", entered / 3))
        cold = [create(f"cold{i}") for i in range(COLD)]
        first = statistics.median(latencies(caller.call, 1)[0] for caller in cold)
        if shutil.which("bwrap"):
            peer = in_bubblewrap()
            rows.append(("cold start of an empty Python function, beyond bubblewrap's", f"{first:.0f} ms",
                         f"bubblewrap {peer:.0f} ms, goal 40 ms more", (first - peer) / 40))
        else:
            rows.append(("cold start of an empty Python function", f"{first:.0f} ms", "bubblewrap is not installed", float("nan")))
