"""kill -9 under senders and receivers: every acknowledged message is there, none comes back after an acknowledged deletion, and
the groups of a FIFO queue keep their order, also when a FIFO topic fills it. TARN_CRASH_POINTS sets the number of kills."""
import collections
import json
import os
import random
import threading
import time
import uuid

import pytest

from support.crash import Load
from support.server import Server

POINTS = int(os.environ.get("TARN_CRASH_POINTS", 5))
SENDERS, RECEIVERS, GROUPS = 4, 3, 3

pytestmark = pytest.mark.own_server


class QueueLoad(Load):
    def __init__(self, server, urls):
        super().__init__(server)
        self.urls, self.lock = urls, threading.Lock()
        self.sent, self.deleted, self.asked, self.deleting = set(), set(), set(), set()
        self.in_order = collections.defaultdict(list)  # group -> what was acknowledged, in the order that it was sent in

    def send(self):
        sqs = self.client("sqs")
        while not self.stop.is_set():
            name = uuid.uuid4().hex
            self.asked.add(name)
            sqs.send_message(QueueUrl=self.urls["standard"], MessageBody=name)
            with self.lock:
                self.sent.add(name)

    def receive(self):
        sqs = self.client("sqs")
        while not self.stop.is_set():
            got = sqs.receive_message(QueueUrl=self.urls["standard"], MaxNumberOfMessages=3, WaitTimeSeconds=1)
            for message in got.get("Messages", []):
                self.deleting.add(message["Body"])
                sqs.delete_message(QueueUrl=self.urls["standard"], ReceiptHandle=message["ReceiptHandle"])
                with self.lock:
                    self.deleted.add(message["Body"])

    def send_in_order(self, group):
        sqs, count = self.client("sqs"), 0
        while not self.stop.is_set():
            name = f"{uuid.uuid4().hex}-{count}"
            count += 1
            sqs.send_message(QueueUrl=self.urls["fifo"], MessageBody=name, MessageGroupId=group, MessageDeduplicationId=name)
            self.in_order[group].append(name)

    def work(self):
        return [(self.send,)] * SENDERS + [(self.receive,)] * RECEIVERS + [
            work for i in range(GROUPS) for work in ((self.send_in_order, f"g{i}"), (self.publish, self.urls["topic"], f"g{i}"))]


def drain(sqs, url):
    """Everything that is there, in the order that it comes in; the queue is empty then."""
    got = []
    while True:
        batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"]).get("Messages", [])
        if not batch:
            return got
        got += [(message.get("Attributes", {}).get("MessageGroupId"), message["Body"]) for message in batch]
        sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(batch)])


def check_order(groups, acknowledged):
    for group, names in acknowledged.items():
        got = groups[group]
        assert got[:len(names)] == names, f"group {group} lost its order or a message"
        assert len(got) <= len(names) + 1  # the one that was under way


def verify_published(sqs, load):
    """What a topic was told comes to its queue, each message once and in order, however often a delivery was begun."""
    groups, missing, deadline = collections.defaultdict(list), sum(map(len, load.published.values())), time.monotonic() + 60
    while missing > 0 and time.monotonic() < deadline:
        got = sqs.receive_message(QueueUrl=load.urls["told"], MaxNumberOfMessages=10, WaitTimeSeconds=2, AttributeNames=["All"])
        for message in got.get("Messages", []):
            groups[message["Attributes"]["MessageGroupId"]].append(message["Body"])
            sqs.delete_message(QueueUrl=load.urls["told"], ReceiptHandle=message["ReceiptHandle"])
            missing -= message["Body"] in load.published[message["Attributes"]["MessageGroupId"]]
    for group, body in drain(sqs, load.urls["told"]):
        groups[group].append(body)
    check_order(groups, load.published)


def verify(server, load):
    sqs = server.client("sqs")
    there = {body for _, body in drain(sqs, load.urls["standard"])}
    missing = load.sent - there - load.deleting
    assert not missing, f"{len(missing)} acknowledged messages are gone"
    assert not there & load.deleted, "an acknowledged deletion has come back"
    assert there <= load.asked
    groups = collections.defaultdict(list)
    for group, body in drain(sqs, load.urls["fifo"]):
        groups[group].append(body)
    check_order(groups, load.in_order)
    verify_published(sqs, load)


def subscribe(server):
    """(a FIFO topic, the URL of the queue that it tells)."""
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="crash.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    url = sqs.create_queue(QueueName="told.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return topic, url


def test_acknowledged_messages_survive_kill_9(tmp_path):
    server = Server(tmp_path / "data").start()
    sqs = server.client("sqs")
    urls = {"standard": sqs.create_queue(QueueName="crash")["QueueUrl"],
            "fifo": sqs.create_queue(QueueName="crash.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]}
    urls["topic"], urls["told"] = subscribe(server)
    chance = random.Random(os.environ.get("TARN_CRASH_SEED", "tarn"))
    sent = deleted = ordered = published = met = 0
    try:
        for _ in range(POINTS):
            load = QueueLoad(server, urls)
            threads = load.start()
            time.sleep(0.3 + chance.random())
            load.stop.set()
            server.kill()
            for thread in threads:
                thread.join(60)
            assert load.failure is None, load.failure
            server.start()
            verify(server, load)
            sent, deleted = sent + len(load.sent), deleted + len(load.deleted)
            ordered += sum(map(len, load.in_order.values()))
            published += sum(map(len, load.published.values()))
            met += len(load.asked - load.sent) + len(load.deleting - load.deleted)
        print(f"{POINTS} kills: {sent} messages sent, {deleted} deleted, {ordered} in order, {published} published; {met} not acknowledged")
        assert sent and deleted and ordered and published and met, "no load: the test has shown nothing"
    finally:
        server.kill()
