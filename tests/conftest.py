"""Fixtures of all black-box tests. One server serves a whole run (tests/run.py starts it and names it by TARN_TEST_SERVER);
a test alone starts its own. Names are random, so tests run in parallel and need no cleaning up."""
import itertools
import json
import os
import pathlib
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.server import Server  # noqa: E402


@pytest.fixture(scope="session")
def server():
    running = os.environ.get("TARN_TEST_SERVER")
    if running:
        facts = json.loads(running)
        existing = Server(facts["data_dir"])
        existing.endpoint = facts["endpoint"]
        existing.redshift_port = facts["redshift_port"]
        yield existing
        return
    with Server() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def virtual():
    """A server of the file's own, whose clock moves only when it is told to."""
    with Server(None, "--clock", "virtual") as server:
        yield server


@pytest.fixture(scope="session")
def endpoint(server):
    return server.endpoint


@pytest.fixture(scope="session")
def account(server):
    return server.account


@pytest.fixture(scope="session")
def client(server):
    """client(service, region=..., credentials=..., config=...) -> a boto3 client of the account's root; made once."""
    made = {}

    def make(service, **kwargs):
        key = (service, tuple(sorted((k, repr(v)) for k, v in kwargs.items())))
        if key not in made:
            made[key] = server.client(service, **kwargs)
        return made[key]

    return make


@pytest.fixture(scope="session")
def new_name():
    """new_name("bucket") -> a name no other test has."""
    count = itertools.count()
    stem = uuid.uuid4().hex[:10]
    return lambda kind="x": f"{kind}-{stem}-{next(count)}"


@pytest.fixture(scope="session")
def user(client, new_name):
    """user(policy) -> credentials of a fresh IAM user with that inline policy (a dict, or None for no right at all)."""

    def make(policy=None):
        iam = client("iam")
        name = new_name("user")
        iam.create_user(UserName=name)
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"], "UserName": name}

    return make


@pytest.fixture(scope="session")
def user_client(server, user):
    """user_client(service, policy) -> a boto3 client of such a user."""
    return lambda service, policy=None, **kwargs: server.client(service, credentials=user(policy), **kwargs)


@pytest.fixture(scope="session")
def allow():
    """allow("s3:GetObject", "arn:...") -> a policy with one Allow statement."""

    def make(actions, resources="*", **more):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources, **more}]}

    return make


@pytest.fixture
def bucket(client, new_name):
    name = new_name("bucket")
    client("s3").create_bucket(Bucket=name)
    return name
