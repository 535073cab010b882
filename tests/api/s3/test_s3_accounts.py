"""Why: bucket names are one for all accounts, and what one account's bucket policy grants another must be granted there as well: two
halves that are easily mistaken for one. The server here serves two accounts."""
import json

import pytest
from support.server import Server

FIRST, SECOND = "111122223333", "444455556666"

pytestmark = pytest.mark.own_server


@pytest.fixture(scope="module")
def two():
    with Server(None, "--account", FIRST, "--account", SECOND) as server:
        yield server


@pytest.fixture(scope="module")
def first(two):
    return two.client("s3", account=FIRST)


@pytest.fixture(scope="module")
def second(two):
    return two.client("s3", account=SECOND)


@pytest.fixture
def shared(first, new_name):
    name = new_name("shared")
    first.create_bucket(Bucket=name)
    first.put_object(Bucket=name, Key="k", Body=b"x")
    return name


def grant(bucket, *actions, principal=SECOND):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions),
         "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]})


def user_of(two, account, policy):
    iam = two.client("iam", account=account)
    name = f"user-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    if policy:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return two.client("s3", credentials=iam.create_access_key(UserName=name)["AccessKey"])


def test_names_are_one_for_all_accounts(first, second, shared, refused):
    with refused("BucketAlreadyExists", 409):
        second.create_bucket(Bucket=shared)
    assert shared not in {b["Name"] for b in second.list_buckets()["Buckets"]}
    assert first.list_buckets()["Owner"]["ID"] != second.list_buckets()["Owner"]["ID"]


def test_another_account_has_no_rights(second, shared, refused):
    for call in (lambda: second.get_object(Bucket=shared, Key="k"), lambda: second.put_object(Bucket=shared, Key="k", Body=b""),
                 lambda: second.list_objects_v2(Bucket=shared), lambda: second.delete_bucket(Bucket=shared),
                 lambda: second.get_bucket_policy(Bucket=shared)):
        with refused("AccessDenied", 403):
            call()


def test_a_policy_lets_another_account_in(two, first, second, shared, refused):
    first.put_bucket_policy(Bucket=shared, Policy=grant(shared, "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"))
    assert second.get_object(Bucket=shared, Key="k")["Body"].read() == b"x"
    with refused("AccessDenied", 403):
        second.list_objects_v2(Bucket=shared)
    # The account is let in; its users need the right from their own account as well.
    with refused("AccessDenied", 403):
        user_of(two, SECOND, None).get_object(Bucket=shared, Key="k")
    reader = user_of(two, SECOND, {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{shared}/*"}]})
    assert reader.get_object(Bucket=shared, Key="k")["Body"].read() == b"x"
    with refused("AccessDenied", 403):
        reader.put_object(Bucket=shared, Key="k", Body=b"")
    # What the other account puts is the bucket owner's.
    second.put_object(Bucket=shared, Key="theirs", Body=b"y", ACL="bucket-owner-full-control")
    assert first.get_object(Bucket=shared, Key="theirs")["Body"].read() == b"y"
    owners = {o["Owner"]["ID"] for o in first.list_objects(Bucket=shared)["Contents"]}
    assert owners == {first.list_buckets()["Owner"]["ID"]}


def test_policies_are_the_owning_accounts_own(first, second, shared, refused):
    first.put_bucket_policy(Bucket=shared, Policy=grant(shared, "s3:*"))
    for call in (lambda: second.get_bucket_policy(Bucket=shared), lambda: second.delete_bucket_policy(Bucket=shared),
                 lambda: second.put_bucket_policy(Bucket=shared, Policy=grant(shared, "s3:*"))):
        with refused("MethodNotAllowed", 405):
            call()
    assert second.list_objects_v2(Bucket=shared)["KeyCount"] == 1


def test_expected_owner(first, second, shared, refused):
    assert first.head_bucket(Bucket=shared, ExpectedBucketOwner=FIRST)
    first.put_bucket_policy(Bucket=shared, Policy=grant(shared, "s3:PutObject"))
    with refused("AccessDenied", 403):
        second.put_object(Bucket=shared, Key="z", Body=b"", ExpectedBucketOwner=SECOND)
    with refused("AccessDenied", 403):
        first.copy_object(Bucket=shared, Key="z", CopySource=f"{shared}/k", ExpectedSourceBucketOwner=SECOND)
