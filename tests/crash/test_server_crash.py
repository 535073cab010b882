"""kill -9 at random points under mixed load: every acknowledged write is there and byte-equal after the restart, nothing is half
visible, and the restart is quick. TARN_CRASH_POINTS sets the number of kills (the long run is 200)."""
import collections
import hashlib
import io
import json
import os
import random
import statistics
import threading
import time
import uuid
import zipfile

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
        self.statements = {}  # (kind, name) -> the statement's id

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


def versions(load):
    """Of one key: two versions and a deletion, which must leave both and a marker."""
    s3 = load.client("s3")

    def write(n):
        for round_ in ("first", "second"):
            s3.put_object(Bucket="crash-versions", Key=n, Body=body_of(f"{round_} {n}", 900))
        s3.delete_object(Bucket="crash-versions", Key=n)

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


def statement(load, kind, sql):
    """Runs a statement to its end; only FINISHED returns."""
    data = load.client("redshift-data")

    def write(n):
        text = sql.format(n=n, rows=ROWS)
        id_ = data.execute_statement(WorkgroupName="crash", Database="dev", Sql=text)["Id"]
        load.statements[(kind, n)] = id_
        while (state := data.describe_statement(Id=id_))["Status"] not in ENDS:
            time.sleep(0.005)
        if state["Status"] != "FINISHED":
            raise RuntimeError(f"{text}: {state}")

    return write


def created(load):
    return statement(load, "created", "CREATE TABLE c{n} AS SELECT n FROM numbers WHERE n < {rows}")


def unloaded(load):
    return statement(load, "unloaded", "UNLOAD ('SELECT n, n % 3 AS part FROM numbers') TO 's3://crash/unloaded/{n}/' "
                                       "IAM_ROLE default FORMAT AS PARQUET PARTITION BY (part)")


def called(load):
    """Asynchronous calls: the function writes an object by a link, which takes it no SDK."""
    functions, s3 = load.client("lambda"), load.client("s3")

    def write(n):
        link = s3.generate_presigned_url("put_object", Params={"Bucket": "crash", "Key": f"called/{n}"})
        answer = functions.invoke(FunctionName="crash", InvocationType="Event", Payload=json.dumps(link))
        assert answer["StatusCode"] == 202
        time.sleep(0.05)  # each that is under way is a process

    return write


def told(load):
    """Events on a bus, for a rule that tells a queue."""
    events = load.client("events")

    def write(n):
        answer = events.put_events(Entries=[{"Source": "crash", "DetailType": "told", "EventBusName": "crash",
                                             "Detail": json.dumps({"n": n})}])
        assert answer["FailedEntryCount"] == 0

    return write


ROWS = 40
ENDS = ("FINISHED", "FAILED", "ABORTED")
WRITERS = {"small": small, "large": large, "multi": multipart, "copy": copied, "deleted": deleted, "versions": versions, "table": table,
           "user": user, "partition": partition, "created": created, "unloaded": unloaded, "called": called, "told": told}
HANDLER = """
import http.client, urllib.parse
def handler(link, context):
    url = urllib.parse.urlsplit(link)
    connection = http.client.HTTPConnection(url.hostname, url.port)
    connection.request("PUT", url.path + "?" + url.query)
    assert connection.getresponse().status == 200
"""


