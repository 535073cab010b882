"""What the tests of topics share."""
import json

import pytest


@pytest.fixture(scope="session")
def sns(client):
    return client("sns")


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


@pytest.fixture
def topic(sns, new_name):
    return sns.create_topic(Name=new_name("topic"))["TopicArn"]


@pytest.fixture
def fifo_topic(sns, new_name):
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    return sns.create_topic(Name=new_name("topic") + ".fifo", Attributes=attributes)["TopicArn"]


@pytest.fixture
def make_queue(sqs, new_name):
    """make_queue(topic=None, fifo=False) -> (URL, ARN) of a queue that the topic may send to."""

    def make(topic=None, fifo=False):
        name = new_name("queue") + (".fifo" if fifo else "")
        url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if topic:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
                 "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]})})
        return url, arn

    return make


@pytest.fixture
def received(sqs):
    """received(url, count) -> so many messages, waited for."""

    def receive(url, count, **more):
        got = []
        while len(got) < count:
            batch = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
                                        AttributeNames=["All"], **more).get("Messages", [])
            assert batch, f"{len(got)} of {count} messages came"
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            got += batch
        return got

    return receive
