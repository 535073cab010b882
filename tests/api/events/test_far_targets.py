"""Targets that are farther than a queue: another account's bus, a warehouse that runs a statement, services that are not here.
Each is reached as the rule's role, and what cannot be delivered says why in the dead-letter queue."""
import json
import time

import pytest

from support.models import tarn_client
from support.queue import Queue
from support.redshift import make_warehouse
from support.server import Server

HERE, THERE = "111111111111", "222222222222"


def make_role(iam, account, name, *statements):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": "*"} for actions in statements]}))
    return f"arn:aws:iam::{account}:role/{name}"


def rule(events, bus, *targets, source="shop"):
    events.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": str(i), **t} for i, t in enumerate(targets)])


def put(events, bus, detail):
    answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "sold", "EventBusName": bus, "Detail": json.dumps(detail)}])
    assert answer["FailedEntryCount"] == 0
    return answer["Entries"][0]["EventId"]


@pytest.fixture(scope="module")
def accounts():
    with Server(None, "--clock", "virtual", "--account", HERE, "--account", THERE) as server:
        yield server


@pytest.mark.parametrize("lets_in, may", [(True, True), (False, True), (True, False)])
def test_another_accounts_bus(accounts, lets_in, may, new_name):
    name = new_name("bus")
    here, there = (accounts.client("events", account=a) for a in (HERE, THERE))
    here.create_event_bus(Name=name)
    far = there.create_event_bus(Name=name)["EventBusArn"]
    if lets_in:
        there.put_permission(EventBusName=name, StatementId="s", Action="events:PutEvents", Principal=HERE)
    role = make_role(accounts.client("iam", account=HERE), HERE, new_name("role"), *(["events:PutEvents"] if may else []))
    dead = Queue(accounts.client("sqs", account=HERE), new_name("dead"))
    heard = Queue(accounts.client("sqs", account=THERE), new_name("heard"))
    rule(here, name, {"Arn": far, "RoleArn": role, "DeadLetterConfig": {"Arn": dead.arn}})
    rule(there, name, {"Arn": heard.arn})
    sent = put(here, name, {"n": 1})
    tarn_client(accounts).advance_clock(Seconds=60)
    if lets_in and may:
        [event] = heard.bodies(1, wait=0)
        assert (event["id"], event["account"], event["detail"]) == (sent, HERE, {"n": 1})
        assert dead.messages(1, wait=0) == []
        return
    [letter] = dead.messages(1, wait=0)
    said = {k: v["StringValue"] for k, v in letter["MessageAttributes"].items()}
    assert said["ERROR_CODE"] == "NO_PERMISSIONS" and "events:PutEvents" in said["ERROR_MESSAGE"] and said["TARGET_ARN"] == far
    assert json.loads(letter["Body"])["id"] == sent and heard.messages(1, wait=0) == []


def test_a_statement_of_a_warehouse(events, bus, queue, client, new_name, account):
    warehouse = make_warehouse(client, new_name)
    table = new_name("t").replace("-", "_")
    warehouse.run(f"CREATE TABLE {table} (id INT)")
    arn = client("redshift-serverless").get_workgroup(workgroupName=warehouse.workgroup)["workgroup"]["workgroupArn"]
    name = new_name("role")
    make_role(client("iam"), account, name, ["redshift-data:*", "redshift-serverless:GetCredentials"])
    role = f"arn:aws:iam::{account}:role/{name}"
    # What the role's user may do in the database is the database's own business.
    warehouse.run(f'CREATE USER "IAMR:{name}" PASSWORD DISABLE')
    warehouse.run(f'GRANT INSERT ON {table} TO "IAMR:{name}"')
    target = {"Arn": arn, "RoleArn": role, "DeadLetterConfig": {"Arn": queue.arn}}
    rule(events, bus, *({**target, "RedshiftDataParameters": {"Database": "dev", "Sql": sql, "StatementName": "s"}}
                        for sql in (f"INSERT INTO {table} VALUES (7)", f"DELETE FROM {table}")))
    put(events, bus, {})
    deadline = time.monotonic() + 60
    while warehouse.result(f"SELECT id FROM {table}")[1] != [[7]]:  # what the user may not do is not done
        assert time.monotonic() < deadline, queue.messages(1, wait=1)


@pytest.mark.parametrize("arn, more, word", [
    ("arn:aws:states:us-east-1:{}:stateMachine:m", {}, "states:StartExecution"),
    ("arn:aws:kinesis:us-east-1:{}:stream/s", {}, "kinesis:PutRecord"),
    ("arn:aws:firehose:us-east-1:{}:deliverystream/s", {}, "firehose:PutRecord"),
    ("arn:aws:codebuild:us-east-1:{}:project/p", {}, "codebuild:StartBuild"),
])
def test_services_that_are_not_here(events, bus, queue, client, new_name, account, arn, more, word):
    role = make_role(client("iam"), account, new_name("role"), ["*"])
    rule(events, bus, {"Arn": arn.format(account), "RoleArn": role, "DeadLetterConfig": {"Arn": queue.arn}, **more})
    sent = put(events, bus, {"n": 1})
    [letter] = queue.messages()
    said = {k: v["StringValue"] for k, v in letter["MessageAttributes"].items()}
    assert said["ERROR_CODE"] == "NO_RESOURCE" and word in said["ERROR_MESSAGE"]
    assert said["TARGET_ARN"] == arn.format(account) and said["RULE_ARN"].endswith("/r") and json.loads(letter["Body"])["id"] == sent


def test_a_role_that_does_not_trust(events, bus, queue, client, new_name, account):
    iam, name = client("iam"), new_name("role")
    role = make_role(iam, account, name, ["*"])
    rule(events, bus, {"Arn": queue.arn, "RoleArn": role, "DeadLetterConfig": {"Arn": queue.arn}})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    put(events, bus, {})
    [letter] = queue.messages()
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "FAILED_TO_ASSUME_ROLE"


def test_a_queues_events_come_in_their_order(accounts):
    """Those of one rule to one FIFO queue, whatever other rules do."""
    events, tarn = accounts.client("events", account=HERE), tarn_client(accounts)
    events.create_event_bus(Name="ordered")
    queue = Queue(accounts.client("sqs", account=HERE), "ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    rule(events, "ordered", {"Arn": queue.arn, "SqsParameters": {"MessageGroupId": "g"}})
    for n in range(0, 50, 10):
        events.put_events(Entries=[{"Source": "shop", "DetailType": "sold", "EventBusName": "ordered", "Detail": json.dumps({"n": n + i})}
                                   for i in range(10)])
    tarn.advance_clock(Seconds=60)
    assert [e["detail"]["n"] for e in queue.bodies(50, wait=0)] == list(range(50))