def prepare(server):
    """What the writers need."""
    s3, glue, iam = server.client("s3"), server.client("glue"), server.client("iam")
    s3.create_bucket(Bucket="crash")
    s3.create_bucket(Bucket="crash-versions")
    s3.put_bucket_versioning(Bucket="crash-versions", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="crash", Key="source", Body=body_of("source", 300_000))
    glue.create_database(DatabaseInput={"Name": "crash"})
    glue.create_table(DatabaseName="crash", TableInput={"Name": "parts", "PartitionKeys": [{"Name": "p", "Type": "string"}]})
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
        "Service": ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com", "lambda.amazonaws.com"]}}]}
    role = iam.create_role(RoleName="crash", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="crash", PolicyName="all", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    serverless = server.client("redshift-serverless")
    serverless.create_namespace(namespaceName="crash", dbName="dev", defaultIamRoleArn=role, iamRoles=[role])
    serverless.create_workgroup(workgroupName="crash", namespaceName="crash")
    sqs, events = server.client("sqs"), server.client("events")
    queue = sqs.create_queue(QueueName="crash")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    events.create_event_bus(Name="crash")
    events.put_rule(Name="crash", EventBusName="crash", EventPattern=json.dumps({"source": ["crash"]}))
    events.put_targets(Rule="crash", EventBusName="crash", Targets=[{"Id": "1", "Arn": arn}])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", HANDLER)
    server.client("lambda").create_function(FunctionName="crash", Runtime="python3.11", Role=role, Handler="app.handler", Timeout=20,
                                            Code={"ZipFile": archive.getvalue()})
    values = ", ".join(f"({n})" for n in range(3 * ROWS))
    run_sql(server.client("redshift-data"), f"CREATE TABLE numbers (n int); INSERT INTO numbers VALUES {values}")


def run_sql(data, text):
    """Its statements one by one; the rows of the last."""
    for sql in text.split(";"):
        id_ = data.execute_statement(WorkgroupName="crash", Database="dev", Sql=sql)["Id"]
        while (state := data.describe_statement(Id=id_))["Status"] not in ENDS:
            time.sleep(0.005)
        assert state["Status"] == "FINISHED", state
    return data.get_statement_result(Id=id_)["Records"] if state.get("HasResultSet") else []


def verify_statements(server, load, keys):
    data = server.client("redshift-data")
    tables = {row[0]["stringValue"] for row in run_sql(
        data, "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'c%'")}
    finished = []
    for (kind, name), id_ in load.statements.items():
        deadline = time.monotonic() + 10  # one that was only queued may run now
        while (state := data.describe_statement(Id=id_))["Status"] not in ENDS and time.monotonic() < deadline:
            time.sleep(0.01)
        assert state["Status"] in ENDS, f"{kind} {name} is left {state['Status']} by a server that ended"
        assert state["Status"] != "FAILED" or state.get("Error"), f"{kind} {name} failed without a word"
        if (kind, name) in load.acknowledged:
            assert state["Status"] == "FINISHED", f"acknowledged {kind} {name} is {state['Status']} now"
        there = f"c{name}" in tables if kind == "created" else any(k.startswith(f"unloaded/{name}/") for k in keys)
        assert there == (state["Status"] == "FINISHED"), f"{kind} {name} visible: {there}; {state}"
        if there and kind == "unloaded":
            parts = {key.split("/")[2] for key in keys if key.startswith(f"unloaded/{name}/")}
            assert parts == {"part=0", "part=1", "part=2"}, f"half an UNLOAD is visible: {parts}"
        if there and kind == "created":
            finished.append(name)
    if finished:
        counts = run_sql(data, " UNION ALL ".join(f"SELECT count(*), sum(n) FROM c{name}" for name in finished[-20:]))
        assert all(row[0]["longValue"] == ROWS and row[1]["longValue"] == ROWS * (ROWS - 1) // 2 for row in counts), counts




def verify_calls(server, load):
    """What was accepted runs at least once, whenever the server was killed."""
    s3, deadline = server.client("s3"), time.monotonic() + 60
    wanted = {f"called/{name}" for kind, name in load.acknowledged if kind == "called"}
    while wanted and time.monotonic() < deadline:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="crash", Prefix="called/"):
            wanted -= {entry["Key"] for entry in page.get("Contents", [])}
        time.sleep(0.02)
    assert not wanted, f"{len(wanted)} accepted calls never ran: {sorted(wanted)[:3]}"


def verify_events(server, load):
    """An event whose PutEvents was acknowledged arrives at least once."""
    sqs, deadline = server.client("sqs"), time.monotonic() + 60
    url = sqs.get_queue_url(QueueName="crash")["QueueUrl"]
    wanted = {name for kind, name in load.acknowledged if kind == "told"}
    while wanted and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            wanted.discard(json.loads(message["Body"])["detail"]["n"])
    assert not wanted, f"{len(wanted)} acknowledged events never arrived: {sorted(wanted)[:3]}"


def verify_versions(server, load):
    """Every version that was acknowledged is there and whole, in its order; a key's latest is one and the right one."""
    s3, kept = server.client("s3"), collections.defaultdict(list)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket="crash-versions"):
        for entry in page.get("Versions", []):
            kept[entry["Key"]].append((entry["VersionId"], entry["IsLatest"]))
        for entry in page.get("DeleteMarkers", []):
            kept[entry["Key"]].insert(0, (None, entry["IsLatest"]))
    for (kind, name), _ in load.acknowledged.items():
        if kind == "versions":
            assert [latest for _, latest in kept[name]] == [True, False, False], f"{name}: {kept[name]}"
    for name in random.Random(2).sample(sorted(kept), min(20, len(kept))):
        assert sum(latest for _, latest in kept[name]) == 1
        for (id_, _), round_ in zip(reversed(kept[name]), ("first", "second")):
            if id_:
                body = s3.get_object(Bucket="crash-versions", Key=name, VersionId=id_)["Body"].read()
                assert body == body_of(f"{round_} {name}", 900)


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
    verify_versions(server, load)
    verify_statements(server, load, keys)
    verify_calls(server, load)
    verify_events(server, load)
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
    prepare(server)
    chance = random.Random(os.environ.get("TARN_CRASH_SEED", "tarn"))
    unacknowledged, restarts, total = [], [], collections.Counter()
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
            restarts.append(time.monotonic() - started)
            verify(server, load)
            total.update(kind for kind, _ in load.acknowledged)
            total["statements that the kill met"] += sum(key in load.in_flight for key in load.statements)
            unacknowledged.append(len(load.in_flight))
        print(f"{POINTS} kills, {sum(total[kind] for kind in WRITERS)} acknowledged writes, unacknowledged at each kill: "
              f"{unacknowledged}; restarts: median {statistics.median(restarts):.2f} s, slowest {max(restarts):.2f} s; {dict(total)}")
        assert statistics.median(restarts) < RESTART_LIMIT_SECONDS, restarts
        assert all(total[kind] for kind in WRITERS) and sum(unacknowledged) > 0, "no load: the test has shown nothing"
    finally:
        server.kill()
