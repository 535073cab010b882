"""What concerns the whole account, and the simulation of policies."""
import pytest

from .conftest import SERVICE_TRUST, allow_document, document


def test_summary_counts(iam, a_user, a_group, a_role, a_policy):
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["Users"] >= 1 and summary["Groups"] >= 1 and summary["Roles"] >= 1 and summary["Policies"] >= 1
    assert summary["AccessKeysPerUserQuota"] == 2


def test_the_alias(iam, new_name, refused):
    first, second = new_name("alias"), new_name("alias")
    iam.create_account_alias(AccountAlias=first)
    iam.create_account_alias(AccountAlias=second)  # takes the first one's place
    assert iam.list_account_aliases()["AccountAliases"] == [second]
    refused("NoSuchEntity", first, lambda: iam.delete_account_alias(AccountAlias=first))
    iam.delete_account_alias(AccountAlias=second)
    assert iam.list_account_aliases()["AccountAliases"] == []


@pytest.mark.own_server
def test_the_password_policy(refused):
    from support.server import Server
    with Server() as own:
        iam = own.client("iam")
        none = ("NoSuchEntity", f"The Password Policy with domain name {own.account} cannot be found.", iam.get_account_password_policy)
        refused(*none)
        refused("NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.", iam.delete_account_password_policy)
        iam.update_account_password_policy(MinimumPasswordLength=10, RequireSymbols=True, MaxPasswordAge=60, PasswordReusePrevention=3,
                                           HardExpiry=True)
        told = iam.get_account_password_policy()["PasswordPolicy"]
        assert told == {"MinimumPasswordLength": 10, "RequireSymbols": True, "RequireNumbers": False, "RequireUppercaseCharacters": False,
                        "RequireLowercaseCharacters": False, "AllowUsersToChangePassword": False, "ExpirePasswords": True,
                        "MaxPasswordAge": 60, "PasswordReusePrevention": 3, "HardExpiry": True}
        iam.update_account_password_policy()  # what is left out gets its default
        assert iam.get_account_password_policy()["PasswordPolicy"] == {
            "MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": False, "RequireUppercaseCharacters": False,
            "RequireLowercaseCharacters": False, "AllowUsersToChangePassword": False, "ExpirePasswords": False}
        iam.delete_account_password_policy()
        refused(*none)


def test_everything_at_once(iam, a_user, a_group, a_role, a_policy):
    iam.add_user_to_group(GroupName=a_group, UserName=a_user)
    iam.attach_user_policy(UserName=a_user, PolicyArn=a_policy)
    iam.put_role_policy(RoleName=a_role, PolicyName="p", PolicyDocument=allow_document())
    details = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for page in iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 7}):
        for kind in details:
            details[kind] += page[kind]
    user = next(u for u in details["UserDetailList"] if u["UserName"] == a_user)
    assert user["GroupList"] == [a_group] and user["AttachedManagedPolicies"][0]["PolicyArn"] == a_policy
    role = next(r for r in details["RoleDetailList"] if r["RoleName"] == a_role)
    assert role["RolePolicyList"][0]["PolicyName"] == "p"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    policy = next(p for p in details["Policies"] if p["Arn"] == a_policy)
    assert policy["AttachmentCount"] == 1 and policy["PolicyVersionList"][0]["IsDefaultVersion"]
    only = iam.get_account_authorization_details(Filter=["Group"], MaxItems=1000)
    assert a_group in [g["GroupName"] for g in only["GroupDetailList"]] and only["UserDetailList"] == []


def test_unanswered_operations_are_named(iam, a_user, refused):
    with pytest.raises(iam.exceptions.ClientError) as caught:
        iam.create_login_profile(UserName=a_user, Password="Secret123!")
    assert "CreateLoginProfile" in str(caught.value)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def decisions(answer):
    return {(r["EvalActionName"], r["EvalResourceName"]): r["EvalDecision"] for r in answer["EvaluationResults"]}


