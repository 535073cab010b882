"""Error codes, texts and shapes as SQS answers them: programs branch on codes, logs and dashboards match texts, and both
protocols tell a code of their own. The rows are answers that were recorded from AWS."""
import base64
import json
import uuid

import pytest
from botocore.exceptions import ClientError

VALUE, MISSING = "InvalidParameterValue", "MissingParameter"
QUERY = {VALUE: "InvalidParameterValueException", MISSING: "MissingRequiredParameterException"}
TYPES = "alphanumeric and punctuation characters. 1 to 128 in length."
ID = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"], error.get("QueryErrorCode")


def parameter(name, value, reason):
    return VALUE, f"Value {value} for parameter {name} is invalid. Reason: {reason}", QUERY[VALUE]


@pytest.mark.parametrize("given, wanted", [
    ({"MessageBody": ""}, (MISSING, "The request must contain the parameter MessageBody.", QUERY[MISSING])),
    ({"MessageBody": "x" * 1048577}, (
        VALUE, "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.", QUERY[VALUE])),
    ({"MessageBody": "x", "MessageGroupId": "a b"}, parameter("MessageGroupId", "a b", f"MessageGroupId can only include {TYPES}")),
    ({"MessageBody": "x", "DelaySeconds": 1200}, parameter("DelaySeconds", 1200, "DelaySeconds must be >= 0 and <= 900.")),
    ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
     (VALUE, "Message (user) attribute 'a' must contain a non-empty value of type 'String'.", QUERY[VALUE])),
    ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Foo", "StringValue": "x"}}},
     (VALUE, "The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: "
             "Binary, Number, String.", QUERY[VALUE])),
], ids=lambda v: None if isinstance(v, tuple) else "+".join(v))
def test_messages_that_are_refused(sqs, make_queue, given, wanted):
    assert refused(sqs.send_message, QueueUrl=make_queue(), **given) == wanted


def test_fifo_messages_that_are_refused(sqs, make_queue):
    url = make_queue(fifo=True)
    explicit = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    group = "The request must contain the parameter MessageGroupId."
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g") == (VALUE, explicit, QUERY[VALUE])
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageDeduplicationId="d") == (MISSING, group, QUERY[MISSING])
    entry = {"Id": "a", "MessageBody": "x"}
    for more, text in (({"MessageGroupId": "g"}, explicit), ({"MessageDeduplicationId": "d"}, group)):
        assert refused(sqs.send_message_batch, QueueUrl=url, Entries=[{**entry, **more}]) == (VALUE, text, QUERY[VALUE])
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=2) == \
        parameter("DelaySeconds", 2, "The request include parameter that is not valid for this queue type.")


def test_batches_that_are_refused(sqs, make_queue):
    url, send = make_queue(), sqs.send_message_batch
    name = "AWS.SimpleQueueService."
    assert refused(send, QueueUrl=url, Entries=[]) == (
        name + "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.", "EmptyBatchRequest")
    many = [{"Id": str(i), "MessageBody": "x"} for i in range(20)]
    assert refused(send, QueueUrl=url, Entries=many) == (
        name + "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 20.",
        "TooManyEntriesInBatchRequest")
    for wrong in ("", "x" * 100, "a:b"):
        assert refused(send, QueueUrl=url, Entries=[{"Id": wrong, "MessageBody": "x"}]) == (
            name + "InvalidBatchEntryId", ID, "InvalidBatchEntryId")
    big = [{"Id": "1", "MessageBody": "x" * 1048576}, {"Id": "2", "MessageBody": "x"}]
    assert refused(send, QueueUrl=url, Entries=big) == (
        name + "BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
        "BatchRequestTooLong")


def test_one_entry_of_a_batch_may_fail(sqs, make_queue):
    url = make_queue(MaximumMessageSize=1024)
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x" * 1025}, {"Id": "2", "MessageBody": "x" * 1024}])
    assert answer["Failed"] == [{"Code": VALUE, "Id": "1", "SenderFault": True, "Message":
                                 "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."}]
    assert [e["Id"] for e in answer["Successful"]] == ["2"]


def test_what_a_receive_may_not_ask(sqs, make_queue):
    url = make_queue()
    for number in (0, 11):
        assert refused(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=number) == \
            parameter("MaxNumberOfMessages", number, "Must be between 1 and 10, if provided.")
    for number in (-1, 21):
        assert refused(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=number) == \
            parameter("WaitTimeSeconds", number, "Must be >= 0 and <= 20, if provided.")


@pytest.mark.parametrize("fifo, attributes, code, text", [
    (False, {"FifoQueue": "true"}, "InvalidAttributeName", "Unknown Attribute FifoQueue."),
    (True, {"FifoQueue": "false"}, "InvalidAttributeValue",
     "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."),
    (False, {"ContentBasedDeduplication": "false"}, "InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication."),
    (False, {"DeduplicationScope": "queue"}, "InvalidAttributeName",
     "You can specify the DeduplicationScope only when FifoQueue is set to true."),
    (False, {"KmsMasterKeyId": "key", "SqsManagedSseEnabled": "true"}, "InvalidAttributeName",
     "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."),
])
def test_attributes_that_are_refused(sqs, make_queue, fifo, attributes, code, text):
    assert refused(sqs.set_queue_attributes, QueueUrl=make_queue(fifo), Attributes=attributes)[:2] == (code, text)


