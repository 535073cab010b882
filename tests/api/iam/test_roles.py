"""Roles, their trust policies and instance profiles."""
import re

import pytest

from .conftest import SERVICE_TRUST, allow_document, document, trust_document


def test_a_role_comes_back_as_it_was_made(iam, new_name, account, a_policy):
    name = new_name("Role")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE_TRUST, Path="/service-role/", Description="d",
                           MaxSessionDuration=7200, PermissionsBoundary=a_policy, Tags=[{"Key": "k", "Value": "v"}])["Role"]
    assert re.fullmatch("AROA[A-Z2-7]{17}", made["RoleId"])
    assert made["Arn"] == f"arn:aws:iam::{account}:role/service-role/{name}"
    got = iam.get_role(RoleName=name)["Role"]
    assert (got.pop("MaxSessionDuration"), got.pop("RoleLastUsed")) == (7200, {})
    assert got == made
    assert got["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "redshift.amazonaws.com"}
    assert got["PermissionsBoundary"] == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": a_policy}
    assert got["Description"] == "d" and got["Tags"] == [{"Key": "k", "Value": "v"}]
    listed = next(r for p in iam.get_paginator("list_roles").paginate(PathPrefix="/service-role/") for r in p["Roles"]
                  if r["RoleName"] == name)
    assert "Tags" not in listed and "PermissionsBoundary" not in listed


@pytest.mark.parametrize("trust,text", [
    ("{", "This policy contains invalid Json"),
    (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
    (document({"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*"}),
     "AssumeRole policy may only specify STS AssumeRole actions."),
    (document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*", "Resource": "*"}),
     "Has prohibited field Resource"),
    (trust_document({"AWS": "somebody"}), 'Invalid principal in policy: "AWS":"somebody"'),
])
def test_malformed_trust_policies(iam, new_name, refused, trust, text):
    refused("MalformedPolicyDocument", text, lambda: iam.create_role(RoleName=new_name(), AssumeRolePolicyDocument=trust))


def test_a_trust_policy_names_users_and_roles_that_are_there(iam, a_role, a_user, account, refused):
    nobody = f"arn:aws:iam::{account}:user/{a_user}-not-there"
    refused("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{nobody}"',
            lambda: iam.update_assume_role_policy(RoleName=a_role, PolicyDocument=trust_document({"AWS": nobody})))
    user = iam.get_user(UserName=a_user)["User"]["Arn"]
    iam.update_assume_role_policy(RoleName=a_role, PolicyDocument=trust_document({"AWS": user}))
    assert iam.get_role(RoleName=a_role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": user}


def test_a_trust_policy_is_bound_to_the_very_user(iam, a_role, user, server, account, new_name):
    """A user that is deleted and made anew under the same name is another one, which the role does not trust."""
    credentials = user()
    name = credentials["UserName"]
    arn, user_id = f"arn:aws:iam::{account}:user/{name}", iam.get_user(UserName=name)["User"]["UserId"]
    text = trust_document({"AWS": [arn]}, Condition={"ArnNotEquals": {"aws:SourceArn": arn}})
    iam.update_assume_role_policy(RoleName=a_role, PolicyDocument=text)
    role = f"arn:aws:iam::{account}:role/{a_role}"

    def shown():
        statement = iam.get_role(RoleName=a_role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
        assert statement["Condition"] == {"ArnNotEquals": {"aws:SourceArn": arn}}
        return statement["Principal"]["AWS"]

    def assume(key):
        server.client("sts", credentials=key).assume_role(RoleArn=role, RoleSessionName="ss")

    assert shown() == [arn]
    assume(credentials)
    renamed = new_name("renamed")
    iam.update_user(UserName=name, NewUserName=renamed)
    assert shown() == [f"arn:aws:iam::{account}:user/{renamed}"]
    assume(credentials)
    iam.delete_access_key(UserName=renamed, AccessKeyId=credentials["AccessKeyId"])
    iam.delete_user(UserName=renamed)
    assert shown() == [user_id]
    iam.create_user(UserName=name)
    assert shown() == [user_id]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    with pytest.raises(iam.exceptions.ClientError) as caught:
        assume(key)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    iam.update_assume_role_policy(RoleName=a_role, PolicyDocument=text)
    assume(key)


def test_boundaries_of_roles(iam, a_role, a_policy, refused):
    iam.put_role_permissions_boundary(RoleName=a_role, PermissionsBoundary=a_policy)
    assert iam.get_role(RoleName=a_role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == a_policy
    refused("DeleteConflict", "attached to entities", lambda: iam.delete_policy(PolicyArn=a_policy))
    assert iam.list_entities_for_policy(PolicyArn=a_policy, PolicyUsageFilter="PermissionsBoundary")["PolicyRoles"]
    iam.delete_role_permissions_boundary(RoleName=a_role)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=a_role)["Role"]
    refused("NoSuchEntity", a_role, lambda: iam.delete_role_permissions_boundary(RoleName=a_role))


def test_tags_of_roles(iam, a_role):
    iam.tag_role(RoleName=a_role, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_role(RoleName=a_role, TagKeys=["a"])
    assert iam.list_role_tags(RoleName=a_role)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_updates(iam, a_role):
    iam.update_role(RoleName=a_role, Description="new", MaxSessionDuration=43200)
    role = iam.get_role(RoleName=a_role)["Role"]
    assert role["Description"] == "new" and role["MaxSessionDuration"] == 43200
    assert iam.update_role_description(RoleName=a_role, Description="newer")["Role"]["Description"] == "newer"


@pytest.mark.parametrize("seconds", [3599, 43201])
def test_session_durations_out_of_range(iam, a_role, seconds, refused):
    refused("ValidationError", "", lambda: iam.update_role(RoleName=a_role, MaxSessionDuration=seconds))


def test_errors(iam, a_role, new_name, refused):
    refused("EntityAlreadyExists", f"Role with name {a_role} already exists.",
            lambda: iam.create_role(RoleName=a_role, AssumeRolePolicyDocument=SERVICE_TRUST))
    name = new_name("none")
    for call in (iam.get_role, iam.delete_role, iam.list_role_policies, iam.list_attached_role_policies, iam.list_role_tags,
                 iam.list_instance_profiles_for_role):
        refused("NoSuchEntity", f"The role with name {name} cannot be found.", lambda c=call: c(RoleName=name))
    refused("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048",
            lambda: iam.update_assume_role_policy(RoleName=a_role, PolicyDocument=trust_document(
                {"Service": [f"service-{i}.amazonaws.com" for i in range(100)]})))


def test_a_role_is_deleted_last(iam, a_role, a_policy, new_name, refused):
    profile = new_name("profile")
    iam.create_instance_profile(InstanceProfileName=profile)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=a_role)
    iam.attach_role_policy(RoleName=a_role, PolicyArn=a_policy)
    iam.put_role_policy(RoleName=a_role, PolicyName="p", PolicyDocument=allow_document())
    delete = lambda: iam.delete_role(RoleName=a_role)  # noqa: E731
    refused("DeleteConflict", "must delete policies first", delete)
    iam.delete_role_policy(RoleName=a_role, PolicyName="p")
    refused("DeleteConflict", "must detach all policies first", delete)
    iam.detach_role_policy(RoleName=a_role, PolicyArn=a_policy)
    refused("DeleteConflict", "must remove roles from instance profile first", delete)
    iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=a_role)
    delete()
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=a_role)


def test_instance_profiles(iam, a_role, new_name, account, refused):
    name = new_name("profile")
    made = iam.create_instance_profile(InstanceProfileName=name, Path="/p/", Tags=[{"Key": "k", "Value": "v"}])["InstanceProfile"]
    assert re.fullmatch("AIPA[A-Z2-7]{17}", made["InstanceProfileId"])
    assert made["Arn"] == f"arn:aws:iam::{account}:instance-profile/p/{name}"
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=a_role)
    got = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [r["RoleName"] for r in got["Roles"]] == [a_role] and got["Tags"] == [{"Key": "k", "Value": "v"}]
    of_role = iam.list_instance_profiles_for_role(RoleName=a_role)["InstanceProfiles"]
    assert [p["InstanceProfileName"] for p in of_role] == [name]
    assert name in [p["InstanceProfileName"] for p in iam.list_instance_profiles(PathPrefix="/p/")["InstanceProfiles"]]
    iam.tag_instance_profile(InstanceProfileName=name, Tags=[{"Key": "l", "Value": "w"}])
    iam.untag_instance_profile(InstanceProfileName=name, TagKeys=["k"])
    assert iam.list_instance_profile_tags(InstanceProfileName=name)["Tags"] == [{"Key": "l", "Value": "w"}]
    refused("LimitExceeded", "InstanceSessionsPerInstanceProfile: 1",
            lambda: iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=a_role))
    refused("DeleteConflict", "must remove roles from instance profile first",
            lambda: iam.delete_instance_profile(InstanceProfileName=name))
    refused("EntityAlreadyExists", f"Instance Profile {name} already exists.",
            lambda: iam.create_instance_profile(InstanceProfileName=name))
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=a_role)
    iam.delete_instance_profile(InstanceProfileName=name)
    refused("NoSuchEntity", f"Instance Profile {name} cannot be found.",
            lambda: iam.get_instance_profile(InstanceProfileName=name))


def test_a_role_in_a_profile_is_handed_over(iam, a_role, new_name, user_client, allow, account, refused):
    profile = new_name("profile")
    iam.create_instance_profile(InstanceProfileName=profile)
    without = user_client("iam", allow("iam:AddRoleToInstanceProfile"))
    refused("AccessDenied", "iam:PassRole",
            lambda: without.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=a_role))
    other_service = user_client("iam", {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"arn:aws:iam::{account}:role/{a_role}",
         "Condition": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}}]})
    refused("AccessDenied", "iam:PassRole",
            lambda: other_service.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=a_role))
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=a_role)
