"""Managed policies and their versions, inline policies, attachments, boundaries; and that what they say is in force."""
import re

import pytest
from botocore.exceptions import ClientError

from .conftest import allow_document, document

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_a_policy_comes_back_as_it_was_made(iam, new_name, account):
    name = new_name("Policy")
    text = allow_document("s3:GetObject", "arn:aws:s3:::ä%/*")
    made = iam.create_policy(PolicyName=name, Path="/p/", Description="d", PolicyDocument=text)["Policy"]
    assert re.fullmatch("ANPA[A-Z2-7]{17}", made["PolicyId"])
    assert made["Arn"] == f"arn:aws:iam::{account}:policy/p/{name}"
    assert made["DefaultVersionId"] == "v1" and made["AttachmentCount"] == 0 and made["IsAttachable"]
    got = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert got["Description"] == "d" and got["PolicyId"] == made["PolicyId"]
    version = iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"]["Statement"][0]["Resource"] == "arn:aws:s3:::ä%/*" and version["IsDefaultVersion"]


def test_versions(iam, a_policy, refused):
    for i in range(2, 6):
        made = iam.create_policy_version(PolicyArn=a_policy, PolicyDocument=allow_document(f"s3:List{i}"), SetAsDefault=i == 3)
        assert made["PolicyVersion"]["VersionId"] == f"v{i}"
    refused("LimitExceeded", "up to 5 versions",
            lambda: iam.create_policy_version(PolicyArn=a_policy, PolicyDocument=allow_document()))
    versions = iam.list_policy_versions(PolicyArn=a_policy)["Versions"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in versions] == [
        ("v5", False), ("v4", False), ("v3", True), ("v2", False), ("v1", False)]
    refused("DeleteConflict", "Cannot delete the default version of a policy.",
            lambda: iam.delete_policy_version(PolicyArn=a_policy, VersionId="v3"))
    refused("DeleteConflict", "more than one version", lambda: iam.delete_policy(PolicyArn=a_policy))
    iam.set_default_policy_version(PolicyArn=a_policy, VersionId="v5")
    iam.delete_policy_version(PolicyArn=a_policy, VersionId="v3")
    made = iam.create_policy_version(PolicyArn=a_policy, PolicyDocument=allow_document())
    assert made["PolicyVersion"]["VersionId"] == "v6"  # a number is never given twice
    refused("NoSuchEntity", "version v3 does not exist", lambda: iam.get_policy_version(PolicyArn=a_policy, VersionId="v3"))
    for version in ("v1", "v2", "v4", "v6"):
        iam.delete_policy_version(PolicyArn=a_policy, VersionId=version)
    iam.delete_policy(PolicyArn=a_policy)
    refused("NoSuchEntity", f"Policy {a_policy} was not found.", lambda: iam.get_policy(PolicyArn=a_policy))


@pytest.mark.parametrize("text,message", [
    ("not json", "Syntax errors in policy."),
    ('{"Version":"2012-10-17"}', "Syntax errors in policy."),
    ('{"Version":"2020-01-01","Statement":[]}', "Syntax errors in policy."),
    (document({"Effect": "Allow", "Action": "GetObject", "Resource": "*"}), "must be prefaced by a vendor"),
    (document({"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}), 'Resource bucket must be in ARN format or "*".'),
    (document({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
    (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
    (document({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}),
     "Policy document should not specify a principal."),
    (document({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Like": {"a:b": "c"}}}),
     "Syntax errors in policy."),
])
def test_malformed_documents(iam, a_user, new_name, refused, text, message):
    refused("MalformedPolicyDocument", message, lambda: iam.create_policy(PolicyName=new_name(), PolicyDocument=text))
    refused("MalformedPolicyDocument", message,
            lambda: iam.put_user_policy(UserName=a_user, PolicyName="p", PolicyDocument=text))


def test_sizes(iam, a_user, a_role, new_name, refused):
    def of_size(n):
        return allow_document(resources="arn:aws:s3:::" + "x" * n)

    refused("LimitExceeded", "Cannot exceed quota for PolicySize: 6144",
            lambda: iam.create_policy(PolicyName=new_name(), PolicyDocument=of_size(6144)))
    iam.create_policy(PolicyName=new_name(), PolicyDocument=of_size(100) + " " * 8000)  # white space is not counted
    refused("LimitExceeded", f"Maximum policy size of 2048 bytes exceeded for user {a_user}",
            lambda: iam.put_user_policy(UserName=a_user, PolicyName="p", PolicyDocument=of_size(2048)))
    iam.put_role_policy(RoleName=a_role, PolicyName="a", PolicyDocument=of_size(6000))
    refused("LimitExceeded", f"Maximum policy size of 10240 bytes exceeded for role {a_role}",
            lambda: iam.put_role_policy(RoleName=a_role, PolicyName="b", PolicyDocument=of_size(6000)))
    iam.put_role_policy(RoleName=a_role, PolicyName="a", PolicyDocument=of_size(8000))  # replaces, does not add


ATTACHING = {
    "user": ("attach_user_policy", "detach_user_policy", "list_attached_user_policies"),
    "group": ("attach_group_policy", "detach_group_policy", "list_attached_group_policies"),
    "role": ("attach_role_policy", "detach_role_policy", "list_attached_role_policies"),
}


@pytest.mark.parametrize("kind", ATTACHING)
def test_attachments(iam, a_user, a_group, a_role, a_policy, kind, refused):
    owner = {f"{kind.title()}Name": {"user": a_user, "group": a_group, "role": a_role}[kind]}
    attach, detach, listed = (getattr(iam, name) for name in ATTACHING[kind])
    attach(**owner, PolicyArn=a_policy)
    attach(**owner, PolicyArn=a_policy)  # once is enough
    attach(**owner, PolicyArn=ADMIN)
    assert {p["PolicyArn"]: p["PolicyName"] for p in listed(**owner)["AttachedPolicies"]} == {
        a_policy: a_policy.rsplit("/")[-1], ADMIN: "AdministratorAccess"}
    assert iam.get_policy(PolicyArn=a_policy)["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=a_policy)
    assert [e[f"{kind.title()}Name"] for e in entities[f"Policy{kind.title()}s"]] == list(owner.values())
    refused("DeleteConflict", "Cannot delete a policy attached to entities.", lambda: iam.delete_policy(PolicyArn=a_policy))
    detach(**owner, PolicyArn=a_policy)
    refused("NoSuchEntity", f"Policy {a_policy} was not found.", lambda: detach(**owner, PolicyArn=a_policy))
    refused("NoSuchEntity", "does not exist or is not attachable", lambda: attach(**owner, PolicyArn=a_policy + "x"))
    refused("InvalidInput", "ARN this-is-no-arn-at-all-really is not valid.",
            lambda: attach(**owner, PolicyArn="this-is-no-arn-at-all-really"))


def test_ten_attached_at_most(iam, a_user, new_name, refused):
    arns = [iam.create_policy(PolicyName=new_name(), PolicyDocument=allow_document())["Policy"]["Arn"] for _ in range(11)]
    for arn in arns[:10]:
        iam.attach_user_policy(UserName=a_user, PolicyArn=arn)
    refused("LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10",
            lambda: iam.attach_user_policy(UserName=a_user, PolicyArn=arns[10]))
    pages = iam.get_paginator("list_attached_user_policies").paginate(UserName=a_user, PaginationConfig={"PageSize": 4})
    assert sorted(p["PolicyArn"] for page in pages for p in page["AttachedPolicies"]) == sorted(arns[:10])


INLINE = {
    "user": ("put_user_policy", "get_user_policy", "list_user_policies", "delete_user_policy"),
    "group": ("put_group_policy", "get_group_policy", "list_group_policies", "delete_group_policy"),
    "role": ("put_role_policy", "get_role_policy", "list_role_policies", "delete_role_policy"),
}


@pytest.mark.parametrize("kind", INLINE)
def test_inline_policies(iam, a_user, a_group, a_role, kind, refused):
    owner = {f"{kind.title()}Name": {"user": a_user, "group": a_group, "role": a_role}[kind]}
    put, get, listed, delete = (getattr(iam, name) for name in INLINE[kind])
    put(**owner, PolicyName="one", PolicyDocument=allow_document("s3:GetObject"))
    put(**owner, PolicyName="two", PolicyDocument=allow_document("s3:PutObject"))
    put(**owner, PolicyName="one", PolicyDocument=allow_document("s3:DeleteObject"))
    assert listed(**owner)["PolicyNames"] == ["one", "two"]
    got = get(**owner, PolicyName="one")
    assert got["PolicyDocument"]["Statement"][0]["Action"] == "s3:DeleteObject" and got["PolicyName"] == "one"
    delete(**owner, PolicyName="one")
    refused("NoSuchEntity", f"The {kind} policy with name one cannot be found.", lambda: get(**owner, PolicyName="one"))
    assert listed(**owner)["PolicyNames"] == ["two"]


def test_aws_managed_policies(iam, refused):
    policy = iam.get_policy(PolicyArn=ADMIN)["Policy"]
    assert policy["PolicyName"] == "AdministratorAccess" and policy["DefaultVersionId"] == "v1"
    arn = "arn:aws:iam::aws:policy/AmazonRedshiftAllCommandsFullAccess"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    text = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert len(text["Statement"]) == 14
    listed = [p["Arn"] for page in iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 5})
              for p in page["Policies"]]
    assert ADMIN in listed and len(listed) == len(set(listed)) and all(a.startswith("arn:aws:iam::aws:") for a in listed)
    refused("NoSuchEntity", "AdministratorAccess, AmazonAthenaFullAccess",
            lambda: iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy"))
    refused("AccessDenied", "cannot be changed", lambda: iam.delete_policy(PolicyArn=ADMIN))


def test_lists_of_policies(iam, a_policy, a_user):
    def arns(**filters):
        pages = iam.get_paginator("list_policies").paginate(**filters)
        return [p["Arn"] for page in pages for p in page["Policies"]]

    assert a_policy in arns(Scope="Local") and ADMIN not in arns(Scope="Local")
    assert a_policy not in arns(OnlyAttached=True)
    iam.attach_user_policy(UserName=a_user, PolicyArn=a_policy)
    assert a_policy in arns(OnlyAttached=True)
    assert a_policy not in arns(PolicyUsageFilter="PermissionsBoundary")
    iam.put_user_permissions_boundary(UserName=a_user, PermissionsBoundary=a_policy)
    assert a_policy in arns(PolicyUsageFilter="PermissionsBoundary")


def test_tags_of_policies(iam, a_policy):
    iam.tag_policy(PolicyArn=a_policy, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_policy(PolicyArn=a_policy, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=a_policy)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert iam.get_policy(PolicyArn=a_policy)["Policy"]["Tags"] == [{"Key": "b", "Value": "2"}]


# --- in force -----------------------------------------------------------------------------------------------------------

def denied(call, *texts):
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDenied", error
    for text in texts:
        assert text in error["Message"], error


def test_a_new_version_is_in_force_at_once(iam, user, server, new_name):
    credentials = user()
    arn = iam.create_policy(PolicyName=new_name(), PolicyDocument=allow_document("iam:ListUsers"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=credentials["UserName"], PolicyArn=arn)
    one = server.client("iam", credentials=credentials)
    one.list_users()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow_document("iam:ListRoles"), SetAsDefault=True)
    one.list_roles()
    denied(one.list_users, "because no identity-based policy allows the iam:ListUsers action")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    one.list_users()


def test_a_denial_says_who_what_and_why(user, server, account, allow):
    credentials = user(allow("iam:GetUser"))
    one = server.client("iam", credentials=credentials)
    name = credentials["UserName"]
    one.get_user()
    denied(lambda: one.delete_user(UserName=name),
           f"User: arn:aws:iam::{account}:user/{name} is not authorized to perform: iam:DeleteUser on resource: "
           f"arn:aws:iam::{account}:user/{name} because no identity-based policy allows the iam:DeleteUser action")


def test_a_boundary_limits(iam, user, server, allow, a_policy):
    credentials = user(allow("iam:*"))
    one = server.client("iam", credentials=credentials)
    one.list_users()
    boundary = iam.create_policy(PolicyName=credentials["UserName"], PolicyDocument=allow_document("iam:ListRoles"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=credentials["UserName"], PermissionsBoundary=boundary)
    one.list_roles()
    denied(one.list_users, "because no permissions boundary allows the iam:ListUsers action")
    iam.delete_user_permissions_boundary(UserName=credentials["UserName"])
    one.list_users()


def test_an_explicit_deny_wins(iam, user, server):
    credentials = user({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:List*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]})
    one = server.client("iam", credentials=credentials)
    denied(one.list_users, "with an explicit deny in an identity-based policy")


def test_tags_decide(iam, user, server, a_role, new_name):
    credentials = user({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:GetRole", "iam:UpdateRole"], "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}},
        {"Effect": "Allow", "Action": "iam:CreatePolicy", "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestTag/team": "data"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}}]})
    one = server.client("iam", credentials=credentials)
    denied(lambda: one.get_role(RoleName=a_role))
    iam.tag_user(UserName=credentials["UserName"], Tags=[{"Key": "team", "Value": "data"}])
    denied(lambda: one.get_role(RoleName=a_role))
    iam.tag_role(RoleName=a_role, Tags=[{"Key": "team", "Value": "data"}])
    one.get_role(RoleName=a_role)
    denied(lambda: one.create_policy(PolicyName=new_name(), PolicyDocument=allow_document()))
    denied(lambda: one.create_policy(PolicyName=new_name(), PolicyDocument=allow_document(),
                                     Tags=[{"Key": "team", "Value": "data"}, {"Key": "x", "Value": "y"}]))
    one.create_policy(PolicyName=new_name(), PolicyDocument=allow_document(), Tags=[{"Key": "team", "Value": "data"}])


def test_which_policies_may_be_attached(iam, user, server, a_role, a_policy):
    credentials = user({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*",
         "Condition": {"ArnEquals": {"iam:PolicyARN": a_policy}}}]})
    one = server.client("iam", credentials=credentials)
    one.attach_role_policy(RoleName=a_role, PolicyArn=a_policy)
    denied(lambda: one.attach_role_policy(RoleName=a_role, PolicyArn=ADMIN), "iam:AttachRolePolicy")


def test_delegation_by_boundary(iam, user, server, a_policy, new_name):
    """AWS's pattern: may create users, but only ones within a boundary."""
    credentials = user({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:CreateUser", "iam:PutUserPolicy"], "Resource": "*",
         "Condition": {"StringEquals": {"iam:PermissionsBoundary": a_policy}}}]})
    one = server.client("iam", credentials=credentials)
    denied(lambda: one.create_user(UserName=new_name()))
    name = new_name("bounded")
    one.create_user(UserName=name, PermissionsBoundary=a_policy)
    one.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=allow_document("*"))
    free = new_name("free")
    iam.create_user(UserName=free)
    denied(lambda: one.put_user_policy(UserName=free, PolicyName="p", PolicyDocument=allow_document("*")))
