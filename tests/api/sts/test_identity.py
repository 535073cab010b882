"""Who one is: GetCallerIdentity for each kind of caller, and GetSessionToken."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError


def code_of(call):
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def test_root(client, account):
    identity = client("sts").get_caller_identity()
    assert (identity["UserId"], identity["Account"], identity["Arn"]) == (account, account, f"arn:aws:iam::{account}:root")


def test_a_user_needs_no_permission_and_can_lose_none(user, server, account):
    credentials = user({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    identity = server.client("sts", credentials=credentials).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{account}:user/{credentials['UserName']}"
    assert identity["UserId"].startswith("AIDA") and identity["Account"] == account


def test_session_tokens(user, server, allow, account):
    credentials = user(allow(["iam:ListUsers", "glue:GetDatabases"]))
    before = datetime.datetime.now(datetime.timezone.utc)
    made = server.client("sts", credentials=credentials).get_session_token(DurationSeconds=900)["Credentials"]
    assert made["AccessKeyId"].startswith("ASIA")
    assert 890 <= (made["Expiration"] - before).total_seconds() <= 910
    session = server.client("sts", credentials=made)
    assert session.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/{credentials['UserName']}"
    server.client("glue", credentials=made).get_databases()
    assert code_of(server.client("glue", credentials=made).get_catalog_import_status) == "AccessDeniedException"
    assert code_of(server.client("iam", credentials=made).list_users) == "InvalidClientTokenId"  # AWS: not without MFA
    assert code_of(session.get_session_token) == "AccessDenied"


def test_a_roots_session_lasts_an_hour(client, server):
    made = client("sts").get_session_token(DurationSeconds=43200)["Credentials"]
    left = made["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 3500 <= left.total_seconds() <= 3600
    server.client("s3", credentials=made).list_buckets()


@pytest.mark.parametrize("seconds", [0, 899, 129601])
def test_durations_out_of_range(client, seconds):
    assert code_of(lambda: client("sts").get_session_token(DurationSeconds=seconds)) == "ValidationError"


def test_a_changed_token_is_refused(user, server):
    made = server.client("sts", credentials=user()).get_session_token()["Credentials"]
    token = made["SessionToken"]
    at = len(token) // 2
    broken = {**made, "SessionToken": token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]}
    assert code_of(server.client("sts", credentials=broken).get_caller_identity) in ("InvalidClientTokenId", "InvalidToken")
    other = server.client("sts", credentials=user()).get_session_token()["Credentials"]
    mixed = {**made, "SessionToken": other["SessionToken"]}
    assert code_of(server.client("sts", credentials=mixed).get_caller_identity) in ("InvalidClientTokenId", "InvalidToken")


def test_a_deleted_users_session_can_do_nothing(user, server, client, allow):
    credentials = user(allow("glue:GetDatabases"))
    made = server.client("sts", credentials=credentials).get_session_token()["Credentials"]
    iam, name = client("iam"), credentials["UserName"]
    iam.delete_user_policy(UserName=name, PolicyName="inline")
    iam.delete_access_key(UserName=name, AccessKeyId=credentials["AccessKeyId"])
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)  # another one of that name
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(allow("glue:*")))
    assert code_of(server.client("glue", credentials=made).get_databases) == "AccessDeniedException"


def test_mfa_is_refused_by_name(client):
    with pytest.raises(ClientError) as caught:
        client("sts").get_session_token(SerialNumber="arn:aws:iam::123456789012:mfa/x", TokenCode="123456")
    assert "MFA" in caught.value.response["Error"]["Message"]


def test_whose_key(client, user, account, server):
    credentials = user()
    sts = client("sts")
    assert sts.get_access_key_info(AccessKeyId=credentials["AccessKeyId"])["Account"] == account
    assert sts.get_access_key_info(AccessKeyId=server.accounts()[0]["access_key_id"])["Account"] == account
    assert code_of(lambda: sts.get_access_key_info(AccessKeyId="AKIANOBODYNOBODY0000")) == "ValidationError"


def test_unanswered_operations_are_named(client):
    with pytest.raises(ClientError) as caught:
        client("sts").get_federation_token(Name="bob")
    assert "GetFederationToken" in str(caught.value)
