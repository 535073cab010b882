"""What the tests of queues share."""
import pytest


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


@pytest.fixture
def make_queue(sqs, new_name):
    """make_queue(fifo=False, **attributes) -> the URL of a fresh queue."""

    def make(fifo=False, **attributes):
        name = new_name("queue") + (".fifo" if fifo else "")
        if fifo:
            attributes["FifoQueue"] = "true"
        return sqs.create_queue(QueueName=name, Attributes={k: str(v) for k, v in attributes.items()})["QueueUrl"]

    return make


@pytest.fixture
def arn_of(sqs):
    return lambda url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture
def bodies(sqs):
    """bodies(url, delete=True) -> the bodies of what one receive gives."""

    def receive(url, delete=True, **more):
        messages = sqs.receive_message(QueueUrl=url, **{"MaxNumberOfMessages": 10, **more}).get("Messages", [])
        if delete:
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]

    return receive
