"""What SQS does by the clock: delays, visibility, retention, deduplication. The clock is virtual, so nothing waits; and what
lies in a queue is there after a restart."""
import threading

import pytest

from support.models import tarn_client
from support.server import Server


@pytest.fixture
def advance(virtual):
    return lambda seconds: tarn_client(virtual).advance_clock(Seconds=seconds)


def queue(virtual, new_name, fifo=False, **attributes):
    if fifo:
        attributes["FifoQueue"] = "true"
    name = new_name("queue") + (".fifo" if fifo else "")
    sqs = virtual.client("sqs")
    return sqs, sqs.create_queue(QueueName=name, Attributes={k: str(v) for k, v in attributes.items()})["QueueUrl"]


def received(sqs, url, **more):
    return [m["Body"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more).get("Messages", [])]


def test_delay_and_visibility(virtual, advance, new_name):
    sqs, url = queue(virtual, new_name, DelaySeconds=60)
    sqs.send_message(QueueUrl=url, MessageBody="late")
    sqs.send_message(QueueUrl=url, MessageBody="now", DelaySeconds=0)
    assert received(sqs, url) == ["now"]
    advance(60)
    assert sorted(received(sqs, url)) == ["late", "now"]
    assert received(sqs, url) == []
    advance(29)
    assert received(sqs, url) == []
    advance(1)
    assert sorted(received(sqs, url)) == ["late", "now"]


def test_a_wait_ends_when_a_delay_does(virtual, advance, new_name):
    sqs, url = queue(virtual, new_name)
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=600)
    got = []
    waiting = threading.Thread(target=lambda: got.extend(received(virtual.client("sqs"), url, WaitTimeSeconds=20)))
    waiting.start()
    advance(3600)
    waiting.join(20)
    assert got == ["late"]


def test_a_name_is_free_a_minute_after_its_queue(virtual, advance, new_name):
    sqs, url = queue(virtual, new_name)
    name = url.rsplit("/", 1)[1]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    advance(59)
    with pytest.raises(sqs.exceptions.QueueDeletedRecently, match="You must wait 60 seconds after deleting a queue"):
        sqs.create_queue(QueueName=name)
    advance(1)
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert received(sqs, url) == []


def test_retention(virtual, advance, new_name):
    sqs, url = queue(virtual, new_name, MessageRetentionPeriod=3600)
    sqs.send_message(QueueUrl=url, MessageBody="old")
    advance(59 * 60)
    sqs.send_message(QueueUrl=url, MessageBody="new")
    advance(120)
    assert received(sqs, url) == ["new"]


def test_deduplication_lasts_five_minutes(virtual, advance, new_name):
    sqs, url = queue(virtual, new_name, fifo=True)

    def send(body):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId="d")

    send("1")
    advance(240)
    send("2")
    advance(120)
    send("3")
    assert received(sqs, url) == ["1", "3"]


def test_a_restart_keeps_messages_counts_and_receipts(new_name):
    with Server() as server:
        sqs, url = queue(server, new_name, fifo=True, ContentBasedDeduplication="true")
        for i in range(4):
            sqs.send_message(QueueUrl=url, MessageBody=str(i), MessageGroupId="g")
        out = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)["Messages"]
        server.restart()
        sqs = server.client("sqs")
        sqs.delete_message(QueueUrl=url, ReceiptHandle=out[0]["ReceiptHandle"])
        sqs.send_message(QueueUrl=url, MessageBody="3", MessageGroupId="g")  # a duplicate still
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
        assert [m["Body"] for m in got] == ["1", "2", "3"]
        assert [m["Attributes"]["ApproximateReceiveCount"] for m in got] == ["2", "1", "1"]
