"""What is published comes to those who subscribe: queues and functions of the own account, at once, as they want it."""
import json

import pytest
from botocore.exceptions import ClientError


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def subscribe(sns, topic, queue_arn, **attributes):
    return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes)["SubscriptionArn"]


def test_a_queue_is_told(sns, topic, make_queue, received, endpoint):
    url, arn = make_queue(topic)
    subscription = subscribe(sns, topic, arn)
    assert subscription.startswith(topic + ":") and subscribe(sns, topic, arn) == subscription
    sent = sns.publish(TopicArn=topic, Message="héllo", Subject="s", MessageAttributes={
        "a": {"DataType": "String", "StringValue": "x"}, "b": {"DataType": "Binary", "BinaryValue": b"\0"}})
    [got] = received(url, 1)
    told = json.loads(got["Body"])
    assert (told["Type"], told["MessageId"], told["TopicArn"]) == ("Notification", sent["MessageId"], topic)
    assert (told["Subject"], told["Message"], told["SignatureVersion"]) == ("s", "héllo", "1")
    assert told["MessageAttributes"] == {"a": {"Type": "String", "Value": "x"}, "b": {"Type": "Binary", "Value": "AA=="}}
    assert told["SigningCertURL"].startswith(endpoint) and subscription in told["UnsubscribeURL"]
    assert "MessageAttributes" not in got


def test_raw(sns, topic, make_queue, received):
    url, arn = make_queue(topic)
    subscribe(sns, topic, arn, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="raw", MessageAttributes={"a": {"DataType": "Number", "StringValue": "5"}})
    [got] = received(url, 1)
    assert got["Body"] == "raw" and got["MessageAttributes"] == {"a": {"DataType": "Number", "StringValue": "5"}}


def test_each_protocol_its_text(sns, topic, make_queue, received):
    url, arn = make_queue(topic)
    subscribe(sns, topic, arn, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "sqs": "for queues"}), MessageStructure="json")
    assert [m["Body"] for m in received(url, 1)] == ["for queues"]
    assert code_of(sns.publish, TopicArn=topic, Message='{"sqs": "x"}', MessageStructure="json") == "InvalidParameter"


@pytest.mark.parametrize("policy, scope, wanted", [
    ({"kind": ["a"]}, "MessageAttributes", ["1"]), ({"kind": [{"anything-but": "a"}]}, "MessageAttributes", ["2"]),
    ({"number": [{"numeric": [">", 1]}]}, "MessageAttributes", ["2"]), ({"many": ["y"]}, "MessageAttributes", ["2"]),
    ({"body": {"n": [{"numeric": ["=", 1]}]}}, "MessageBody", ["1"])])
def test_filters(sns, topic, make_queue, received, policy, scope, wanted):
    url, arn = make_queue(topic)
    subscribe(sns, topic, arn, RawMessageDelivery="true", FilterPolicy=json.dumps(policy), FilterPolicyScope=scope)
    for kind, number, many in (("a", "1", ["x"]), ("b", "2", ["x", "y"])):
        sns.publish(TopicArn=topic, Message=json.dumps({"id": number, "body": {"n": int(number)}}), MessageAttributes={
            "kind": {"DataType": "String", "StringValue": kind}, "number": {"DataType": "Number", "StringValue": number},
            "many": {"DataType": "String.Array", "StringValue": json.dumps(many)}})
    assert [json.loads(m["Body"])["id"] for m in received(url, len(wanted))] == wanted


def test_filters_that_are_none(sns, topic, make_queue):
    _, arn = make_queue(topic)
    attributes = {"FilterPolicy": '{"a": "b"}'}
    assert code_of(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes) == "InvalidParameter"


def test_a_batch(sns, topic, make_queue, received):
    url, arn = make_queue(topic)
    subscribe(sns, topic, arn, RawMessageDelivery="true")
    sent = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "1", "Message": "one"}, {"Id": "3", "Message": "three"}])
    assert [e["Id"] for e in sent["Successful"]] == ["1", "3"] and sent["Failed"] == []
    assert sorted(m["Body"] for m in received(url, 2)) == ["one", "three"]
    assert code_of(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[]) == "EmptyBatchRequest"
    # AWS: what is wrong with one entry refuses all of them.
    wrong = [{"Id": "1", "Message": "one"}, {"Id": "2", "Message": ""}]
    assert code_of(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=wrong) == "InvalidParameter"
    sns.publish(TopicArn=topic, Message="last")
    assert [m["Body"] for m in received(url, 1)] == ["last"]


