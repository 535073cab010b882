"""AssumeRole: who may, for how long, with which session policies and tags, within an account and across two."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError


def trust(principal, actions="sts:AssumeRole", **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": actions, **more}]})


def policy(actions, resources="*", effect="Allow", **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": actions, "Resource": resources, **more}]}


def refused(call, code="AccessDenied", text=""):
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == code and text in error["Message"], error
    return error["Message"]


@pytest.fixture
def role(client, new_name, account):
    """role(trust policy, inline policy=None, **more) -> the role's description."""
    iam = client("iam")

    def make(trust_policy=None, inline=None, **more):
        name = new_name("role")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy or trust({"AWS": account}), **more)["Role"]
        if inline:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(inline))
        return made

    return make


@pytest.fixture
def asker(user, server):
    """A user with sts:* on everything: its STS client."""
    return server.client("sts", credentials=user(policy("sts:*")))


def test_a_session_is_the_role(role, asker, server, account):
    made = role(inline=policy("iam:ListRoles"), Path="/p/")
    answer = asker.assume_role(RoleArn=made["Arn"], RoleSessionName="my.session@x")
    name = made["RoleName"]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/my.session@x"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{made['RoleId']}:my.session@x", "Arn": arn}
    assert "PackedPolicySize" not in answer
    credentials = answer["Credentials"]
    left = (credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 3500 < left <= 3600
    identity = server.client("sts", credentials=credentials).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (arn, f"{made['RoleId']}:my.session@x")
    iam = server.client("iam", credentials=credentials)
    iam.list_roles()
    message = refused(iam.list_users)
    assert message.startswith(f"User: {arn} is not authorized to perform: iam:ListUsers")


def test_both_sides_must_allow(role, user, server, account):
    nobody = server.client("sts", credentials=user())
    sts_user = user(policy("sts:AssumeRole"))
    somebody = server.client("sts", credentials=sts_user)
    by_account = role()
    refused(lambda: nobody.assume_role(RoleArn=by_account["Arn"], RoleSessionName="ss"),
            text="because no identity-based policy allows the sts:AssumeRole action")
    somebody.assume_role(RoleArn=by_account["Arn"], RoleSessionName="ss")
    for_service = role(trust({"Service": "redshift.amazonaws.com"}))
    refused(lambda: somebody.assume_role(RoleArn=for_service["Arn"], RoleSessionName="ss"),
            text="because no role trust policy allows the sts:AssumeRole action")


def test_a_user_named_by_the_trust_policy_needs_nothing_else(role, user, server, account):
    credentials = user()
    arn = f"arn:aws:iam::{account}:user/{credentials['UserName']}"
    made = role(trust({"AWS": arn}))
    server.client("sts", credentials=credentials).assume_role(RoleArn=made["Arn"], RoleSessionName="ss")
    refused(lambda: server.client("sts", credentials=user()).assume_role(RoleArn=made["Arn"], RoleSessionName="ss"))
    blocked = user(policy("sts:AssumeRole", effect="Deny"))
    refused(lambda: server.client("sts", credentials=blocked).assume_role(RoleArn=made["Arn"], RoleSessionName="ss"),
            text="with an explicit deny in an identity-based policy")


def test_a_trust_policys_deny(role, asker, account):
    made = role(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {
            "StringNotEquals": {"sts:RoleSessionName": "good"}}}]}))
    asker.assume_role(RoleArn=made["Arn"], RoleSessionName="good")
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="bad"),
            text="with an explicit deny in the role trust policy")


def test_root_assumes_no_role(client, role):
    refused(lambda: client("sts").assume_role(RoleArn=role()["Arn"], RoleSessionName="ss"),
            text="Roles may not be assumed by root accounts.")


def test_a_role_that_is_not_there(asker, account):
    arn = f"arn:aws:iam::{account}:role/no-such-role"
    refused(lambda: asker.assume_role(RoleArn=arn, RoleSessionName="ss"),
            text=f"is not authorized to perform: sts:AssumeRole on resource: {arn}")


def test_a_wrong_path_is_another_role(role, asker):
    made = role(Path="/a/")
    refused(lambda: asker.assume_role(RoleArn=made["Arn"].replace("/a/", "/b/"), RoleSessionName="ss"))


