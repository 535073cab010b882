"""Fixtures of the S3 tests."""
import contextlib
import http.client
import urllib.parse

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError


@pytest.fixture(scope="session")
def s3(client):
    return client("s3")


@pytest.fixture(scope="session")
def refused():
    """with refused("NoSuchKey", 404) as error: ... ; error.response is there afterwards."""

    @contextlib.contextmanager
    def expect(code, status=None):
        with pytest.raises(ClientError) as caught:
            yield caught
        error = caught.value.response
        caught.response = error
        assert error["Error"]["Code"] == code, error
        if status is not None:
            assert error["ResponseMetadata"]["HTTPStatusCode"] == status, error

    return expect


@pytest.fixture(scope="session")
def put(s3):
    """put(bucket, key, body=b"", **parameters)"""
    return lambda bucket, key, body=b"", **kwargs: s3.put_object(Bucket=bucket, Key=key, Body=body, **kwargs)


@pytest.fixture(scope="session")
def body_of(s3):
    return lambda bucket, key, **kwargs: s3.get_object(Bucket=bucket, Key=key, **kwargs)["Body"].read()


@pytest.fixture(scope="session")
def raw(server):
    """raw(method, "/bucket/key?x", body=b"", headers={}, host=None, sign=True) -> (status, headers, body), without an SDK between.
    The path is sent as it is written."""

    def send(method, path, body=b"", headers=None, host=None, sign=True, region="us-east-1"):
        url = urllib.parse.urlsplit(server.endpoint)
        headers = {"Host": host or url.netloc, **(headers or {})}
        if sign:
            env = server.environment()
            credentials = Credentials(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"])
            request = AWSRequest(method, f"http://{headers['Host']}{path}", data=body, headers=headers)
            payload = headers.get("x-amz-content-sha256")
            auth = S3SigV4Auth(credentials, "s3", region)
            if payload:  # botocore would put the body's own digest there
                auth.payload = lambda _: payload
            auth.add_auth(request)
            headers = dict(request.headers.items())
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    return send


@pytest.fixture(scope="session")
def open_bucket(s3, new_name):
    """open_bucket() -> a new bucket without a public access block, so that its policy may be public."""

    def make():
        name = new_name("open")
        s3.create_bucket(Bucket=name)
        s3.delete_public_access_block(Bucket=name)
        return name

    return make
