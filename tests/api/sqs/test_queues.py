"""Queues as clients keep them: made, found by any URL, set up, shared, emptied, deleted."""
import json

import pytest
from botocore.exceptions import ClientError


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_queue_is_made_once(sqs, new_name, endpoint, account):
    name = new_name("queue")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    assert url == f"{endpoint}/{account}/{name}"
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"] == url
    assert code_of(sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "6"}) == "QueueAlreadyExists"
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    sqs.delete_queue(QueueUrl=url)
    assert code_of(sqs.get_queue_url, QueueName=name) == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_typed_exception(sqs):
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="none-of-that-name")


@pytest.mark.parametrize("name", ["", "a b", "x" * 81, "dot.ted", "wrong.fifo"])
def test_names_that_are_none(sqs, name):
    assert code_of(sqs.create_queue, QueueName=name) == "InvalidParameterValue"


def test_any_url_that_ends_in_account_and_name(sqs, new_name, account):
    name = new_name("queue")
    sqs.create_queue(QueueName=name)
    for form in ("https://sqs.us-east-1.amazonaws.com/{}/{}", "https://us-east-1.queue.amazonaws.com/{}/{}",
                 "http://else:1/{}/{}", "/{}/{}", "{1}"):
        sqs.send_message(QueueUrl=form.format(account, name), MessageBody="x")
    assert code_of(sqs.send_message, QueueUrl="http://else:1/", MessageBody="x") == "InvalidAddress"


def test_listing(sqs, new_name):
    stem = new_name("list")
    urls = [sqs.create_queue(QueueName=f"{stem}-{i}")["QueueUrl"] for i in range(5)]
    assert sqs.list_queues(QueueNamePrefix=stem)["QueueUrls"] == urls
    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix=stem, PaginationConfig={"PageSize": 2}))
    assert [len(page["QueueUrls"]) for page in pages] == [2, 2, 1]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=stem + "-none")


def test_attributes(sqs, make_queue, arn_of):
    url = make_queue()
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["VisibilityTimeout"] == "30" and told["MaximumMessageSize"] == "1048576"
    assert told["MessageRetentionPeriod"] == "345600" and told["SqsManagedSseEnabled"] == "true"
    assert told["ApproximateNumberOfMessages"] == "0" and "FifoQueue" not in told
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "900", "ReceiveMessageWaitTimeSeconds": "20"})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds", "QueueArn"])["Attributes"]
    assert told == {"DelaySeconds": "900", "QueueArn": arn_of(url)}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)


@pytest.mark.parametrize("attributes, code", [
    ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"), ({"DelaySeconds": "x"}, "InvalidAttributeValue"),
    ({"MaximumMessageSize": "1023"}, "InvalidAttributeValue"), ({"Nonsense": "1"}, "InvalidAttributeName"),
    ({"FifoQueue": "false"}, "InvalidAttributeName"), ({"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
    ({"Policy": "{"}, "InvalidAttributeValue"), ({"RedrivePolicy": "[]"}, "InvalidParameterValue"),
    ({"RedriveAllowPolicy": '{"redrivePermission": "byQueue"}'}, "InvalidParameterValue"),
])
def test_attributes_that_are_refused(sqs, new_name, attributes, code):
    assert code_of(sqs.create_queue, QueueName=new_name("queue"), Attributes=attributes) == code


def test_high_throughput_needs_its_scope(sqs, make_queue):
    url = make_queue(fifo=True)
    assert code_of(sqs.set_queue_attributes, QueueUrl=url,
                   Attributes={"FifoThroughputLimit": "perMessageGroupId"}) == "InvalidAttributeValue"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup"})
    assert code_of(sqs.set_queue_attributes, QueueUrl=url, Attributes={"FifoQueue": "false"}) == "InvalidAttributeValue"


def test_tags(sqs, new_name):
    url = sqs.create_queue(QueueName=new_name("queue"), tags={"a": "1"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"b": "2", "c": "3"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2", "c": "3"}


def test_purging(sqs, make_queue, bodies):
    url = make_queue()
    for body in "abc":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.purge_queue(QueueUrl=url)
    assert bodies(url) == []
    assert code_of(sqs.purge_queue, QueueUrl=url) == "AWS.SimpleQueueService.PurgeQueueInProgress"
    sqs.send_message(QueueUrl=url, MessageBody="d")
    assert bodies(url) == ["d"]


def test_permissions_are_statements_of_the_policy(sqs, make_queue):
    url = make_queue()
    sqs.add_permission(QueueUrl=url, Label="one", AWSAccountIds=["123456789012"], Actions=["SendMessage", "ReceiveMessage"])
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert [s["Sid"] for s in policy["Statement"]] == ["one"]
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    for label, action in (("one", "*"), ("two", "No")):
        assert code_of(sqs.add_permission, QueueUrl=url, Label=label, AWSAccountIds=["123456789012"],
                       Actions=[action]) == "InvalidParameterValue"
    sqs.remove_permission(QueueUrl=url, Label="one")
    assert code_of(sqs.remove_permission, QueueUrl=url, Label="one") == "InvalidParameterValue"
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])


def test_a_queues_policy_decides(sqs, make_queue, user_client, arn_of):
    url = make_queue()
    them = user_client("sqs")
    assert code_of(them.send_message, QueueUrl=url, MessageBody="x") == "AccessDenied"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn_of(url)}]})})
    them.send_message(QueueUrl=url, MessageBody="x")
    assert code_of(them.receive_message, QueueUrl=url) == "AccessDenied"
