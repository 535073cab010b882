"""What these tests share."""
import pytest

from support.queue import Queue


@pytest.fixture
def events(client):
    return client("events")


@pytest.fixture
def queue(client, new_name):
    return Queue(client("sqs"), new_name("queue"))


@pytest.fixture
def other_queue(client, new_name):
    return Queue(client("sqs"), new_name("queue"))


@pytest.fixture
def bus(events, new_name):
    name = new_name("bus")
    events.create_event_bus(Name=name)
    return name
