"""Why: what cannot be done must end where its owner looks for it, with the reason, and must not go round for ever: a message that its
function cannot take, a role that has lost its rights, a function that never returns. (A target that is gone: the tests of events,
scheduler and sns.) On a virtual clock: retries' minutes pass at once."""
import json
import time

import pytest

from .conftest import TRUST, zipped
from support.models import tarn_client
from support.server import Server


def policy(*actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


class World:
    def __init__(self, server):
        self.server, self.account = server, server.account
        self.functions, self.sqs, self.iam, self.logs = (server.client(s) for s in ("lambda", "sqs", "iam", "logs"))

    def role(self, name, trust=TRUST):
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy("logs:*", "sqs:*", "s3:*"))
        return arn

    def deploy(self, name, code, **settings):
        return self.functions.create_function(
            FunctionName=name, Code={"ZipFile": zipped({"app.py": code})}, Runtime="python3.11", Handler="app.handler",
            **{"Timeout": 2, **settings})["FunctionArn"]

    def queue(self, name, **attributes):
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def letters(self, url, wait=0):
        return self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, AttributeNames=["All"],
                                        MessageAttributeNames=["All"]).get("Messages", [])

    def pass_(self, seconds):
        tarn_client(self.server).advance_clock(Seconds=seconds)

    def until(self, found):
        for _ in range(500):
            if value := found():
                return value
            time.sleep(0.02)
        raise AssertionError("it did not come")


@pytest.fixture(scope="module")
def world():
    with Server(None, "--clock", "virtual") as server:
        yield World(server)


def texts(letter):
    return {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}


def test_a_poison_message(world):
    """It is tried as often as its queue says, and lies in the dead-letter queue then, whole; the log says why each time."""
    dead_url, dead = world.queue("poison-dead")
    url, arn = world.queue("poison", VisibilityTimeout="30", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3}))
    world.deploy("poison", "import json\ndef handler(e, c):\n    for r in e['Records']: json.loads(r['body'])\n", Role=world.role("poison"))
    world.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="poison", BatchSize=1)
    world.sqs.send_message(QueueUrl=url, MessageBody="not json")
    world.sqs.send_message(QueueUrl=url, MessageBody="7")
    for _ in range(4):
        world.pass_(31)
    [letter] = world.until(lambda: world.letters(dead_url))
    assert letter["Body"] == "not json" and letter["Attributes"]["DeadLetterQueueSourceArn"] == arn
    assert letter["Attributes"]["ApproximateReceiveCount"] == "4"
    assert not world.letters(url)
    said = world.until(lambda: len(found := world.logs.filter_log_events(
        logGroupName="/aws/lambda/poison", filterPattern='"[ERROR] JSONDecodeError"')["events"]) == 3 and found)
    assert "Expecting value" in said[0]["message"]