def test_simulating_a_principal(iam, a_user, a_policy, account):
    arn = f"arn:aws:iam::{account}:user/{a_user}"
    iam.put_user_policy(UserName=a_user, PolicyName="p", PolicyDocument=document(
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
        {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::${aws:username}/*"},
        {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:DeleteObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::b/k", "arn:aws:s3:::c/k", f"arn:aws:s3:::{a_user}/k"])
    got = decisions(answer)
    assert got["s3:GetObject", "arn:aws:s3:::b/k"] == "allowed"
    assert got["s3:GetObject", "arn:aws:s3:::c/k"] == "implicitDeny"
    assert got["s3:DeleteObject", "arn:aws:s3:::b/k"] == "explicitDeny"
    assert got["s3:PutObject", f"arn:aws:s3:::{a_user}/k"] == "allowed"
    matched = answer["EvaluationResults"][0]["MatchedStatements"]
    assert matched[0]["SourcePolicyType"] == "user" and "p" in matched[0]["SourcePolicyId"]

    region = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["ec2:RunInstances"])["EvaluationResults"][0]
    assert region["EvalDecision"] == "implicitDeny" and region["MissingContextValues"] == ["aws:requestedregion"]
    region = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["ec2:RunInstances"],
        ContextEntries=[{"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string", "ContextKeyValues": ["eu-west-1"]}])
    assert region["EvaluationResults"][0]["EvalDecision"] == "allowed"

    iam.put_user_permissions_boundary(UserName=a_user, PermissionsBoundary=a_policy)  # s3:ListBucket alone
    result = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject"], ResourceArns=["arn:aws:s3:::b/k"])
    assert result["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"
    assert result["EvaluationResults"][0]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_simulating_roles_and_groups(iam, a_role, a_group, account):
    iam.attach_role_policy(RoleName=a_role, PolicyArn="arn:aws:iam::aws:policy/AmazonRedshiftAllCommandsFullAccess")
    got = decisions(iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{account}:role/{a_role}", ActionNames=["s3:PutObject"],
        ResourceArns=["arn:aws:s3:::my-redshift-out/x", "arn:aws:s3:::other/x"]))
    assert list(got.values()) == ["allowed", "implicitDeny"]
    iam.put_group_policy(GroupName=a_group, PolicyName="p", PolicyDocument=allow_document("sns:Publish"))
    got = decisions(iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{account}:group/{a_group}",
                                                  ActionNames=["sns:Publish", "sns:Subscribe"]))
    assert list(got.values()) == ["allowed", "implicitDeny"]


def test_simulating_documents(iam, a_user, account, refused):
    got = decisions(iam.simulate_custom_policy(PolicyInputList=[allow_document("s3:Get*", "arn:aws:s3:::b/*")],
                                               ActionNames=["s3:GetObject"], ResourceArns=["arn:aws:s3:::b/k", "arn:aws:s3:::c/k"]))
    assert list(got.values()) == ["allowed", "implicitDeny"]
    bucket_policy = document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:user/{a_user}"},
                              "Action": "s3:GetObject", "Resource": "arn:aws:s3:::c/*"})
    got = decisions(iam.simulate_custom_policy(
        PolicyInputList=[allow_document("sns:*")], ResourcePolicy=bucket_policy, CallerArn=f"arn:aws:iam::{account}:user/{a_user}",
        ActionNames=["s3:GetObject"], ResourceArns=["arn:aws:s3:::c/k"]))
    assert list(got.values()) == ["allowed"]
    refused("InvalidInput", "CallerArn", lambda: iam.simulate_custom_policy(
        PolicyInputList=[allow_document()], ResourcePolicy=bucket_policy, ActionNames=["s3:GetObject"]))
    refused("MalformedPolicyDocument", "Syntax errors", lambda: iam.simulate_custom_policy(
        PolicyInputList=["nonsense"], ActionNames=["s3:GetObject"]))
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[allow_document("s3:*")], ActionNames=[f"s3:Action{i}" for i in range(10)], PaginationConfig={"PageSize": 4})
    assert [len(page["EvaluationResults"]) for page in pages] == [4, 4, 2]


def test_context_keys(iam, a_role, account):
    text = allow_document(resources="arn:aws:s3:::${aws:PrincipalTag/Team}/*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"] == [
        "aws:principaltag/team", "aws:sourceip"]
    iam.put_role_policy(RoleName=a_role, PolicyName="p", PolicyDocument=text)
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=f"arn:aws:iam::{account}:role/{a_role}")[
        "ContextKeyNames"] == ["aws:principaltag/team", "aws:sourceip"]


@pytest.mark.own_server
def test_everything_is_there_after_a_restart():
    from support.server import Server
    with Server() as own:
        iam = own.client("iam")
        iam.create_user(UserName="alice")
        key = iam.create_access_key(UserName="alice")["AccessKey"]
        arn = iam.create_policy(PolicyName="p", PolicyDocument=allow_document("iam:ListUsers"))["Policy"]["Arn"]
        iam.create_group(GroupName="g")
        iam.add_user_to_group(GroupName="g", UserName="alice")
        iam.attach_group_policy(GroupName="g", PolicyArn=arn)
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=SERVICE_TRUST)
        before = iam.get_account_authorization_details()
        own.kill()
        own.start()
        after = own.client("iam").get_account_authorization_details()
        for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
            assert before[kind] == after[kind]
        assert own.client("iam", credentials=key).list_users()["Users"][0]["UserName"] == "alice"
