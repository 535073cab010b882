"""Schedules as a client sees them: made, listed, changed, deleted; what is refused and how it is worded."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                  "Principal": {"Service": "scheduler.amazonaws.com"}}]}


@pytest.fixture(scope="module")
def scheduler(client):
    return client("scheduler")


@pytest.fixture(scope="module")
def role(client, new_name):
    return client("iam").create_role(RoleName=new_name("role"), AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]


@pytest.fixture
def wanted(new_name, role, account):
    """The parameters of a schedule that will not fire soon; `target` has members of the target's."""

    def make(target=None, **more):
        return {"Name": new_name("s"), "ScheduleExpression": "cron(0 8 1 1 ? 2190)", "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": f"arn:aws:sqs:us-east-1:{account}:q", "RoleArn": role, **(target or {})}, **more}

    return make


def error_of(operation, **kwargs):
    with pytest.raises(ClientError) as caught:
        operation(**kwargs)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_schedule_comes_back_as_it_was_made(scheduler, wanted, account):
    made = wanted({"Input": "hello", "DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"},
                   "RetryPolicy": {"MaximumRetryAttempts": 3}},
                  Description="d", ScheduleExpressionTimezone="Europe/Berlin", State="DISABLED",
                  EndDate=datetime.datetime(2190, 1, 2, tzinfo=datetime.timezone.utc), ActionAfterCompletion="DELETE")
    made["FlexibleTimeWindow"] = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    arn = scheduler.create_schedule(**made)["ScheduleArn"]
    assert arn == f"arn:aws:scheduler:us-east-1:{account}:schedule/default/{made['Name']}"
    got = scheduler.get_schedule(Name=made["Name"])
    made["Target"]["RetryPolicy"] = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 86400}
    assert {k: got[k] for k in made} == made
    assert got["Arn"] == arn and got["GroupName"] == "default" and "StartDate" not in got
    # An update replaces: what it does not name is as if never said.
    scheduler.update_schedule(Name=made["Name"], ScheduleExpression="rate(30 days)", FlexibleTimeWindow={"Mode": "OFF"},
                              Target={k: made["Target"][k] for k in ("Arn", "RoleArn")}, State="DISABLED")
    again = scheduler.get_schedule(Name=made["Name"])
    assert again["ScheduleExpression"] == "rate(30 days)" and again["ScheduleExpressionTimezone"] == "UTC"
    assert "Description" not in again and again["ActionAfterCompletion"] == "NONE"
    assert again["CreationDate"] == got["CreationDate"]
    assert again["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 185
    scheduler.delete_schedule(Name=made["Name"])
    assert error_of(scheduler.get_schedule, Name=made["Name"]) == (
        "ResourceNotFoundException", f"Schedule {made['Name']} does not exist.")


def test_names_are_unique_within_a_group(scheduler, wanted, new_name):
    made, group = wanted(), new_name("g")
    scheduler.create_schedule(**made)
    assert error_of(scheduler.create_schedule, **made) == ("ConflictException", f"Schedule {made['Name']} already exists.")
    assert error_of(scheduler.create_schedule, **made, GroupName=group)[0] == "ResourceNotFoundException"
    scheduler.create_schedule_group(Name=group)
    scheduler.create_schedule(**made, GroupName=group)
    assert error_of(scheduler.update_schedule, **wanted())[0] == "ResourceNotFoundException"


def test_a_token_makes_it_happen_once(scheduler, wanted):
    made = wanted(ClientToken="t-1")
    made["ClientToken"] = made["Name"]
    arn = scheduler.create_schedule(**made)["ScheduleArn"]
    assert scheduler.create_schedule(**made)["ScheduleArn"] == arn
    assert error_of(scheduler.create_schedule, **{**made, "Description": "other"})[0] == "ConflictException"
    token = made["Name"] + "-gone"
    for _ in range(2):
        scheduler.delete_schedule(Name=made["Name"], ClientToken=token)


ACCOUNT = "ACCOUNT"
REFUSED = [
    ({"ScheduleExpression": "every day"}, None, "Invalid Schedule Expression every day"),
    ({"ScheduleExpression": "cron(0 8 1 1 1 2190)"}, None, "Invalid Schedule Expression"),
    *[({"ScheduleExpression": expression}, None, f"Invalid Schedule Expression {expression}.") for expression in (
        "cron(0 1 * * * *)", "cron(7 20 * * NOT *)", "cron(INVALID)", "cron(0 dummy ? * MON-FRI *)", "cron(71 8 1 * ? *)", "cron()",
        "rate(10 seconds)", "rate(10 years)", "rate()", "rate(10)", "rate(10 minutess)", "rate(foo minutes)", "rate(-10 minutes)",
        "rate( 10 minutes )", " rate(10 minutes)", "at(2021-12-31T23:59:59Z)", "at(2021-12-31)")],
    ({"ScheduleExpression": "at(2190-01-01)"}, None, "Invalid Schedule Expression"),
    ({"ScheduleExpressionTimezone": "Europe/Atlantis"}, None, "Timezone"),
    ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, None, "MaximumWindowInMinutes"),
    ({"StartDate": "2000-01-01T00:00:00Z"}, None, "StartDate"),
    ({"EndDate": "2000-01-01T00:00:00Z"}, None, "EndDate"),
    ({"StartDate": "2191-01-01T00:00:00Z", "EndDate": "2190-01-01T00:00:00Z"}, None, "must come after the StartDate"),
    ({"KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/a"}, None, "KmsKeyArn is not supported"),
    ({}, {"Arn": "queue"}, "Provided Arn is not in correct format"),
    ({}, {"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/c", "EcsParameters": {"TaskDefinitionArn": "t"}},
     "EcsParameters are not supported"),
    ({}, {"Arn": "arn:aws:codebuild:us-east-1:123456789012:project/p"}, "not supported by this server"),
    ({}, {"Arn": "arn:aws:sqs:us-east-1:123456789012:q.fifo"}, "FIFO"),
    ({}, {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "SqsParameters": {"MessageGroupId": "g"}}, "FIFO"),
    ({}, {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "Input": "{"}, "must be JSON"),
    ({}, {"Arn": "arn:aws:events:us-east-1:123456789012:event-bus/default"}, "EventBridgeParameters"),
    ({}, {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl"}, "getQueueUrl is not a supported api for service sqs"),
    ({}, {"Arn": "arn:aws:scheduler:::aws-sdk:dynamodb:BatchGetItem"}, "not a supported api"),
    ({}, {"Arn": "arn:aws:scheduler:::aws-sdk:sqs"}, "Provided Arn is not in correct format"),
    ({}, {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": "text"}, "must be JSON"),
    ({}, {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": "[1]"}, "JSON object"),
    ({}, {"Input": "x" * (256 * 1024 + 1)}, "Input has"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_cannot_be_is_refused(scheduler, wanted, case):
    more, target, words = REFUSED[case]
    code, message = error_of(scheduler.create_schedule, **wanted(target, **{}) | more)
    assert code == "ValidationException" and (message == words if words.endswith(".") else words in message)


@pytest.mark.parametrize("expression", ["rate(1 minutes)", "rate(5 hour)", "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
                                        "cron(1-31/30 1-1 ? * 1,7 *)"])
def test_expressions_that_aws_takes(scheduler, wanted, expression):
    assert scheduler.create_schedule(**wanted(ScheduleExpression=expression))["ScheduleArn"]


def test_the_role_must_trust_the_scheduler(client, scheduler, wanted, new_name, account):
    trust = json.loads(json.dumps(TRUST))
    trust["Statement"][0]["Principal"]["Service"] = "events.amazonaws.com"
    other = client("iam").create_role(RoleName=new_name("role"), AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    words = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    assert error_of(scheduler.create_schedule, **wanted({"RoleArn": other})) == ("ValidationException", words)
    # AWS: confused deputy prevention: the source is the schedule's group.
    trust["Statement"][0]["Principal"]["Service"] = "scheduler.amazonaws.com"
    trust["Statement"][0]["Condition"] = {"StringEquals": {
        "aws:SourceAccount": account, "aws:SourceArn": f"arn:aws:scheduler:us-east-1:{account}:schedule-group/default"}}
    narrow = client("iam").create_role(RoleName=new_name("role"), AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    scheduler.create_schedule(**wanted({"RoleArn": narrow}))


def test_a_role_is_passed_only_by_who_may(user_client, wanted, allow, role):
    made = wanted()
    code, message = error_of(user_client("scheduler", allow("scheduler:*")).create_schedule, **made)
    assert code == "AccessDeniedException" and "iam:PassRole" in message
    policy = allow("scheduler:*")
    policy["Statement"] += allow("iam:PassRole", role, Condition={
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}})["Statement"]
    user_client("scheduler", policy).create_schedule(**made)


def test_groups_and_what_is_in_them(scheduler, wanted, new_name, account):
    group = new_name("g")
    arn = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    assert arn == f"arn:aws:scheduler:us-east-1:{account}:schedule-group/{group}"
    assert scheduler.get_schedule_group(Name=group)["State"] == "ACTIVE"
    assert error_of(scheduler.create_schedule_group, Name=group)[0] == "ConflictException"
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert error_of(scheduler.list_tags_for_resource, ResourceArn=arn + "x")[0] == "ResourceNotFoundException"
    names = sorted(scheduler.create_schedule(**wanted(), GroupName=group)["ScheduleArn"].split("/")[-1] for _ in range(5))
    off = wanted(State="DISABLED")
    scheduler.create_schedule(**off, GroupName=group)
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName=group, State="ENABLED", PaginationConfig={"PageSize": 2})
    pages = [[s["Name"] for s in page["Schedules"]] for page in pages]
    assert [len(page) for page in pages] == [2, 2, 1] and sorted(sum(pages, [])) == names
    assert [s["Name"] for s in scheduler.list_schedules(NamePrefix=off["Name"])["Schedules"]] == [off["Name"]]
    assert error_of(scheduler.list_schedules, NextToken="x")[0] == "ValidationException"
    listed = sum((page["ScheduleGroups"] for page in scheduler.get_paginator("list_schedule_groups").paginate(
        PaginationConfig={"PageSize": 1})), [])
    assert listed[0]["Name"] == "default" and group in [g["Name"] for g in listed]

    scheduler.delete_schedule_group(Name=group)
    while True:
        try:
            assert scheduler.get_schedule_group(Name=group)["State"] == "DELETING"
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceNotFoundException"
            break
    scheduler.create_schedule_group(Name=group)
    assert scheduler.list_schedules(GroupName=group)["Schedules"] == []
    assert error_of(scheduler.delete_schedule_group, Name="default")[0] == "ValidationException"
