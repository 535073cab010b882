"""What was received too often goes to the dead-letter queue, and comes back when it is told to."""
import json
import time

import pytest
from botocore.exceptions import ClientError


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def pair(make_queue, arn_of):
    """(queue, its dead-letter queue); a second receive is one too many."""

    def make(fifo=False):
        dead = make_queue(fifo=fifo)
        redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": "1"})
        more = {"ContentBasedDeduplication": "true"} if fifo else {}
        return make_queue(fifo=fifo, RedrivePolicy=redrive, **more), dead

    return make


@pytest.mark.parametrize("fifo", [False, True])
def test_a_poison_message_moves(sqs, pair, arn_of, fifo):
    url, dead = pair(fifo)
    group = {"MessageGroupId": "g"} if fifo else {}
    sent = sqs.send_message(QueueUrl=url, MessageBody="x", **group)
    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    [got] = sqs.receive_message(QueueUrl=dead, AttributeNames=["All"], WaitTimeSeconds=5)["Messages"]
    assert got["MessageId"] == sent["MessageId"]
    assert got["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(url)
    assert got["Attributes"]["ApproximateReceiveCount"] == "2"
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]


def test_the_target_must_fit(sqs, make_queue, arn_of, account):
    def refused(target):
        return code_of(sqs.set_queue_attributes, QueueUrl=make_queue(), Attributes={
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3})})

    assert refused(f"arn:aws:sqs:us-east-1:{account}:not-there") == "InvalidParameterValue"
    assert refused(arn_of(make_queue(fifo=True))) == "InvalidParameterValue"
    assert refused(arn_of(make_queue(RedriveAllowPolicy='{"redrivePermission": "denyAll"}'))) == "InvalidParameterValue"


def test_a_redrive(sqs, pair, arn_of, bodies):
    url, dead = pair()
    for body in "abc":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert len(bodies(url, delete=False, VisibilityTimeout=0)) == 3
    assert bodies(url) == []
    assert len(bodies(dead, delete=False, VisibilityTimeout=0, WaitTimeSeconds=5)) > 0
    task = sqs.start_message_move_task(SourceArn=arn_of(dead))
    assert task["TaskHandle"]
    deadline = time.monotonic() + 20
    while (listed := sqs.list_message_move_tasks(SourceArn=arn_of(dead))["Results"][0])["Status"] == "RUNNING":
        assert time.monotonic() < deadline
    assert (listed["Status"], listed["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)
    back = []
    while len(back) < 3:
        back += bodies(url, WaitTimeSeconds=5)
    assert sorted(back) == ["a", "b", "c"] and bodies(dead) == []


def test_redrives_that_are_refused(sqs, pair, arn_of, account):
    url, dead = pair()
    assert code_of(sqs.start_message_move_task, SourceArn=arn_of(url)) == "InvalidParameterValue"
    assert code_of(sqs.start_message_move_task, SourceArn=f"arn:aws:sqs:us-east-1:{account}:none") == "ResourceNotFoundException"
    assert code_of(sqs.cancel_message_move_task, TaskHandle="none") == "InvalidParameterValue"