def test_a_redrive_policy_names_a_queue(sqs, make_queue):
    policy = json.dumps({"deadLetterTargetArn": "dummy", "maxReceiveCount": 42})
    assert refused(sqs.set_queue_attributes, QueueUrl=make_queue(), Attributes={"RedrivePolicy": policy}) == \
        parameter("RedrivePolicy", policy, "Invalid value for deadLetterTargetArn.")


def test_a_permission_is_a_statement(sqs, make_queue, arn_of, account):
    url = make_queue()
    arn, root = arn_of(url), f"arn:aws:iam::{account}:root"
    give = {"QueueUrl": url, "Label": "x", "AWSAccountIds": [account], "Actions": ["ReceiveMessage"]}
    sqs.add_permission(**give)
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert policy == {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": [
        {"Sid": "x", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "SQS:ReceiveMessage", "Resource": arn}]}
    assert refused(sqs.add_permission, **give) == parameter("Label", "x", "Already exists.")
    assert refused(sqs.remove_permission, QueueUrl=url, Label="y") == parameter("Label", "y", "can't find label.")


@pytest.mark.parametrize("names, md5", [
    (["All"], "4c360f3fdafd970e05fae2f149d997f5"), (["*"], "4c360f3fdafd970e05fae2f149d997f5"),
    ([".*"], "4c360f3fdafd970e05fae2f149d997f5"),
    (["Hello", "General"], "fca026605781cb4126a1e9044df24232"), (["Hel.*"], "83fee93c1bcd8b9a5a923ffacdc636c7"),
    (["Foo"], None), (["."], None), (["HELLO"], None), (["He*"], None),
])
def test_asked_attributes_and_their_md5(sqs, make_queue, names, md5):
    url = make_queue()
    text = {"Hello": "There", "General": "Kenobi", "Help.Me": "Me"}
    sqs.send_message(QueueUrl=url, MessageBody="x",
                     MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in text.items()})
    [got] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=names)["Messages"]
    assert got.get("MD5OfMessageAttributes") == md5


@pytest.mark.parametrize("freed", [1, 2])
def test_a_fifo_group_goes_on_where_it_was_freed(sqs, make_queue, bodies, freed):
    url = make_queue(fifo=True, ContentBasedDeduplication="true", VisibilityTimeout="60")
    for body in ("foo", "bar", "baz"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    held = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    for message in held[:freed]:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(url) == ["foo", "bar"][:freed]


def test_an_old_receipt_of_a_fifo_queue_has_expired(sqs, make_queue):
    url = make_queue(fifo=True)
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d")
    [got] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    receipt = got["ReceiptHandle"]
    assert refused(sqs.delete_message, QueueUrl=url, ReceiptHandle=receipt) == \
        parameter("ReceiptHandle", receipt, "The receipt handle has expired.")


def test_a_purged_fifo_queue_takes_the_same_again(sqs, make_queue, bodies):
    url = make_queue(fifo=True)
    same = {"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    sqs.send_message(**same)
    sqs.purge_queue(QueueUrl=url)
    sqs.send_message(**same)
    assert bodies(url) == ["x"]


def test_move_tasks(sqs, make_queue, arn_of):
    dead, other = make_queue(), make_queue()
    make_queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1}))
    assert refused(sqs.start_message_move_task, SourceArn=arn_of(other)) == (
        VALUE, "Source queue must be configured as a Dead Letter Queue.", QUERY[VALUE])
    assert refused(sqs.cancel_message_move_task, TaskHandle="foobared") == (
        VALUE, "Value for parameter TaskHandle is invalid.", QUERY[VALUE])
    gone = [("DestinationArn", sqs.start_message_move_task, {"SourceArn": arn_of(dead), "DestinationArn": arn_of(other) + "x"}),
            ("SourceArn", sqs.cancel_message_move_task, {"TaskHandle": handle(arn_of(dead) + "x")})]
    for name, call, given in gone:
        assert refused(call, **given)[:2] == (
            "ResourceNotFoundException", f"The resource that you specified for the {name} parameter doesn't exist.")
    assert refused(sqs.cancel_message_move_task, TaskHandle=handle(arn_of(dead)))[:2] == (
        "ResourceNotFoundException", "Task does not exist.")
    for i in range(3):
        sqs.send_message(QueueUrl=dead, MessageBody=str(i))
    started = sqs.start_message_move_task(SourceArn=arn_of(dead), DestinationArn=arn_of(other), MaxNumberOfMessagesPerSecond=1)
    told = json.loads(base64.b64decode(started["TaskHandle"]))
    assert set(told) == {"taskId", "sourceArn"} and told["sourceArn"] == arn_of(dead)
    sqs.cancel_message_move_task(TaskHandle=started["TaskHandle"])


def handle(source):
    return base64.b64encode(json.dumps({"taskId": str(uuid.uuid4()), "sourceArn": source}).encode()).decode()
