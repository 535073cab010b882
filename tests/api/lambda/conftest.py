"""Fixtures of the Lambda tests: a role that functions run as, and functions made of a few lines."""
import io
import json
import textwrap
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, textwrap.dedent(text))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def functions(client):
    return client("lambda")


@pytest.fixture(scope="session")
def make_role(client, new_name, account):
    """make_role(policy=None, trust=TRUST) -> the ARN of a fresh role."""

    def make(policy=None, trust=TRUST):
        iam, name = client("iam"), new_name("role")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        if policy is not None:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        return f"arn:aws:iam::{account}:role/{name}"

    return make


@pytest.fixture(scope="session")
def role(make_role, allow):
    return make_role(allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]))


@pytest.fixture
def deploy(functions, new_name, role):
    """deploy(code, **settings) -> the name of a function of these lines of Python, called `handler`."""

    def make(code, **settings):
        name = new_name("fn")
        given = {"Runtime": "python3.11", "Role": role, "Handler": "app.handler", **settings}
        functions.create_function(FunctionName=name, Code={"ZipFile": zipped({"app.py": code})}, **given)
        return name

    return make


@pytest.fixture
def call(functions):
    """call(name, event, **more) -> (what it returned, the answer)"""

    def make(name, event=None, **more):
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event), **more)
        text = answer["Payload"].read()
        return (json.loads(text) if text else None), answer

    return make


@pytest.fixture
def logged(client):
    """logged(name) -> what stands in the function's log group, once there is something: it comes behind the call."""
    logs = client("logs")

    def messages(name):
        for _ in range(500):
            if logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
                events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
                if events:
                    return [event["message"] for event in events]
            time.sleep(0.02)
        raise AssertionError(f"{name} has logged nothing")

    return messages


@pytest.fixture
def refused():
    def check(code, text, function, **arguments):
        with pytest.raises(ClientError) as caught:
            function(**arguments)
        error = caught.value.response["Error"]
        assert error["Code"] == code and text in error["Message"], error
        return caught.value.response

    return check
