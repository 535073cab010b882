"""What the tests of logs share."""
import pytest


@pytest.fixture(scope="session")
def logs(client):
    return client("logs")
