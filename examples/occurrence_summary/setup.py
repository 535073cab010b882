"""Makes, once, what the workflow needs: bucket, role for Redshift, namespace, workgroup. What is there stays."""
import pathlib
import time

import boto3
from botocore.exceptions import ClientError

from run_sql import fill

POLICY_FOLDER = pathlib.Path(__file__).parent / "policies"
ROLE = "specnet-commands-role"
MANAGED = "arn:aws:iam::aws:policy/AmazonRedshiftAllCommandsFullAccess"
LONGEST_WAIT_SECONDS = 900


def account():
    return boto3.client("sts").get_caller_identity()["Account"]


def _policy(name, **values):
    return fill((POLICY_FOLDER / name).read_text(), **values)


def unless_there(codes, call, **arguments):
    """The call's answer; None where what it makes is there already."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise
        return None


def make_bucket(bucket):
    s3 = boto3.client("s3")
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    unless_there({"BucketAlreadyOwnedByYou"}, s3.create_bucket, Bucket=bucket, **where)


def make_role(bucket):
    """The role that Redshift reads and writes as: an AWS managed policy, one of our own, one inline. Gives its ARN."""
    iam = boto3.client("iam")
    unless_there(
        {"EntityAlreadyExists"}, iam.create_role, RoleName=ROLE, AssumeRolePolicyDocument=_policy("redshift_trust.json")
    )
    iam.get_waiter("role_exists").wait(RoleName=ROLE)
    own = f"arn:aws:iam::{account()}:policy/specnet-commands-access-{bucket}"
    unless_there(
        {"EntityAlreadyExists"}, iam.create_policy,
        PolicyName=own.rsplit("/", 1)[1], PolicyDocument=_policy("commands_access.json", bucket=bucket),
    )  # fmt: skip
    for policy in (MANAGED, own):
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy)
    iam.put_role_policy(RoleName=ROLE, PolicyName="specnet-glue-some", PolicyDocument=_policy("glue_some.json"))
    return iam.get_role(RoleName=ROLE)["Role"]["Arn"]


def make_plain_role(name, trust, access):
    """A role with that trust policy and one inline policy (JSON texts), both brought up to date. Gives its ARN."""
    iam = boto3.client("iam")
    unless_there({"EntityAlreadyExists"}, iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="access", PolicyDocument=access)
    iam.get_waiter("role_exists").wait(RoleName=name)
    return iam.get_role(RoleName=name)["Role"]["Arn"]


def make_warehouse(name, role_arn):
    """A namespace with that default role and the database dev, and a workgroup, both of that name; waits until both can
    be used (on AWS some minutes)."""
    serverless = boto3.client("redshift-serverless")
    unless_there(
        {"ConflictException"}, serverless.create_namespace,
        namespaceName=name, dbName="dev", iamRoles=[role_arn], defaultIamRoleArn=role_arn,
    )  # fmt: skip
    wait(lambda: serverless.get_namespace(namespaceName=name)["namespace"]["status"], "AVAILABLE", f"namespace {name}")
    unless_there(
        {"ConflictException"}, serverless.create_workgroup, workgroupName=name, namespaceName=name, baseCapacity=8
    )
    wait(lambda: serverless.get_workgroup(workgroupName=name)["workgroup"]["status"], "AVAILABLE", f"workgroup {name}")


def wait(state, wanted, what, pause=0.05):
    """Until state() gives what is wanted. `what` it is the state of, for the error."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while (now := state()) != wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the {what} is still {now} after {LONGEST_WAIT_SECONDS} seconds")
        time.sleep(pause)
        pause = min(pause * 2, 10)