def test_a_fifo_topic_keeps_its_order(sns, fifo_topic, make_queue, received):
    url, arn = make_queue(fifo_topic, fifo=True)
    subscribe(sns, fifo_topic, arn, RawMessageDelivery="true")
    first = sns.publish(TopicArn=fifo_topic, Message="0", MessageGroupId="g")
    assert sns.publish(TopicArn=fifo_topic, Message="0", MessageGroupId="g")["MessageId"] == first["MessageId"]
    for i in range(1, 20):
        sns.publish(TopicArn=fifo_topic, Message=str(i), MessageGroupId="g")
    got = received(url, 20)
    assert [m["Body"] for m in got] == [str(i) for i in range(20)]
    assert got[0]["Attributes"]["MessageGroupId"] == "g"
    assert code_of(sns.publish, TopicArn=fifo_topic, Message="x") == "InvalidParameter"
    assert code_of(sns.subscribe, TopicArn=fifo_topic, Protocol="http", Endpoint="http://x/") == "InvalidParameter"


def test_what_cannot_be_delivered_is_a_dead_letter(sns, sqs, topic, make_queue, received, account):
    url, arn = make_queue(topic)
    subscription = subscribe(sns, topic, f"arn:aws:sqs:us-east-1:{account}:not-there", RawMessageDelivery="true",
                             RedrivePolicy=json.dumps({"deadLetterTargetArn": arn}))
    told = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert json.loads(told["RedrivePolicy"]) == {"deadLetterTargetArn": arn}
    kept = {"a": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sns.publish(TopicArn=topic, Message="lost", MessageAttributes=kept)
    [letter] = received(url, 1)
    assert letter["Body"] == "lost" and letter["MessageAttributes"] == kept


def test_more_attributes_than_a_queue_takes_are_a_dead_letter(sns, topic, make_queue, received):
    url, arn = make_queue(topic)
    dead_url, dead = make_queue(topic)
    subscribe(sns, topic, arn, RawMessageDelivery="true", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    for count in (11, 10):
        sns.publish(TopicArn=topic, Message=str(count), MessageAttributes={
            f"a{i}": {"DataType": "Binary", "BinaryValue": bytes([0, 200 + i])} for i in range(count)})
    assert [m["Body"] for m in received(dead_url, 1)] == ["11"]
    [told] = received(url, 1)
    assert told["Body"] == "10" and len(told["MessageAttributes"]) == 10
    assert told["MessageAttributes"]["a9"]["BinaryValue"] == bytes([0, 209])


def test_a_queue_that_does_not_let_it_is_not_told(sns, topic, make_queue, received):
    barred, barred_arn = make_queue()
    url, arn = make_queue(topic)
    subscribe(sns, topic, barred_arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": arn}))
    sns.publish(TopicArn=topic, Message="x")
    received(url, 1)  # the dead letter: so it was tried
    del barred


def test_leaving(sns, topic, make_queue):
    _, arn = make_queue(topic)
    subscription = subscribe(sns, topic, arn)
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(s["SubscriptionArn"], s["Protocol"], s["Endpoint"]) for s in listed] == [(subscription, "sqs", arn)]
    sns.unsubscribe(SubscriptionArn=subscription)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert code_of(sns.get_subscription_attributes, SubscriptionArn=subscription) == "NotFound"


def test_a_subscription_changes(sns, topic, make_queue, received):
    url, arn = make_queue(topic)
    subscription = subscribe(sns, topic, arn)
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true")
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue='{"a": ["b"]}')
    told = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert (told["RawMessageDelivery"], told["FilterPolicy"], told["PendingConfirmation"]) == ("true", '{"a": ["b"]}', "false")
    assert code_of(sns.set_subscription_attributes, SubscriptionArn=subscription, AttributeName="FilterPolicy",
                   AttributeValue="[]") == "InvalidParameter"
    sns.publish(TopicArn=topic, Message="not this")
    sns.publish(TopicArn=topic, Message="this", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    assert [m["Body"] for m in received(url, 1)] == ["this"]
    mine = [s for page in sns.get_paginator("list_subscriptions").paginate() for s in page["Subscriptions"]]
    assert subscription in [s["SubscriptionArn"] for s in mine]


@pytest.mark.parametrize("protocol, endpoint", [
    ("sqs", "x"), ("http", "https://x"), ("email", "nobody"), ("sms", "123"), ("firehose", "arn:aws:firehose:us-east-1:1:x"), ("fax", "1")])
def test_endpoints_that_are_none(sns, topic, protocol, endpoint):
    assert code_of(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint) == "InvalidParameter"


@pytest.mark.parametrize("more", [
    {"Message": ""}, {"Message": "x" * 262_145}, {"Message": "x", "Subject": "a\nb"}, {"Message": "x", "MessageDeduplicationId": "d"}])
def test_messages_that_are_refused(sns, topic, more):
    assert code_of(sns.publish, TopicArn=topic, **more) == "InvalidParameter"
