"""kill -9 at random points under mixed load: every acknowledged write is there and byte-equal after the restart, nothing is half
visible, and the restart is quick. TARN_CRASH_POINTS sets the number of kills (the long run is 200)."""
import hashlib
import json
import os
import random
import threading
import time
import uuid

import pytest
from botocore.config import Config

from support.server import Server

POINTS = int(os.environ.get("TARN_CRASH_POINTS", 5))
RESTART_LIMIT_SECONDS = 1.0
PART = 5 << 20

pytestmark = pytest.mark.own_server


def body_of(name, size):
    """The bytes an object of that name must have: whoever reads it can tell without asking."""
    seed = hashlib.sha256(name.encode()).digest()
    return (seed * (size // 32 + 1))[:size]


class Load:
    """Writers of one kind each. `acknowledged` holds what the server said yes to; `in_flight` what it was asked and
    never answered."""

    def __init__(self, server):
        self.server = server
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.acknowledged, self.in_flight = {}, {}

    def client(self, service):
        return self.server.client(service, config=Config(retries={"total_max_attempts": 1}, read_timeout=20))

    def ask(self, kind, name, action):
        with self.lock:
            self.in_flight[(kind, name)] = True
        try:
            action()
        except Exception:
            if not self.stop.is_set():
                raise
            return
        with self.lock:
            del self.in_flight[(kind, name)]
            self.acknowledged[(kind, name)] = True

    def run(self, kind, writer):
        """The writer gets the client once, then names for ever."""
        try:
            write = writer(self)
            while not self.stop.is_set():
                name = uuid.uuid4().hex
                self.ask(kind, name, lambda n=name: write(n))
        except Exception as error:
            if not self.stop.is_set():
                self.failure = error


def small(load):
    s3 = load.client("s3")
    return lambda n: s3.put_object(Bucket="crash", Key=f"small/{n}", Body=body_of(n, 900))


def large(load):
    s3 = load.client("s3")
    return lambda n: s3.put_object(Bucket="crash", Key=f"large/{n}", Body=body_of(n, 700_000))


def multipart(load):
    s3 = load.client("s3")

    def write(n):
        key, body = f"multi/{n}", body_of(n, PART + 1000)
        upload = s3.create_multipart_upload(Bucket="crash", Key=key)["UploadId"]
        parts = [{"PartNumber": i + 1, "ETag": s3.upload_part(Bucket="crash", Key=key, UploadId=upload, PartNumber=i + 1,
                                                              Body=piece)["ETag"]}
                 for i, piece in enumerate((body[:PART], body[PART:]))]
        s3.complete_multipart_upload(Bucket="crash", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})

    return write


def copied(load):
    s3 = load.client("s3")
    return lambda n: s3.copy_object(Bucket="crash", Key=f"copy/{n}", CopySource="crash/source")


def deleted(load):
    s3 = load.client("s3")

    def write(n):
        s3.put_object(Bucket="crash", Key=f"deleted/{n}", Body=b"gone")
        s3.delete_object(Bucket="crash", Key=f"deleted/{n}")

    return write


def table(load):
    glue = load.client("glue")
    return lambda n: glue.create_table(DatabaseName="crash", TableInput={
        "Name": f"t{n}", "Parameters": {"name": n}, "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}})


def user(load):
    iam = load.client("iam")

    def write(n):
        iam.create_user(UserName=n, Tags=[{"Key": "name", "Value": n}])
        iam.put_user_policy(UserName=n, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))

    return write


def partition(load):
    glue = load.client("glue")
    return lambda n: glue.create_partition(DatabaseName="crash", TableName="parts", PartitionInput={"Values": [n]})


WRITERS = {"small": small, "large": large, "multi": multipart, "copy": copied, "deleted": deleted, "table": table,
           "user": user, "partition": partition}


def verify(server, load):
    s3, glue, iam = server.client("s3"), server.client("glue"), server.client("iam")
    keys = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="crash"):
        for entry in page.get("Contents", []):
            keys[entry["Key"]] = entry["Size"]
    sizes = {"small": 900, "large": 700_000, "multi": PART + 1000}
    for (kind, name), _ in load.acknowledged.items():
        if kind in sizes:
            assert keys.get(f"{kind}/{name}") == sizes[kind], f"acknowledged {kind} {name} is not there"
        elif kind == "copy":
            assert f"copy/{name}" in keys
        elif kind == "deleted":
            assert f"deleted/{name}" not in keys, "an acknowledged deletion has come back"
        elif kind == "table":
            assert glue.get_table(DatabaseName="crash", Name=f"t{name}")["Table"]["Parameters"]["name"] == name
        elif kind == "user":
            assert iam.get_user_policy(UserName=name, PolicyName="p")["PolicyDocument"]["Statement"]
        elif kind == "partition":
            glue.get_partition(DatabaseName="crash", TableName="parts", PartitionValues=[name])
    # Nothing half visible: whatever is listed reads whole and right, acknowledged or not.
    for key in random.Random(1).sample(sorted(keys), min(60, len(keys))):
        kind, name = key.split("/", 1) if "/" in key else ("", key)
        body = s3.get_object(Bucket="crash", Key=key)["Body"].read()
        if kind in sizes:
            assert body == body_of(name, sizes[kind]), f"{key} has other bytes"
        elif kind == "copy":
            assert body == body_of("source", 300_000)


def test_acknowledged_writes_survive_kill_9(tmp_path):
    server = Server(tmp_path / "data").start()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="crash")
    s3.put_object(Bucket="crash", Key="source", Body=body_of("source", 300_000))
    glue = server.client("glue")
    glue.create_database(DatabaseInput={"Name": "crash"})
    glue.create_table(DatabaseName="crash", TableInput={"Name": "parts", "PartitionKeys": [{"Name": "p", "Type": "string"}]})
    chance = random.Random(os.environ.get("TARN_CRASH_SEED", "tarn"))
    unacknowledged, total = [], 0
    try:
        for point in range(POINTS):
            load = Load(server)
            threads = [threading.Thread(target=load.run, args=item, daemon=True) for item in WRITERS.items()]
            for thread in threads:
                thread.start()
            time.sleep(0.3 + chance.random())
            load.stop.set()
            server.kill()
            for thread in threads:
                thread.join(60)
            assert not hasattr(load, "failure"), load.failure
            started = time.monotonic()
            server.start()
            took = time.monotonic() - started
            assert took < RESTART_LIMIT_SECONDS, f"the restart took {took:.2f} s"
            verify(server, load)
            total += len(load.acknowledged)
            unacknowledged.append(len(load.in_flight))
        print(f"{POINTS} kills, {total} acknowledged writes, unacknowledged at each kill: {unacknowledged}")
        assert total > 0 and sum(unacknowledged) > 0, "no load was on the server: the test has shown nothing"
    finally:
        server.kill()
