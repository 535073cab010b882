"""Users and their access keys: what boto3 scripts and the console do with them, and IAM's own errors."""
import re

import pytest
from botocore.exceptions import ClientError


def test_a_user_comes_back_as_it_was_made(iam, new_name, account):
    name = new_name("User")
    made = iam.create_user(UserName=name, Path="/team/data/", Tags=[{"Key": "Team", "Value": "data"}])["User"]
    assert re.fullmatch("AIDA[A-Z2-7]{17}", made["UserId"])
    assert made["Arn"] == f"arn:aws:iam::{account}:user/team/data/{name}"
    assert made["Path"] == "/team/data/"
    assert made["CreateDate"].microsecond == 0
    got = iam.get_user(UserName=name)["User"]
    assert got == made
    assert got["Tags"] == [{"Key": "Team", "Value": "data"}]


def test_names_are_unique_without_regard_to_case(iam, new_name, refused):
    name = new_name("user")
    iam.create_user(UserName=name)
    refused("EntityAlreadyExists", f"User with name {name.upper()} already exists.",
            lambda: iam.create_user(UserName=name.upper()))


def test_a_user_that_is_not_there(iam, new_name, refused):
    name = new_name("nobody")
    for call in (iam.get_user, iam.delete_user, iam.list_access_keys, iam.create_access_key, iam.list_user_policies,
                 iam.list_attached_user_policies, iam.list_groups_for_user, iam.list_user_tags):
        answer = refused("NoSuchEntity", f"The user with name {name} cannot be found.", lambda c=call: c(UserName=name))
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize("name", ["", "with blank", "a" * 129, "snow☃", "a/b"])
def test_malformed_names_are_refused(iam, name):
    with pytest.raises(ClientError) as caught:
        iam.create_user(UserName=name)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert "userName" in caught.value.response["Error"]["Message"]


def test_pages_of_users(iam, new_name):
    path = f"/{new_name('pages')}/"
    names = sorted(new_name("user") for _ in range(7))
    for name in names:
        iam.create_user(UserName=name, Path=path)
    first = iam.list_users(PathPrefix=path, MaxItems=3)
    assert first["IsTruncated"] and len(first["Users"]) == 3
    pages = list(iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 1]
    assert sorted(user["UserName"] for page in pages for user in page["Users"]) == names
    assert not pages[-1]["IsTruncated"]
    with pytest.raises(ClientError) as caught:
        iam.list_users(PathPrefix="/other/", Marker=first["Marker"])
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_a_renamed_user_keeps_what_it_has(iam, a_user, a_group, new_name, server):
    key = iam.create_access_key(UserName=a_user)["AccessKey"]
    iam.add_user_to_group(GroupName=a_group, UserName=a_user)
    iam.tag_user(UserName=a_user, Tags=[{"Key": "k", "Value": "v"}])
    new = new_name("renamed")
    iam.update_user(UserName=a_user, NewUserName=new, NewPath="/new/")
    user = iam.get_user(UserName=new)["User"]
    assert user["Path"] == "/new/" and user["Tags"] == [{"Key": "k", "Value": "v"}]
    assert [k["AccessKeyId"] for k in iam.list_access_keys(UserName=new)["AccessKeyMetadata"]] == [key["AccessKeyId"]]
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName=new)["Groups"]] == [a_group]
    assert server.client("sts", credentials=key).get_caller_identity()["Arn"] == user["Arn"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName=a_user)


def test_renaming_onto_another_is_refused(iam, a_user, new_name, refused):
    other = new_name("user")
    iam.create_user(UserName=other)
    refused("EntityAlreadyExists", other, lambda: iam.update_user(UserName=a_user, NewUserName=other))
    iam.update_user(UserName=a_user, NewUserName=a_user.upper())  # another case is the same name
    assert iam.get_user(UserName=a_user)["User"]["UserName"] == a_user.upper()


def test_a_user_is_deleted_last(iam, a_user, a_group, a_policy, refused):
    key = iam.create_access_key(UserName=a_user)["AccessKey"]["AccessKeyId"]
    iam.add_user_to_group(GroupName=a_group, UserName=a_user)
    iam.attach_user_policy(UserName=a_user, PolicyArn=a_policy)
    iam.put_user_policy(UserName=a_user, PolicyName="p", PolicyDocument=iam_document())
    delete = lambda: iam.delete_user(UserName=a_user)  # noqa: E731
    refused("DeleteConflict", "must delete policies first", delete)
    iam.delete_user_policy(UserName=a_user, PolicyName="p")
    refused("DeleteConflict", "must detach all policies first", delete)
    iam.detach_user_policy(UserName=a_user, PolicyArn=a_policy)
    refused("DeleteConflict", "must remove users from group first", delete)
    iam.remove_user_from_group(GroupName=a_group, UserName=a_user)
    refused("DeleteConflict", "must delete access keys first", delete)
    iam.delete_access_key(UserName=a_user, AccessKeyId=key)
    delete()
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName=a_user)


