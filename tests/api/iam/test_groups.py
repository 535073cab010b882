"""Groups: members, and their policies' effect on them."""
import re

import pytest

from .conftest import allow_document


def test_a_group_and_its_members(iam, a_group, account, new_name):
    group = iam.get_group(GroupName=a_group)["Group"]
    assert re.fullmatch("AGPA[A-Z2-7]{17}", group["GroupId"])
    assert group["Arn"] == f"arn:aws:iam::{account}:group/{a_group}"
    users = sorted(new_name("user") for _ in range(3))
    for name in users:
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName=a_group, UserName=name)
        iam.add_user_to_group(GroupName=a_group, UserName=name)  # a second time changes nothing
    assert sorted(u["UserName"] for u in iam.get_group(GroupName=a_group)["Users"]) == users
    first = iam.get_group(GroupName=a_group, MaxItems=2)
    assert first["IsTruncated"] and len(first["Users"]) == 2
    assert len(iam.get_group(GroupName=a_group, Marker=first["Marker"])["Users"]) == 1
    iam.remove_user_from_group(GroupName=a_group, UserName=users[0])
    assert sorted(u["UserName"] for u in iam.get_group(GroupName=a_group)["Users"]) == users[1:]


def test_a_renamed_group_keeps_its_members(iam, a_group, a_user, new_name, refused):
    iam.add_user_to_group(GroupName=a_group, UserName=a_user)
    new = new_name("renamed")
    iam.update_group(GroupName=a_group, NewGroupName=new, NewPath="/g/")
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName=a_user)["Groups"]] == [new]
    assert [u["UserName"] for u in iam.get_group(GroupName=new)["Users"]] == [a_user]
    refused("NoSuchEntity", f"The group with name {a_group} cannot be found.", lambda: iam.get_group(GroupName=a_group))


def test_a_group_is_deleted_empty(iam, a_group, a_user, a_policy, refused):
    iam.add_user_to_group(GroupName=a_group, UserName=a_user)
    iam.attach_group_policy(GroupName=a_group, PolicyArn=a_policy)
    iam.put_group_policy(GroupName=a_group, PolicyName="p", PolicyDocument=allow_document())
    delete = lambda: iam.delete_group(GroupName=a_group)  # noqa: E731
    refused("DeleteConflict", "must delete policies first", delete)
    iam.delete_group_policy(GroupName=a_group, PolicyName="p")
    refused("DeleteConflict", "must detach all policies first", delete)
    iam.detach_group_policy(GroupName=a_group, PolicyArn=a_policy)
    refused("DeleteConflict", "must remove users from group first", delete)
    iam.remove_user_from_group(GroupName=a_group, UserName=a_user)
    delete()


def test_ten_groups_at_most(iam, a_user, new_name, refused):
    names = [new_name("group") for _ in range(11)]
    for name in names:
        iam.create_group(GroupName=name)
    for name in names[:10]:
        iam.add_user_to_group(GroupName=name, UserName=a_user)
    refused("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10",
            lambda: iam.add_user_to_group(GroupName=names[10], UserName=a_user))


def test_errors(iam, a_group, a_user, new_name, refused):
    refused("EntityAlreadyExists", f"Group with name {a_group} already exists.",
            lambda: iam.create_group(GroupName=a_group))
    refused("NoSuchEntity", "The user with name", lambda: iam.add_user_to_group(GroupName=a_group, UserName=new_name()))
    refused("NoSuchEntity", "The group with name", lambda: iam.add_user_to_group(GroupName=new_name(), UserName=a_user))


def test_a_groups_policies_are_its_members(iam, a_group, user_client, user, server):
    credentials = user()
    member = server.client("iam", credentials=credentials)
    with pytest.raises(member.exceptions.ClientError) as caught:
        member.list_groups()
    assert "because no identity-based policy allows the iam:ListGroups action" in str(caught.value)
    iam.put_group_policy(GroupName=a_group, PolicyName="list", PolicyDocument=allow_document("iam:ListGroups"))
    iam.add_user_to_group(GroupName=a_group, UserName=credentials["UserName"])
    member.list_groups()
    iam.delete_group_policy(GroupName=a_group, PolicyName="list")
    iam.attach_group_policy(GroupName=a_group, PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    member.list_groups()
    iam.remove_user_from_group(GroupName=a_group, UserName=credentials["UserName"])
    with pytest.raises(member.exceptions.ClientError):
        member.list_groups()
