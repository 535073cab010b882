"""kill -9 in the midst of what goes on by itself over many commits: the replay of an archive (EventBridge's, a FIFO topic's) goes on
where it was and ends, nothing of it is lost, a group keeps its order, and nothing that is replayed is archived again; the chain of a
trail's digests has no gap. TARN_CRASH_POINTS sets the number of kills."""
import datetime
import gzip
import hashlib
import json
import os
import random
import threading
import time
import uuid

import pytest

from support.models import tarn_client
from support.queue import Queue
from support.server import Server
from support.signatures import verified

POINTS = int(os.environ.get("TARN_CRASH_POINTS", 3))
EVENTS = 500  # five commits of a replay, and as many deliveries

pytestmark = pytest.mark.own_server


def until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.005)
    return found


# --- EventBridge -----------------------------------------------------------------------------------------------------------

def fill_archive(events):
    """What the archive of a bus has been told."""
    bus = events.create_event_bus(Name="b")["EventBusArn"]
    archive = events.create_archive(ArchiveName="a", EventSourceArn=bus)["ArchiveArn"]
    for first in range(0, EVENTS, 10):
        answer = events.put_events(Entries=[{"Source": "crash", "DetailType": "told", "EventBusName": "b", "Detail": json.dumps({"n": n})}
                                            for n in range(first, first + 10)])
        assert answer["FailedEntryCount"] == 0
    until(lambda: events.describe_archive(ArchiveName="a")["EventCount"] == EVENTS, "the archive is not filled")
    return bus, archive


def test_an_archive_is_replayed_whole_over_kill_9(tmp_path):
    server, chance = Server(tmp_path / "data").start(), random.Random(os.environ.get("TARN_CRASH_SEED", "tarn"))
    before, met, twice = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1), 0, 0
    try:
        events = server.client("events")
        bus, archive = fill_archive(events)
        queue = Queue(server.client("sqs"), "told")
        events.put_rule(Name="r", EventBusName="b", EventPattern=json.dumps({"replay-name": [{"exists": True}]}))
        events.put_targets(Rule="r", EventBusName="b", Targets=[{"Id": "1", "Arn": queue.arn}])
        for point in range(POINTS):
            name = f"replay-{point}"
            events.start_replay(ReplayName=name, EventSourceArn=archive, EventStartTime=before, Destination={"Arn": bus},
                                EventEndTime=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1))
            time.sleep(0.1 * chance.random())
            met += queue.waiting() < EVENTS  # a moment before
            server.kill()
            server.start()
            until(lambda: events.describe_replay(ReplayName=name)["State"] == "COMPLETED", "the replay does not end")
            told = []
            while set(range(EVENTS)) - {event["detail"]["n"] for event in told}:
                got = queue.bodies(1, wait=20)
                assert got, f"{len(told)} came, {EVENTS - len({e['detail']['n'] for e in told})} are missing"
                told += got
            told += queue.bodies(EVENTS, wait=1)
            assert {event["replay-name"] for event in told} == {name}
            twice += len(told) - EVENTS
            assert events.describe_archive(ArchiveName="a")["EventCount"] == EVENTS
        print(f"{POINTS} kills, {met} before the last of {EVENTS} events had come; {twice} events came twice")
        assert met, "no kill met a replay: the test has shown nothing"
    finally:
        server.kill()


# --- a FIFO topic -------------------------------------------------------------------------------------------------------------

class Topic:
    """A FIFO topic that keeps its messages, and queues that get them again."""

    def __init__(self, server):
        self.sns, self.sqs = server.client("sns"), server.client("sqs")
        self.arn = self.sns.create_topic(Name="t.fifo", Attributes={
            "FifoTopic": "true", "ArchivePolicy": json.dumps({"MessageRetentionPeriod": "10"})})["TopicArn"]
        self.names = []

    def publish(self, count):
        names = [uuid.uuid4().hex for _ in range(count)]
        for first in range(0, count, 10):
            self.sns.publish_batch(TopicArn=self.arn, PublishBatchRequestEntries=[
                {"Id": name, "Message": name, "MessageGroupId": "g", "MessageDeduplicationId": name} for name in names[first:first + 10]])
        self.names += names

    def subscribe(self, name, start):
        """(the URL of a new queue, its subscription, which replays)"""
        url = self.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
        return url, self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True, Attributes={
            "RawMessageDelivery": "true",
            "ReplayPolicy": json.dumps({"PointType": "Timestamp", "StartingPoint": start})})["SubscriptionArn"]

    def state(self, subscription):
        return self.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["ReplayStatus"]

    def receive(self, url, count):
        got = []
        while len(got) < count:
            batch = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])
            if not batch:
                break
            got += [message["Body"] for message in batch]
            self.sqs.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(batch)])
        return got