def test_external_ids(role, asker, account):
    made = role(trust({"AWS": account}, Condition={"StringEquals": {"sts:ExternalId": "secret"}}))
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss"))
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", ExternalId="guess"))
    asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", ExternalId="secret")


@pytest.mark.parametrize("name", ["", "a", "with blank", "a" * 65, "ümlaut"])
def test_malformed_session_names(role, asker, name):
    refused(lambda: asker.assume_role(RoleArn=role()["Arn"], RoleSessionName=name), "ValidationError", "roleSessionName")


def test_durations(role, asker):
    made = role(MaxSessionDuration=7200)
    asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", DurationSeconds=7200)
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", DurationSeconds=7201), "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", DurationSeconds=899), "ValidationError")


def test_session_policies_limit(role, asker, server, client, new_name):
    made = role(inline=policy(["iam:List*", "iam:Get*"]))
    inline = json.dumps(policy("iam:ListUsers"))
    answer = asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", Policy=inline)
    assert 0 < answer["PackedPolicySize"] <= 100
    limited = server.client("iam", credentials=answer["Credentials"])
    limited.list_users()
    refused(limited.list_roles, text="because no session policy allows the iam:ListRoles action")

    arn = client("iam").create_policy(PolicyName=new_name(), PolicyDocument=json.dumps(policy("iam:ListRoles")))["Policy"]["Arn"]
    both = asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", Policy=inline, PolicyArns=[{"arn": arn}])
    session = server.client("iam", credentials=both["Credentials"])
    session.list_users()
    session.list_roles()
    refused(session.list_groups, text="because no session policy allows")

    wide = asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss",
                             PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}])
    session = server.client("iam", credentials=wide["Credentials"])
    session.list_groups()
    refused(lambda: session.create_user(UserName=new_name()), text="because no identity-based policy allows")
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", Policy="{}"), "MalformedPolicyDocument")
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", PolicyArns=[{"arn": arn + "x"}]), "ValidationError")


def test_session_tags(role, user, server, account):
    actions = ["sts:AssumeRole", "sts:TagSession"]
    made = role(trust({"AWS": account}, actions),
                policy("iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/project": "fish"}}))
    untagged_only = server.client("sts", credentials=user(policy("sts:AssumeRole")))
    tags = [{"Key": "Project", "Value": "fish"}]
    refused(lambda: untagged_only.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", Tags=tags), text="sts:TagSession")
    asker = server.client("sts", credentials=user(policy(actions)))
    with_tag = asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", Tags=tags)
    server.client("iam", credentials=with_tag["Credentials"]).list_users()
    without = asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss")
    refused(server.client("iam", credentials=without["Credentials"]).list_users)
    no_tagging = role()
    refused(lambda: asker.assume_role(RoleArn=no_tagging["Arn"], RoleSessionName="ss", Tags=tags),
            text="because no role trust policy allows the sts:TagSession action")
    refused(lambda: asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", Tags=tags, TransitiveTagKeys=["other"]),
            "InvalidParameterValue", "must be included in the requested tags")


def test_chaining(role, user, server, account):
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    first = role(trust({"AWS": account}, actions), policy("sts:*"), MaxSessionDuration=43200)
    second = role(trust({"AWS": first["Arn"]}, actions),
                  policy("iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/team": "data", "aws:SourceIdentity": "ann"}}),
                  MaxSessionDuration=43200)
    asker = server.client("sts", credentials=user(policy("sts:*")))
    refused(lambda: asker.assume_role(RoleArn=second["Arn"], RoleSessionName="ss"))
    one = asker.assume_role(RoleArn=first["Arn"], RoleSessionName="one", Tags=[{"Key": "team", "Value": "data"}],
                            TransitiveTagKeys=["team"], SourceIdentity="ann", DurationSeconds=43200)
    assert one["SourceIdentity"] == "ann"
    chained = server.client("sts", credentials=one["Credentials"])
    refused(lambda: chained.assume_role(RoleArn=second["Arn"], RoleSessionName="two", DurationSeconds=3601),
            "ValidationError", "1 hour session limit for roles assumed by role chaining")
    refused(lambda: chained.assume_role(RoleArn=second["Arn"], RoleSessionName="two", Tags=[{"Key": "Team", "Value": "x"}]),
            "InvalidParameterValue", "transitive")
    refused(lambda: chained.assume_role(RoleArn=second["Arn"], RoleSessionName="two", SourceIdentity="bob"),
            text="source identity")
    two = chained.assume_role(RoleArn=second["Arn"], RoleSessionName="two")
    server.client("iam", credentials=two["Credentials"]).list_users()
    refused(lambda: chained.get_session_token(), text="Cannot call GetSessionToken with session credentials")


