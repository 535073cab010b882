"""What the IAM tests share: documents, and a check of errors by code and text."""
import json

import pytest
from botocore.exceptions import ClientError


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow_document(actions="s3:ListBucket", resources="*", **more):
    return document({"Effect": "Allow", "Action": actions, "Resource": resources, **more})


def trust_document(principal, **more):
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})


SERVICE_TRUST = trust_document({"Service": "redshift.amazonaws.com"})


@pytest.fixture(scope="session")
def iam(client):
    return client("iam")


@pytest.fixture(scope="session")
def refused():
    """refused(code, text, call): the call fails with that code and a message that has the text in it."""

    def check(code, text, call):
        with pytest.raises(ClientError) as caught:
            call()
        error = caught.value.response["Error"]
        assert error["Code"] == code, error
        assert text in error["Message"], error
        return caught.value.response

    return check


@pytest.fixture
def a_user(iam, new_name):
    name = new_name("user")
    iam.create_user(UserName=name)
    return name


@pytest.fixture
def a_group(iam, new_name):
    name = new_name("group")
    iam.create_group(GroupName=name)
    return name


@pytest.fixture
def a_role(iam, new_name):
    name = new_name("role")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE_TRUST)
    return name


@pytest.fixture
def a_policy(iam, new_name):
    """The ARN of a customer policy."""
    return iam.create_policy(PolicyName=new_name("policy"), PolicyDocument=allow_document())["Policy"]["Arn"]
