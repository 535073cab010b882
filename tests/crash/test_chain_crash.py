"""kill -9 under a chain of objects, functions, queues and topics: every event whose cause was acknowledged arrives at least once, none
of a refused call does, groups keep their order, and no function runs beside itself past its reserved concurrency.
TARN_CRASH_POINTS sets the number of kills.

  object in/queue/     -> queue ----------------------\\
  object in/function/  -> function `passes` -> queue --> function `counts` (reserved: 2) -> object done/
  object in/topic/     -> topic  ---> queue ----------/
  FIFO topic           -> FIFO queue -> function `orders` -> FIFO queue
"""
import base64
import collections
import hashlib
import io
import json
import os
import pathlib
import random
import time
import uuid
import zipfile

import pytest
from botocore.exceptions import ClientError

from support.crash import Load
from support.server import Server

POINTS = int(os.environ.get("TARN_CRASH_POINTS", 3))
RESERVED, GROUPS = 2, 3
WAYS = ("queue", "function", "topic")

pytestmark = pytest.mark.own_server

# What the functions share: signed requests without an SDK, whose import would be most of a cold start.
SIGNED = """
import datetime, hashlib, hmac, http.client, json, os, time, urllib.parse

HOST = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
CONNECTION = http.client.HTTPConnection(HOST)

def ask(service, method, path, body, headers={}):
    body = body.encode()
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    given = {"host": HOST, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": at,
             "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"], **headers}
    names = sorted(given)
    scope = "%s/%s/%s/aws4_request" % (at[:8], os.environ["AWS_REGION"], service)
    asked = "\\n".join([method, path, ""] + [n + ":" + given[n] for n in names] + ["", ";".join(names), given["x-amz-content-sha256"]])
    text = "\\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(asked.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    given["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        os.environ["AWS_ACCESS_KEY_ID"], scope, ";".join(names), hmac.new(key, text.encode(), "sha256").hexdigest())
    CONNECTION.request(method, path, body, given)
    answer = CONNECTION.getresponse()
    said = answer.read()
    assert answer.status == 200, said

def send(**message):
    ask("sqs", "POST", "/", json.dumps(message), {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage"})

def names_in(event):
    for record in event["Records"]:
        told = json.loads(record["body"]) if "body" in record else record
        if "name" in told:
            yield told["name"]
        elif "Event" in told:
            pass  # s3:TestEvent
        elif "Records" in told:
            yield from names_in(told)
        elif "s3" in told:
            yield told["s3"]["object"]["key"]
        else:
            yield from names_in({"Records": [{"body": told["Message"]}]})
"""
PASSES = SIGNED + """
def handler(event, context):
    for name in names_in(event):
        send(QueueUrl=os.environ["TO"], MessageBody=json.dumps({"name": name}))
"""
# The clock is the machine's: what two environments say of the time compares.
COUNTS = SIGNED + """
def handler(event, context):
    began = time.monotonic_ns()
    names = list(names_in(event))
    time.sleep(0.005)
    told = json.dumps({"names": names, "began": began, "ended": time.monotonic_ns()})
    ask("s3", "PUT", "/chain/done/" + context.aws_request_id, told)
"""
ORDERS = SIGNED + """
def handler(event, context):
    for record in event["Records"]:
        send(QueueUrl=os.environ["TO"], MessageBody=record["body"], MessageGroupId=record["attributes"]["MessageGroupId"],
             MessageDeduplicationId=context.aws_request_id + record["messageId"])
"""


# --- the chain ----------------------------------------------------------------------------------------------------------

def allow(*actions, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}]})


def allow_service(service, action, resource):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource}]})


def make_queue(server, name, teller=None):
    """(its URL, its ARN); `teller`: a service that may send to it."""
    sqs = server.client("sqs")
    attributes = {"VisibilityTimeout": "20", **({"FifoQueue": "true"} if name.endswith(".fifo") else {})}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if teller:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allow_service(teller, "sqs:SendMessage", arn)})
    return url, arn


