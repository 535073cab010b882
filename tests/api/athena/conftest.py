"""One workgroup, bucket and database for Athena's tests."""
import pytest

from support.athena import make_workgroup


@pytest.fixture(scope="session")
def workgroup(client, new_name):
    return make_workgroup(client, new_name)


@pytest.fixture
def table(new_name):
    return new_name("t").replace("-", "_")


@pytest.fixture(scope="session")
def s3(client):
    return client("s3")


@pytest.fixture(scope="session")
def put(workgroup, client):
    """put("t/x.csv", "text") -> the object's URI."""

    def make(key, body):
        client("s3").put_object(Bucket=workgroup.bucket, Key=key, Body=body if isinstance(body, bytes) else body.encode())
        return f"s3://{workgroup.bucket}/{key}"

    return make