def iam_document():
    return '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'


def test_root_gets_itself(iam, account):
    user = iam.get_user()["User"]
    assert user["Arn"] == f"arn:aws:iam::{account}:root"
    assert user["UserId"] == account


def test_access_keys(iam, a_user, server, refused):
    key = iam.create_access_key(UserName=a_user)["AccessKey"]
    assert re.fullmatch("AKIA[A-Z2-7]{16}", key["AccessKeyId"])
    assert re.fullmatch("[A-Za-z0-9+/]{40}", key["SecretAccessKey"])
    assert key["Status"] == "Active" and key["UserName"] == a_user
    sts = server.client("sts", credentials=key)
    assert sts.get_caller_identity()["UserId"] == iam.get_user(UserName=a_user)["User"]["UserId"]

    iam.create_access_key(UserName=a_user)
    refused("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2",
            lambda: iam.create_access_key(UserName=a_user))
    listed = iam.list_access_keys(UserName=a_user)["AccessKeyMetadata"]
    assert len(listed) == 2 and not any("SecretAccessKey" in each for each in listed)

    iam.update_access_key(UserName=a_user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused("InvalidClientTokenId", "invalid", sts.get_caller_identity)
    iam.update_access_key(UserName=a_user, AccessKeyId=key["AccessKeyId"], Status="Active")
    sts.get_caller_identity()
    iam.delete_access_key(UserName=a_user, AccessKeyId=key["AccessKeyId"])
    refused("InvalidClientTokenId", "invalid", sts.get_caller_identity)
    refused("NoSuchEntity", f"The Access Key with id {key['AccessKeyId']} cannot be found.",
            lambda: iam.delete_access_key(UserName=a_user, AccessKeyId=key["AccessKeyId"]))


def test_another_users_key_is_not_found(iam, a_user, new_name, refused):
    other = new_name("user")
    iam.create_user(UserName=other)
    key = iam.create_access_key(UserName=other)["AccessKey"]["AccessKeyId"]
    refused("NoSuchEntity", "cannot be found", lambda: iam.delete_access_key(UserName=a_user, AccessKeyId=key))


def test_last_use_of_a_key(iam, a_user, server):
    key = iam.create_access_key(UserName=a_user)["AccessKey"]
    unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert unused["UserName"] == a_user
    assert unused["AccessKeyLastUsed"]["ServiceName"] == "N/A" and "LastUsedDate" not in unused["AccessKeyLastUsed"]
    server.client("sts", region="eu-west-1", credentials=key).get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert used["ServiceName"] == "sts" and used["Region"] == "eu-west-1" and used["LastUsedDate"]


def test_a_user_manages_its_own_keys_by_name_or_without(iam, user, server, account, allow):
    made = user(allow(["iam:*AccessKey*"], [f"arn:aws:iam::{account}:user/${{aws:username}}"]))
    own = server.client("iam", credentials=made)
    assert [k["UserName"] for k in own.list_access_keys()["AccessKeyMetadata"]] == [made["UserName"]]
    own.create_access_key()
    assert len(own.list_access_keys(UserName=made["UserName"])["AccessKeyMetadata"]) == 2
    other = iam.create_user(UserName=made["UserName"] + "-other")["User"]["UserName"]
    with pytest.raises(ClientError) as caught:
        own.create_access_key(UserName=other)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_tags_of_users(iam, a_user, refused):
    iam.tag_user(UserName=a_user, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    iam.tag_user(UserName=a_user, Tags=[{"Key": "a", "Value": "2"}])
    assert iam.list_user_tags(UserName=a_user)["Tags"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    iam.untag_user(UserName=a_user, TagKeys=["a", "none"])
    assert iam.list_user_tags(UserName=a_user)["Tags"] == [{"Key": "b", "Value": ""}]
    refused("InvalidInput", "Duplicate tag keys",
            lambda: iam.tag_user(UserName=a_user, Tags=[{"Key": "x", "Value": "1"}, {"Key": "X", "Value": "2"}]))
    refused("InvalidInput", "aws:", lambda: iam.tag_user(UserName=a_user, Tags=[{"Key": "aws:x", "Value": "1"}]))
    refused("LimitExceeded", "maximum limit",
            lambda: iam.tag_user(UserName=a_user, Tags=[{"Key": f"k{i}", "Value": "1"} for i in range(50)]))
