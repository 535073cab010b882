"""What the tests of logs share."""
import pytest


@pytest.fixture(scope="session")
def logs(client):
    return client("logs")


@pytest.fixture
def group(logs, new_name):
    """A group that has a stream `s`."""
    name = new_name("group")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name