def test_a_function_that_never_returns(world):
    dead_url, dead = world.queue("never-dead")
    failed_url, failed = world.queue("never-failed")
    world.deploy("never", "import time\ndef handler(e, c): time.sleep(1000)\n", Role=world.role("never"), Timeout=1,
                 DeadLetterConfig={"TargetArn": dead})
    world.functions.put_function_event_invoke_config(FunctionName="never", MaximumRetryAttempts=1,
                                                     DestinationConfig={"OnFailure": {"Destination": failed}})
    request_id = world.functions.invoke(FunctionName="never", InvocationType="Event", Payload=b'"e"')["ResponseMetadata"]["RequestId"]
    world.pass_(120)
    [letter] = world.until(lambda: world.letters(dead_url))
    told = texts(letter)
    assert letter["Body"] == '"e"' and (told["RequestID"], told["ErrorCode"]) == (request_id, "200")
    assert "Task timed out after 1.00 seconds" in told["ErrorMessage"]
    [record] = world.until(lambda: world.letters(failed_url))
    record = json.loads(record["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted" and record["responsePayload"]["errorType"] == "Sandbox.Timedout"
    world.until(lambda: len(world.logs.filter_log_events(
        logGroupName="/aws/lambda/never", filterPattern='"Task timed out"')["events"]) == 2)


def test_a_functions_role_that_lambda_may_not_assume_any_more(world):
    """Nobody can be told as that role: the server's log says it, and the call's mapping does."""
    url, arn = world.queue("lost", VisibilityTimeout="30")
    world.deploy("lost", "def handler(e, c): return 1\n", Role=world.role("lost"))
    uuid = world.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="lost")["UUID"]
    world.functions.put_function_event_invoke_config(FunctionName="lost", MaximumEventAgeInSeconds=60)
    world.iam.update_assume_role_policy(RoleName="lost", PolicyDocument=TRUST.replace("lambda.amazonaws.com", "glue.amazonaws.com"))
    request_id = world.functions.invoke(FunctionName="lost", InvocationType="Event", Payload=b"1")["ResponseMetadata"]["RequestId"]
    world.pass_(200)
    line = world.until(lambda: next((line for line in world.server.output if f"asynchronous call {request_id}" in line), None))
    assert "given up (EventAgeExceeded)" in line and "AssumeRole" in line
    world.sqs.send_message(QueueUrl=url, MessageBody="m")
    # Absent until something was processed.
    problem = world.until(lambda: (result := world.functions.get_event_source_mapping(UUID=uuid).get("LastProcessingResult", ""))
                          .startswith("PROBLEM") and result)
    assert "AssumeRole" in problem
    world.iam.update_assume_role_policy(RoleName="lost", PolicyDocument=TRUST)  # and with its rights the queue goes on
    gone = {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}
    world.pass_(31)
    world.until(lambda: world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(gone))["Attributes"] == gone)


def test_a_rules_role_that_has_lost_its_rights(world):
    events = world.server.client("events")
    dead_url, dead = world.queue("rule-dead")
    _, target = world.queue("rule-target")
    world.sqs.set_queue_attributes(QueueUrl=dead_url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": dead}]})})
    role = world.role("rule", TRUST.replace("lambda.amazonaws.com", "events.amazonaws.com"))
    events.put_rule(Name="own", EventPattern='{"source": ["own"]}')
    events.put_targets(Rule="own", Targets=[{"Id": "1", "Arn": target, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}}])
    world.iam.delete_role_policy(RoleName="rule", PolicyName="p")
    events.put_events(Entries=[{"Source": "own", "DetailType": "t", "Detail": '{"n": 1}'}])
    [letter] = world.until(lambda: world.letters(dead_url))
    told = texts(letter)
    assert json.loads(letter["Body"])["detail"] == {"n": 1} and told["TARGET_ARN"] == target and told["RETRY_ATTEMPTS"] == "0"
    assert told["ERROR_CODE"] == "NO_PERMISSIONS" and "sqs:SendMessage" in told["ERROR_MESSAGE"] and told["RULE_ARN"].endswith(":rule/own")


def test_a_schedules_role_that_is_gone(world):
    scheduler = world.server.client("scheduler")
    dead_url, dead = world.queue("schedule-dead")
    _, target = world.queue("schedule-target")
    role = world.role("schedule", TRUST.replace("lambda.amazonaws.com", "scheduler.amazonaws.com"))
    scheduler.create_schedule(Name="own", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target={
        "Arn": target, "RoleArn": role, "Input": "{}", "DeadLetterConfig": {"Arn": dead}})
    world.iam.delete_role_policy(RoleName="schedule", PolicyName="p")
    world.iam.put_role_policy(RoleName="schedule", PolicyName="dead", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead}]}))
    world.pass_(3600)
    letter = world.until(lambda: world.letters(dead_url))[0]
    assert "AccessDenied" in texts(letter)["ERROR_CODE"] and texts(letter)["TARGET_ARN"] == target
    scheduler.delete_schedule(Name="own")
