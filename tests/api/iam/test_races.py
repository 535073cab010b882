"""Two who change the same things at the same moment: limits hold, and nothing names what is gone."""
import concurrent.futures
import json

from botocore.exceptions import ClientError

from .conftest import allow_document


def together(*calls):
    """The results, in order: None, or the code of the error."""
    def run(call):
        try:
            call()
            return None
        except ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_a_name_is_given_once(iam, new_name):
    for _ in range(5):
        name = new_name("user")
        results = together(*[lambda n=n: iam.create_user(UserName=n) for n in (name, name.upper(), name, name.title())])
        assert sorted(results, key=str) == ["EntityAlreadyExists"] * 3 + [None]


def test_limits_hold(iam, a_user):
    results = together(*[lambda: iam.create_access_key(UserName=a_user)] * 6)
    assert results.count(None) == 2 and set(results) == {None, "LimitExceeded"}
    assert len(iam.list_access_keys(UserName=a_user)["AccessKeyMetadata"]) == 2


def test_a_policy_is_attached_or_gone(iam, user, server, new_name, allow):
    credentials = user(allow("iam:ListUsers"))
    name, own = credentials["UserName"], server.client("iam", credentials=credentials)
    for _ in range(10):
        arn = iam.create_policy(PolicyName=new_name(), PolicyDocument=allow_document())["Policy"]["Arn"]
        attached, deleted = together(lambda: iam.attach_user_policy(UserName=name, PolicyArn=arn),
                                     lambda: iam.delete_policy(PolicyArn=arn))
        assert (attached, deleted) in ((None, "DeleteConflict"), ("NoSuchEntity", None)), (attached, deleted)
        own.list_users()  # what is attached can be read
        listed = [p["PolicyArn"] for p in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]]
        assert (arn in listed) == (attached is None)
        if attached is None:
            iam.detach_user_policy(UserName=name, PolicyArn=arn)


def test_a_group_has_members_or_is_gone(iam, a_user, new_name):
    for _ in range(10):
        group = new_name("group")
        iam.create_group(GroupName=group)
        joined, deleted = together(lambda: iam.add_user_to_group(GroupName=group, UserName=a_user),
                                   lambda: iam.delete_group(GroupName=group))
        assert (joined, deleted) in ((None, "DeleteConflict"), ("NoSuchEntity", None)), (joined, deleted)
        groups = [g["GroupName"] for g in iam.list_groups_for_user(UserName=a_user)["Groups"]]
        assert (group in groups) == (joined is None)
        if joined is None:
            iam.remove_user_from_group(GroupName=group, UserName=a_user)


def test_no_inline_policy_is_lost(iam, a_role):
    names = [f"p{i}" for i in range(8)]
    results = together(*[lambda n=n: iam.put_role_policy(RoleName=a_role, PolicyName=n, PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})) for n in names])
    assert results == [None] * 8
    assert iam.list_role_policies(RoleName=a_role)["PolicyNames"] == names