def test_a_role_made_anew_is_not_the_old_sessions(role, asker, server, client, account):
    made = role(inline=policy("iam:ListUsers"))
    session = server.client("iam", credentials=asker.assume_role(RoleArn=made["Arn"], RoleSessionName="ss")["Credentials"])
    session.list_users()
    iam, name = client("iam"), made["RoleName"]
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    refused(session.list_users)
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": account}))
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy("iam:*")))
    refused(session.list_users)


@pytest.fixture(scope="module")
def two_accounts():
    from support.server import Server
    with Server(None, "--account", "321942852011", "--account", "612489222122") as own:
        yield own


@pytest.mark.own_server
def test_across_accounts(two_accounts):
    server, here, there = two_accounts, "321942852011", "612489222122"
    ours, theirs = server.client("iam", account=here), server.client("iam", account=there)

    def asker(name, document):
        ours.create_user(UserName=name)
        if document:
            ours.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
        return server.client("sts", credentials=ours.create_access_key(UserName=name)["AccessKey"])

    alice, bob = asker("alice", policy("sts:AssumeRole")), asker("bob", None)
    theirs.create_role(RoleName="named", AssumeRolePolicyDocument=trust({"AWS": [
        f"arn:aws:iam::{here}:user/alice", f"arn:aws:iam::{here}:user/bob"]}))
    theirs.create_role(RoleName="by-account", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{here}:root"}))
    theirs.create_role(RoleName="closed", AssumeRolePolicyDocument=trust({"AWS": there}))
    theirs.put_role_policy(RoleName="named", PolicyName="p", PolicyDocument=json.dumps(policy("iam:ListUsers")))

    def assume(sts, role):
        return sts.assume_role(RoleArn=f"arn:aws:iam::{there}:role/{role}", RoleSessionName="ss")

    session = server.client("iam", credentials=assume(alice, "named")["Credentials"])
    assert session.list_users()["Users"] == []  # the other account's, which has none
    assume(alice, "by-account")
    refused(lambda: assume(bob, "named"), text="because no identity-based policy allows")  # named, and not enough
    refused(lambda: assume(alice, "closed"))
    with pytest.raises(ClientError):
        ours.get_role(RoleName="named")


@pytest.mark.parametrize("arn", ["nothing-valid-in-here", "arn::b:::something/test-role", "arn:a::::something/test-role",
                                 "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:"])
def test_arns_that_are_none(asker, arn):
    refused(lambda: asker.assume_role(RoleArn=arn, RoleSessionName="ss"), "ValidationError", f"{arn} is invalid")


def test_tags_that_do_not_fit(role, asker, account, server, user):
    made = role(trust({"AWS": account}, ["sts:AssumeRole", "sts:TagSession"]), inline=policy("sts:*"))
    ask = lambda client=asker, **more: client.assume_role(RoleArn=made["Arn"], RoleSessionName="ss", **more)  # noqa: E731
    refused(lambda: ask(TransitiveTagKeys=["a"]), "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.")
    refused(lambda: ask(Tags=[{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}]), "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    chained = server.client("sts", credentials=ask(Tags=[{"Key": "A", "Value": "1"}], TransitiveTagKeys=["A"])["Credentials"])
    for key in ("A", "a"):
        refused(lambda: ask(chained, Tags=[{"Key": key, "Value": "2"}]), "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
                "the calling session.")


def test_no_message_is_encoded(client):
    refused(lambda: client("sts").decode_authorization_message(EncodedMessage="abc"), "InvalidAuthorizationMessageException")


def test_unsigned_operations_are_refused_by_name(server):
    from botocore import UNSIGNED
    from botocore.config import Config
    sts = server.client("sts", config=Config(signature_version=UNSIGNED))
    refused(lambda: sts.assume_role_with_web_identity(RoleArn="arn:aws:iam::123456789012:role/x", RoleSessionName="ss",
                                                      WebIdentityToken="token"), "InvalidAction", "AssumeRoleWithWebIdentity")
