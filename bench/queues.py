"""Messages sent, received and deleted over 32 connections, durable, beside ministack (PyPI), which keeps them in memory. The
load comes from build/bench_load.

    pip install ministack     somewhere on the PATH, or MINISTACK names the program; without it tarn's numbers stand alone
"""
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import boto3
from objects import load

CONNECTIONS, SIZE, SECONDS = 32, 200, 2.0


def client(endpoint, key, secret, service="sqs"):
    return boto3.client(service, region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret)


def rate(target):
    """Messages a second that went the whole way."""
    endpoint, key, secret = target
    url = client(*target).create_queue(QueueName=f"bench{time.time_ns()}")["QueueUrl"]
    return load("--verb", "QUEUE", "--endpoint", endpoint, "--key", f"{key}:{secret}", "--queue", url, "--size", SIZE,
                "--connections", CONNECTIONS, "--seconds", SECONDS)


class Ministack:
    def __init__(self, program):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory(prefix="ministack-")
        self.target = (f"http://127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "secret")
        self.process = subprocess.Popen([program], cwd=self.folder.name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "GATEWAY_PORT": str(port), "PORT": str(port), "LOG_LEVEL": "ERROR"})
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    return
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError("ministack did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()


def measure(rows, server_class, rounds):
    program = os.environ.get("MINISTACK") or shutil.which("ministack")
    with server_class() as server:
        entry = server.accounts()[0]
        ours = (server.endpoint, entry["access_key_id"], entry["secret_access_key"])
        other = Ministack(program) if program else None
        try:
            mine, theirs = [], []
            for _ in range(rounds):
                mine.append(rate(ours))
                if other:
                    theirs.append(rate(other.target))
        finally:
            if other:
                other.stop()
    name, value = f"messages sent, received, deleted, {CONNECTIONS} connections", statistics.median(mine)
    if theirs:
        rows.append((name, f"{value:,.0f}/s", f"ministack {statistics.median(theirs):,.0f}/s", value / statistics.median(theirs)))
    else:
        rows.append((name, f"{value:,.0f}/s", "ministack is not here", float("nan")))
