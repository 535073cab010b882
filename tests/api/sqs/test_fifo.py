"""FIFO queues: the order of a group, one receiver at a time, and no duplicates."""
import pytest
from botocore.exceptions import ClientError


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def fifo(make_queue):
    return make_queue(fifo=True, ContentBasedDeduplication="true")


def test_a_group_keeps_its_order(sqs, fifo):
    numbers = [sqs.send_message(QueueUrl=fifo, MessageBody=f"{group}{i}", MessageGroupId=group)["SequenceNumber"]
               for i in range(3) for group in "ab"]
    assert numbers == sorted(numbers) and len(numbers[0]) == 20
    first = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=2, AttributeNames=["All"])["Messages"]
    assert [m["Body"] for m in first] == ["a0", "a1"]
    assert first[0]["Attributes"]["MessageGroupId"] == "a" and first[0]["Attributes"]["SequenceNumber"] == numbers[0]
    second = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)["Messages"]
    assert [m["Body"] for m in second] == ["b0", "b1", "b2"]
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo)
    for message in first:
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"])
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=fifo)["Messages"]] == ["a2"]


def test_duplicates_are_told_and_dropped(sqs, make_queue, bodies):
    url = make_queue(fifo=True, ContentBasedDeduplication="true")
    one = sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")
    two = sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="other")
    assert (two["MessageId"], two["SequenceNumber"]) == (one["MessageId"], one["SequenceNumber"])
    assert bodies(url) == ["x"]
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")
    assert bodies(url) == []
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="other")
    assert bodies(url) == ["x"]


def test_duplicates_by_group(sqs, make_queue, bodies):
    url = make_queue(fifo=True, DeduplicationScope="messageGroup")
    for group in "aabb":
        sqs.send_message(QueueUrl=url, MessageBody=group, MessageGroupId=group, MessageDeduplicationId="d")
    assert bodies(url) == ["a", "b"]


@pytest.mark.parametrize("more, code", [
    ({}, "MissingParameter"), ({"MessageGroupId": "g"}, "InvalidParameterValue"),
    ({"MessageGroupId": "g h", "MessageDeduplicationId": "d"}, "InvalidParameterValue"),
    ({"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1}, "InvalidParameterValue")])
def test_what_a_fifo_queue_refuses(sqs, make_queue, more, code):
    assert code_of(sqs.send_message, QueueUrl=make_queue(fifo=True), MessageBody="x", **more) == code


def test_an_attempt_is_answered_again(sqs, fifo):
    sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g")
    wanted = {"QueueUrl": fifo, "ReceiveRequestAttemptId": "attempt", "AttributeNames": ["ApproximateReceiveCount"]}
    first, second = (sqs.receive_message(**wanted)["Messages"] for _ in range(2))
    assert first == second
    assert "Messages" not in sqs.receive_message(**{**wanted, "ReceiveRequestAttemptId": "another"})


def test_a_batch_keeps_its_order(sqs, fifo, bodies):
    sqs.send_message_batch(QueueUrl=fifo, Entries=[
        {"Id": str(i), "MessageBody": str(i), "MessageGroupId": "g"} for i in range(10)])
    assert bodies(fifo) == [str(i) for i in range(10)]