def make_function(server, role, name, code, **variables):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", code)
    return server.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Timeout=3, MemorySize=128,
        Environment={"Variables": variables}, Code={"ZipFile": archive.getvalue()})["FunctionArn"]


def prepare(server):
    """Makes the chain: the ARN of its FIFO topic, the URL of its last queue, and a user's keys without rights."""
    s3, sns, iam, functions = (server.client(s) for s in ("s3", "sns", "iam", "lambda"))
    s3.create_bucket(Bucket="chain")
    role = iam.create_role(RoleName="chain", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="chain", PolicyName="all", PolicyDocument=allow("s3:*", "sqs:*", "logs:*"))
    work_url, work = make_queue(server, "work", "s3.amazonaws.com")
    _, told = make_queue(server, "told", "sns.amazonaws.com")
    _, in_order = make_queue(server, "in.fifo", "sns.amazonaws.com")
    out_url, _ = make_queue(server, "out.fifo")
    topic = sns.create_topic(Name="chain")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allow_service("s3.amazonaws.com", "sns:Publish", topic))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told)
    ordered = sns.create_topic(Name="chain.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    sns.subscribe(TopicArn=ordered, Protocol="sqs", Endpoint=in_order, Attributes={"RawMessageDelivery": "true"})
    passes = make_function(server, role, "passes", PASSES, TO=work_url)
    functions.add_permission(FunctionName="passes", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    make_function(server, role, "counts", COUNTS)
    functions.put_function_concurrency(FunctionName="counts", ReservedConcurrentExecutions=RESERVED)
    make_function(server, role, "orders", ORDERS, TO=out_url)
    functions.create_event_source_mapping(EventSourceArn=work, FunctionName="counts", BatchSize=3)
    functions.create_event_source_mapping(EventSourceArn=told, FunctionName="counts", BatchSize=3)
    functions.create_event_source_mapping(EventSourceArn=in_order, FunctionName="orders", BatchSize=3)
    def tell(way, **to):
        return {**to, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": f"in/{way}/"}]}}}
    s3.put_bucket_notification_configuration(Bucket="chain", NotificationConfiguration={
        "QueueConfigurations": [tell("queue", QueueArn=work)], "TopicConfigurations": [tell("topic", TopicArn=topic)],
        "LambdaFunctionConfigurations": [tell("function", LambdaFunctionArn=passes)]})
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    return {"ordered": ordered, "out": out_url, "nobody": {k: key[k] for k in ("AccessKeyId", "SecretAccessKey")}}


# --- load ---------------------------------------------------------------------------------------------------------------

class ChainLoad(Load):
    def __init__(self, server, chain):
        super().__init__(server)
        self.chain = chain
        self.asked, self.written, self.refused = set(), set(), set()

    def write(self, way):
        s3 = self.client("s3")
        while not self.stop.is_set():
            name = f"in/{way}/{uuid.uuid4().hex}"
            self.asked.add(name)
            s3.put_object(Bucket="chain", Key=name, Body=b"x" * random.choice((10, 100_000)))
            self.written.add(name)
            time.sleep(0.05)  # the functions share two processors with everybody

    def write_refused(self, way):
        """By somebody without the right, and with another digest than the body's."""
        poor, s3 = self.client("s3", credentials=self.chain["nobody"]), self.client("s3")
        wrong = base64.b64encode(hashlib.md5(b"another").digest()).decode()
        while not self.stop.is_set():
            name = f"in/{way}/{uuid.uuid4().hex}"
            self.refused.add(name)
            for client, more in ((poor, {}), (s3, {"ContentMD5": wrong})):
                with pytest.raises(ClientError):
                    client.put_object(Bucket="chain", Key=name, Body=b"x", **more)
            time.sleep(0.05)

    def work(self):
        return [(self.write, way) for way in WAYS] + [(self.write_refused, way) for way in WAYS] + [
            (self.publish, self.chain["ordered"], f"g{i}", 0.02) for i in range(GROUPS)]


def wait_for_no_function(server):
    """Functions end with their server: none goes on beside those that the next one starts."""
    mark = f"AWS_ENDPOINT_URL={server.endpoint}".encode()

    def left():
        for folder in pathlib.Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and mark in (environment := (folder / "environ").read_bytes()):
                    if b"AWS_LAMBDA_FUNCTION_NAME=" in environment:
                        yield folder.name
            except OSError:
                continue  # it has ended, or is another user's

    deadline = time.monotonic() + 20
    while (there := list(left())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not there, f"functions outlive their server: {there}"


# --- what must be so ----------------------------------------------------------------------------------------------------

class Seen:
    """What has come to the ends of the chain, over all kills."""

    def __init__(self):
        self.runs, self.names = {}, set()  # key -> (began, ended); the names in them
        self.groups = collections.defaultdict(list)

    def look(self, server, chain):
        s3, sqs = server.client("s3"), server.client("sqs")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="chain", Prefix="done/"):
            for key in (entry["Key"] for entry in page.get("Contents", [])):
                if key not in self.runs:
                    told = json.loads(s3.get_object(Bucket="chain", Key=key)["Body"].read())
                    self.runs[key] = told["began"], told["ended"]
                    self.names.update(told["names"])
        while got := sqs.receive_message(QueueUrl=chain["out"], MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"]).get("Messages"):
            for message in got:
                self.groups[message["Attributes"]["MessageGroupId"]].append(message["Body"])
            sqs.delete_message_batch(QueueUrl=chain["out"], Entries=[
                {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)])


def verify(server, load, seen):
    deadline = time.monotonic() + 90
    missing = late = None
    while (missing or late or missing is None) and time.monotonic() < deadline:
        seen.look(server, load.chain)
        missing = load.written - seen.names
        late = [name for group, names in load.published.items() for name in set(names) - set(seen.groups[group])]
        time.sleep(0.05)
    assert not missing, f"{len(missing)} acknowledged objects were never told: {sorted(missing)[:3]}"
    assert not late, f"{len(late)} published messages never came: {late[:3]}"
    assert not seen.names & load.refused, "a refused call was told"
    for group, names in load.published.items():
        first = [name for name in dict.fromkeys(seen.groups[group]) if name in set(names)]
        assert first == names, f"group {group} lost its order"


def most_at_once(runs):
    """The most runs that were under way together."""
    steps = sorted([(began, 1) for began, _ in runs] + [(ended, -1) for _, ended in runs])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def test_a_chain_survives_kill_9(tmp_path):
    server, seen = Server(tmp_path / "data").start(), Seen()
    chain, chance = prepare(server), random.Random(os.environ.get("TARN_CRASH_SEED", "tarn"))
    total = collections.Counter()
    try:
        for _ in range(POINTS):
            load = ChainLoad(server, chain)
            threads = load.start()
            time.sleep(0.5 + chance.random())
            load.stop.set()
            server.kill()
            wait_for_no_function(server)
            for thread in threads:
                thread.join(60)
            assert load.failure is None, load.failure
            server.start()
            verify(server, load, seen)
            for name in load.written:
                total[name.split("/")[1]] += 1
            total["published"] += sum(map(len, load.published.values()))
            total["refused"] += len(load.refused)
            total["unknown"] += len(load.asked - load.written)
        assert most_at_once(seen.runs.values()) <= RESERVED, "a function ran beside itself past its reserved concurrency"
        told = sum(map(len, seen.groups.values()))
        print(f"{POINTS} kills: {dict(total)}; {len(seen.runs)} runs, at most {most_at_once(seen.runs.values())} at once, "
              f"{told - total['published']} messages came twice")
        assert all(total[kind] for kind in (*WAYS, "published", "refused")), "no load: the test has shown nothing"
    finally:
        server.kill()
