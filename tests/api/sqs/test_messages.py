"""Messages of standard queues: sent, received, hidden, deleted; alone and in batches; waited for."""
import hashlib
import threading
import time

import pytest
from botocore.exceptions import ClientError


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_message_is_told_as_it_was_sent(sqs, make_queue):
    url = make_queue()
    sent = sqs.send_message(QueueUrl=url, MessageBody="héllo", MessageAttributes={
        "text": {"DataType": "String", "StringValue": "v"}, "number": {"DataType": "Number.int", "StringValue": "5"},
        "bytes": {"DataType": "Binary.x", "BinaryValue": b"\0\1\xff"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}})
    assert sent["MD5OfMessageBody"] == hashlib.md5("héllo".encode()).hexdigest()
    [got] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"])["Messages"]
    assert got["MessageId"] == sent["MessageId"] and got["Body"] == "héllo"
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert got["MessageAttributes"]["bytes"] == {"DataType": "Binary.x", "BinaryValue": b"\0\1\xff"}
    assert got["MessageAttributes"]["number"] == {"DataType": "Number.int", "StringValue": "5"}
    assert got["Attributes"]["ApproximateReceiveCount"] == "1" and got["Attributes"]["AWSTraceHeader"].startswith("Root=")
    assert int(got["Attributes"]["SentTimestamp"]) <= int(got["Attributes"]["ApproximateFirstReceiveTimestamp"])
    assert "SequenceNumber" not in got["Attributes"]


@pytest.mark.parametrize("wanted, told", [([], None), (["a.x"], {"a.x"}), (["a.*"], {"a.x", "a.y"}), (["All"], {"a.x", "a.y", "b"}),
                                          ([".*"], {"a.x", "a.y", "b"})])
def test_attributes_are_told_by_name(sqs, make_queue, wanted, told):
    url = make_queue()
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={
        name: {"DataType": "String", "StringValue": "v"} for name in ("a.x", "a.y", "b")})
    [got] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=wanted)["Messages"]
    assert set(got.get("MessageAttributes", {})) == (told or set())


@pytest.mark.parametrize("attribute", [
    {"DataType": "Text", "StringValue": "x"}, {"DataType": "String", "StringValue": ""}, {"DataType": "String"},
    {"DataType": "Number", "StringValue": "five"}, {"DataType": "Binary", "StringValue": "x"}])
def test_attributes_that_are_none(sqs, make_queue, attribute):
    assert code_of(sqs.send_message, QueueUrl=make_queue(), MessageBody="x",
                   MessageAttributes={"a": attribute}) == "InvalidParameterValue"


@pytest.mark.parametrize("more, code", [
    ({"MessageBody": ""}, "MissingParameter"), ({"MessageBody": "a\x01"}, "InvalidMessageContents"),
    ({"MessageBody": "x", "DelaySeconds": 901}, "InvalidParameterValue"),
    ({"MessageBody": "x" * 1025}, "InvalidParameterValue"),
    ({"MessageBody": "x", "MessageDeduplicationId": "d"}, "InvalidParameterValue"),
    ({}, "MissingParameter")])
def test_messages_that_are_refused(sqs, make_queue, more, code):
    assert code_of(sqs.send_message, QueueUrl=make_queue(MaximumMessageSize=1024), **more) == code


def test_a_message_is_hidden_until_its_receiver_says(sqs, make_queue, bodies):
    url = make_queue()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [got] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert bodies(url) == []
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("0", "1")
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    [again] = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"} and again["ReceiptHandle"] != got["ReceiptHandle"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert code_of(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=again["ReceiptHandle"],
                   VisibilityTimeout=1) == "InvalidParameterValue"


def test_receipts_that_are_none(sqs, make_queue):
    url, other = make_queue(), make_queue()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    assert code_of(sqs.delete_message, QueueUrl=other, ReceiptHandle=handle) == "ReceiptHandleIsInvalid"
    assert code_of(sqs.delete_message, QueueUrl=url, ReceiptHandle="none") == "ReceiptHandleIsInvalid"


@pytest.mark.parametrize("more", [
    {"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21}, {"VisibilityTimeout": -1}])
def test_receives_that_are_refused(sqs, make_queue, more):
    assert code_of(sqs.receive_message, QueueUrl=make_queue(), **more) == "InvalidParameterValue"


def test_batches(sqs, make_queue):
    url = make_queue()
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": ""}, {"Id": "c", "MessageBody": "3"}])
    assert [entry["Id"] for entry in sent["Successful"]] == ["a", "c"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in sent["Failed"]] == [("b", "MissingParameter", True)]
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in got) == ["1", "3"]
    entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)]
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{**e, "VisibilityTimeout": 60} for e in entries])
    assert len(changed["Successful"]) == 2
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "x", "ReceiptHandle": "none"}])
    assert len(deleted["Successful"]) == 2 and deleted["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"


@pytest.mark.parametrize("entries, code", [
    ([], "EmptyBatchRequest"), ([{"Id": "a", "MessageBody": "x"}] * 2, "BatchEntryIdsNotDistinct"),
    ([{"Id": str(i), "MessageBody": "x"} for i in range(11)], "TooManyEntriesInBatchRequest"),
    ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
    ([{"Id": str(i), "MessageBody": "x" * 600_000} for i in range(2)], "BatchRequestTooLong")])
def test_batches_that_are_refused(sqs, make_queue, entries, code):
    url = make_queue()
    assert code_of(sqs.send_message_batch, QueueUrl=url, Entries=entries) == "AWS.SimpleQueueService." + code
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_wait_ends_with_a_message(sqs, server, make_queue):
    url = make_queue()
    got = []
    waiting = threading.Thread(target=lambda: got.extend(
        server.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", [])))
    waiting.start()
    began = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    waiting.join(20)
    assert [message["Body"] for message in got] == ["x"] and time.monotonic() - began < 10


def test_a_wait_ends_without_one(sqs, make_queue):
    assert "Messages" not in sqs.receive_message(QueueUrl=make_queue(), WaitTimeSeconds=1)


def test_a_wait_ends_with_its_queue(sqs, server, make_queue):
    url = make_queue()
    codes = []

    def wait():
        try:
            server.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
            codes.append(None)
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])

    waiting = threading.Thread(target=wait)
    waiting.start()
    sqs.delete_queue(QueueUrl=url)
    waiting.join(20)
    assert codes == ["AWS.SimpleQueueService.NonExistentQueue"]


def test_who_sends_much_does_not_hold_up_others(sqs, make_queue):
    url = make_queue()
    for i in range(4):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": f"loud {i} {n}", "MessageGroupId": "loud"} for n in range(10)])
    sqs.send_message(QueueUrl=url, MessageBody="quiet", MessageGroupId="quiet")
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"])["Messages"]
    assert ("quiet", "quiet") in [(m["Body"], m["Attributes"]["MessageGroupId"]) for m in got]
