"""Faults of policy documents and names: which one IAM names, and in which words. Answers are those that AWS was seen to give."""
import json

import pytest

GOOD = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}
SYNTAX = "Syntax errors in policy."
OLD = "Policy document must be version 2012-10-17 or greater."


@pytest.fixture(scope="module")
def iam(client):
    return client("iam")


@pytest.mark.parametrize("document, message", [
    ("This is no JSON", SYNTAX),
    ({"Statement": GOOD}, OLD),
    ({"Version": "2008-10-17", "Statement": GOOD}, OLD),
    ({"Version": "2013-10-17", "Statement": GOOD}, SYNTAX),
    ({"Statement": {**GOOD, "Effect": "denY"}}, OLD),
    ({"Statement": {**GOOD, "Effect": "never"}}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": {**GOOD, "Effect": "denY"}}, "The policy failed legacy parsing"),
    ({"Version": "2012-10-17", "Statement": GOOD, "Extra": 1}, SYNTAX),
    ({"Version": "2012-10-17", "Id": {}, "Statement": GOOD}, SYNTAX),
    ({"Version": "2012-10-17"}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": []}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": {**GOOD, "Resource": "arn:error:s3:::b"}},
     'Partition "error" is not valid for resource "arn:error:s3:::b".'),
])
def test_the_fault_that_is_named(iam, new_name, document, message):
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as error:
        iam.create_policy(PolicyName=new_name("p"), PolicyDocument=text)
    assert error.value.response["Error"]["Message"] == message
    if message == SYNTAX:  # beside IAM's sentence stands what it was
        assert error.value.response["Error"]["Detail"]


def test_faults_of_trust_policies(iam, new_name):
    for text, message in (("not JSON", "This policy contains invalid Json"),
                          (json.dumps({"Version": "2012-10-17", "Statement": {
                              "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}}),
                           "AssumeRole policy may only specify STS AssumeRole actions.")):
        with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as error:
            iam.create_role(RoleName=new_name("r"), AssumeRolePolicyDocument=text)
        assert error.value.response["Error"]["Message"] == message


def test_values_are_not_repeated(iam):
    for call, message in (
            (lambda: iam.create_user(UserName="a b"),
             "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must satisfy regular expression "
             r"pattern: [\w+=,.@-]+"),
            (lambda: iam.untag_user(UserName="u", TagKeys=["x" * 129]),
             "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must "
             "have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular "
             r"expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]")):
        with pytest.raises(iam.exceptions.ClientError) as error:
            call()
        assert error.value.response["Error"] == {"Type": "Sender", "Code": "ValidationError", "Message": message}


def test_versions_of_a_policy_that_is_not_there(iam, client):
    account = client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:iam::{account}:policy/none-such"
    for call in (iam.get_policy_version, iam.set_default_policy_version, iam.delete_policy_version):
        with pytest.raises(iam.exceptions.NoSuchEntityException) as error:
            call(PolicyArn=arn, VersionId="v1")
        assert error.value.response["Error"]["Message"] == f"Policy {arn} version v1 does not exist or is not attachable."


def test_tags_of_policies_tell_cases_apart(iam, new_name):
    document = json.dumps({"Version": "2012-10-17", "Statement": GOOD})
    plain = iam.create_policy(PolicyName=new_name("p"), PolicyDocument=document)["Policy"]
    assert "Tags" not in plain and iam.get_policy(PolicyArn=plain["Arn"])["Policy"]["Tags"] == []
    both = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    made = iam.create_policy(PolicyName=new_name("p"), PolicyDocument=document, Tags=both)["Policy"]["Arn"]
    iam.untag_policy(PolicyArn=made, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=made)["Tags"] == [{"Key": "A", "Value": "2"}]
    with pytest.raises(iam.exceptions.InvalidInputException) as error:
        iam.tag_policy(PolicyArn=made, Tags=[both[0], both[0]])
    assert error.value.response["Error"]["Message"] == "Duplicate tag keys found."


def test_what_roles_tell(iam, new_name):
    name = new_name("role")
    trust = json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Description="first")["Role"]
    assert "MaxSessionDuration" not in made and "RoleLastUsed" not in made
    got = iam.get_role(RoleName=name)["Role"]
    assert got["MaxSessionDuration"] == 3600 and got["RoleLastUsed"] == {}
    iam.update_role(RoleName=name, MaxSessionDuration=7200)
    got = iam.get_role(RoleName=name)["Role"]
    assert (got["Description"], got["MaxSessionDuration"]) == ("first", 7200)
    assert "MaxSessionDuration" not in iam.update_role_description(RoleName=name, Description="second")["Role"]


def test_what_nobody_has(iam, new_name):
    name = new_name("user")
    iam.create_user(UserName=name)
    for call, member in ((iam.list_mfa_devices, "MFADevices"), (iam.list_signing_certificates, "Certificates"),
                         (iam.list_ssh_public_keys, "SSHPublicKeys"),
                         (iam.list_service_specific_credentials, "ServiceSpecificCredentials")):
        assert call(UserName=name)[member] == []
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            call(UserName="none-such")
    with pytest.raises(iam.exceptions.NoSuchEntityException) as error:
        iam.get_login_profile(UserName=name)
    assert error.value.response["Error"]["Message"] == f"Login Profile for User {name} cannot be found."
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert iam.list_saml_providers()["SAMLProviderList"] == []


def test_a_user_that_is_not_there_is_told_of_first(iam):
    with pytest.raises(iam.exceptions.NoSuchEntityException) as error:
        iam.remove_user_from_group(GroupName="none-such", UserName="nobody")
    assert error.value.response["Error"]["Message"] == "The user with name nobody cannot be found."