def test_a_topic_is_replayed_in_order_over_kill_9(tmp_path):
    server, chance = Server(tmp_path / "data").start(), random.Random(os.environ.get("TARN_CRASH_SEED", "tarn"))
    met = 0
    try:
        topic = Topic(server)
        start = topic.sns.get_topic_attributes(TopicArn=topic.arn)["Attributes"]["BeginningArchiveTime"]
        topic.publish(600)
        for point in range(POINTS):
            url, subscription = topic.subscribe(f"told-{point}.fifo", start)
            new = threading.Thread(target=topic.publish, args=(20,))  # while the old ones come again
            new.start()
            new.join()
            time.sleep(0.02 * chance.random())
            met += topic.state(subscription) != "Completed"  # a moment before
            server.kill()
            server.start()
            assert topic.receive(url, len(topic.names)) == topic.names  # each once, in order
            until(lambda: topic.state(subscription) == "Completed", "the replay does not end")
            topic.sns.unsubscribe(SubscriptionArn=subscription)
        print(f"{POINTS} kills, {met} within a replay of {len(topic.names)} messages at most")
        assert met, "no kill met a replay: the test has shown nothing"
    finally:
        server.kill()


# --- CloudTrail's digests --------------------------------------------------------------------------------------------------

class Trail:
    """A trail that signs digests, and its bucket."""

    def __init__(self, server):
        self.s3, self.iam, self.trails = server.client("s3"), server.client("iam"), server.client("cloudtrail")
        self.s3.create_bucket(Bucket="trail")
        self.s3.put_bucket_policy(Bucket="trail", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["s3:GetBucketAcl", "s3:PutObject"],
             "Resource": ["arn:aws:s3:::trail", "arn:aws:s3:::trail/*"]}]}))
        self.trails.create_trail(Name="crash", S3BucketName="trail", EnableLogFileValidation=True)
        self.trails.start_logging(Name="crash")

    def unpacked(self, key):
        got = self.s3.get_object(Bucket="trail", Key=key)
        return gzip.decompress(got["Body"].read()), got["Metadata"]

    def digests(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="trail", Prefix="AWSLogs/")
        return sorted(o["Key"] for page in pages for o in page.get("Contents", []) if "/CloudTrail-Digest/us-east-1/" in o["Key"])

    def check(self):
        """As `aws cloudtrail validate-logs`: from the last digest back to the first. (Their number, the users that were made.)"""
        (public,) = self.trails.list_public_keys()["PublicKeyList"]
        users, key, link, count, later = set(), self.digests()[-1], None, 0, None
        while key:
            text, metadata = self.unpacked(key)
            digest = json.loads(text)
            signed = "\n".join([digest["digestEndTime"], f"trail/{key}", hashlib.sha256(text).hexdigest(),
                                digest["previousDigestSignature"] or "null"])
            assert verified(public["Value"], bytes.fromhex(metadata["signature"]), signed), f"{key} is not signed"
            assert link in (None, (hashlib.sha256(text).hexdigest(), metadata["signature"])), f"{key} is not what the next one names"
            assert later in (None, digest["digestEndTime"]), "a gap between two digests"
            for file in digest["logFiles"]:
                content = self.unpacked(file["s3Object"])[0]
                assert hashlib.sha256(content).hexdigest() == file["hashValue"], f"{file['s3Object']} of {key} has changed"
                users |= {event["requestParameters"]["userName"] for event in json.loads(content)["Records"]
                          if event["eventName"] == "CreateUser"}
            key, link = digest["previousDigestS3Object"], (digest["previousDigestHashValue"], digest["previousDigestSignature"])
            later, count = digest["digestStartTime"], count + 1
        return count, users


def test_the_chain_of_digests_has_no_gap_over_kill_9(tmp_path):
    server = Server(tmp_path / "data", "--clock", "virtual").start()
    chance, made, met = random.Random(os.environ.get("TARN_CRASH_SEED", "tarn")), set(), 0
    try:
        trail, clock = Trail(server), tarn_client(server)

        def hours():
            """Goes on until the server is gone."""
            while True:
                name = uuid.uuid4().hex
                try:
                    trail.iam.create_user(UserName=name)
                    made.add(name)
                    clock.advance_clock(Seconds=3600)
                except Exception:
                    return

        for _ in range(POINTS):
            was = len(trail.digests())
            thread = threading.Thread(target=hours)
            thread.start()
            time.sleep(0.5 + chance.random())
            server.kill()
            thread.join(60)
            server.start()
            met += len(trail.digests()) > was
            clock.advance_clock(Seconds=3 * 3600)
            trail.iam.create_user(UserName=uuid.uuid4().hex)  # so that there is something for a last digest
            clock.advance_clock(Seconds=3 * 3600)
            count, users = trail.check()
            assert not made - users, f"{len(made - users)} acknowledged calls are in no file of the chain"
        print(f"{POINTS} kills, {met} of them among digests; {count} digests in the chain, {len(made)} calls in their files")
        assert met, "no digest was written before a kill: the test has shown nothing"
    finally:
        server.kill()
