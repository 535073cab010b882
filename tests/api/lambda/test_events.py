"""Why: an asynchronous call that was accepted must happen, be tried again as AWS does, and end where its owner looks for it. On a
virtual clock: a retry's minutes and an event's hours pass at once."""
import json

import pytest

from .conftest import TRUST, zipped
from support.models import tarn_client
from support.server import Server

FAILING = "def handler(event, context):\n    raise ValueError('no ' + str(event))\n"
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class World:
    def __init__(self, server):
        self.server, self.tarn = server, tarn_client(server)
        self.functions, self.sqs, self.s3, self.iam = (server.client(s) for s in ("lambda", "sqs", "s3", "iam"))
        self.role = self.iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(ALL))

    def deploy(self, name, code, **settings):
        return self.functions.create_function(
            FunctionName=name, Code={"ZipFile": zipped({"app.py": code})},
            **{"Runtime": "python3.11", "Role": self.role, "Handler": "app.handler", "Timeout": 20, "MemorySize": 256, **settings})

    def queue(self, name):
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def call(self, name, event, **more):
        answer = self.functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event), **more)
        assert answer["StatusCode"] == 202
        return answer["ResponseMetadata"]["RequestId"]

    def pass_(self, seconds):
        self.tarn.advance_clock(Seconds=seconds)

    def messages(self, url):
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def runs(self, name):
        """How often the function began, by its log."""
        logs = self.server.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="START")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return 0
        return len(events)


@pytest.fixture(scope="module")
def world():
    with Server(None, "--clock", "virtual") as server:
        yield World(server)


def test_a_failing_call_is_tried_three_times_and_told(world):
    url, arn = world.queue("failed")
    dead_url, dead_arn = world.queue("dead")
    world.deploy("failing", FAILING, DeadLetterConfig={"TargetArn": dead_arn})
    world.functions.put_function_event_invoke_config(FunctionName="failing", DestinationConfig={"OnFailure": {"Destination": arn}})
    request_id = world.call("failing", 7)
    world.pass_(59)
    assert not world.messages(url)
    world.pass_(62)  # a minute after the first try, two after the second
    assert not world.messages(url)
    world.pass_(60)
    [message] = world.messages(url)
    record = json.loads(message["Body"])
    assert record["version"] == "1.0" and record["requestPayload"] == 7
    assert record["requestContext"] == {
        "requestId": request_id, "functionArn": f"arn:aws:lambda:us-east-1:{world.server.account}:function:failing:$LATEST",
        "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "no 7"
    [dead] = world.messages(dead_url)
    assert dead["Body"] == "7"
    assert {k: v["StringValue"] for k, v in dead["MessageAttributes"].items()} == {
        "RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "no 7"}


def test_the_old_way_to_call_is_there(world):
    url, arn = world.queue("old-way")
    world.deploy("old-way", "def handler(event, context): return event\n")
    world.functions.put_function_event_invoke_config(FunctionName="old-way", DestinationConfig={"OnSuccess": {"Destination": arn}})
    assert world.functions.invoke_async(FunctionName="old-way", InvokeArgs=b'{"a": 1}')["Status"] == 202
    world.pass_(1)
    [message] = world.messages(url)
    assert json.loads(message["Body"])["responsePayload"] == {"a": 1}
    with pytest.raises(world.functions.exceptions.InvalidRequestContentException):
        world.functions.invoke_async(FunctionName="old-way", InvokeArgs=b"{")
    with pytest.raises(world.functions.exceptions.ResourceNotFoundException):
        world.functions.invoke_async(FunctionName="none", InvokeArgs=b"{}")


def test_settings_bound_the_tries(world):
    url, arn = world.queue("bounded")
    world.deploy("bounded", FAILING)
    world.functions.put_function_event_invoke_config(FunctionName="bounded", MaximumRetryAttempts=0,
                                                     DestinationConfig={"OnFailure": {"Destination": arn}})
    world.call("bounded", 1)
    world.pass_(1)
    assert json.loads(world.messages(url)[0]["Body"])["requestContext"]["approximateInvokeCount"] == 1
    world.functions.update_function_event_invoke_config(FunctionName="bounded", MaximumRetryAttempts=2, MaximumEventAgeInSeconds=60)
    world.call("bounded", 2)
    world.pass_(200)
    context = json.loads(world.messages(url)[0]["Body"])["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 2)


def test_throttled_calls_wait_without_counting(world):
    url, arn = world.queue("throttled")
    world.deploy("throttled", "def handler(event, context):\n    return event\n")
    world.functions.put_function_event_invoke_config(FunctionName="throttled", DestinationConfig={
        "OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": arn}})
    world.functions.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
    world.call("throttled", "never")
    world.pass_(1)
    assert json.loads(world.messages(url)[0]["Body"])["requestContext"]["condition"] == "ZeroReservedConcurrency"
    world.functions.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=1)
    for number in range(4):  # side by side there is a place for one
        world.call("throttled", number)
    world.pass_(3600)
    records = [json.loads(m["Body"]) for m in world.messages(url)]
    assert sorted(r["responsePayload"] for r in records) == [0, 1, 2, 3]
    assert {r["requestContext"]["condition"] for r in records} == {"Success"}


def test_calls_run_side_by_side(world):
    world.s3.create_bucket(Bucket="meeting")
    # Each waits until all four are there.
    world.deploy("meeting", """
        import boto3, time
        def handler(event, context):
            s3 = boto3.client("s3")
            s3.put_object(Bucket="meeting", Key="in/" + event, Body=b"")
            while len(s3.list_objects_v2(Bucket="meeting", Prefix="in/").get("Contents", [])) < 4:
                time.sleep(0.02)
            s3.put_object(Bucket="meeting", Key="out/" + event, Body=b"")
        """)
    for name in "abcd":
        world.call("meeting", name)
    world.pass_(1)
    assert len(world.s3.list_objects_v2(Bucket="meeting", Prefix="out/")["Contents"]) == 4


@pytest.mark.parametrize("kind", ["lambda", "s3"])
def test_other_destinations(world, kind):
    world.deploy(f"from-{kind}", FAILING)
    if kind == "s3":
        world.s3.create_bucket(Bucket="records")
        arn = "arn:aws:s3:::records"
    else:
        world.s3.create_bucket(Bucket="told")
        arn = world.deploy("told", """
            import boto3, json
            def handler(event, context):
                boto3.client("s3").put_object(Bucket="told", Key="record", Body=json.dumps(event))
            """)["FunctionArn"]
    world.functions.put_function_event_invoke_config(FunctionName=f"from-{kind}", MaximumRetryAttempts=0,
                                                     DestinationConfig={"OnFailure": {"Destination": arn}})
    world.call(f"from-{kind}", {"k": "v"})
    world.pass_(5)
    bucket = "records" if kind == "s3" else "told"
    [found] = world.s3.list_objects_v2(Bucket=bucket)["Contents"]
    if kind == "s3":
        assert found["Key"].startswith("aws/lambda/async/from-s3/20")
    record = json.loads(world.s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    assert record["requestPayload"] == {"k": "v"} and record["responsePayload"]["errorType"] == "ValueError"


@pytest.mark.parametrize("kind", ["sns", "events"])
def test_destinations_that_pass_it_on(world, kind):
    url, queue = world.queue(f"end-of-{kind}")
    world.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": [f"{kind}.amazonaws.com"]}, "Action": "sqs:SendMessage", "Resource": queue}]})})
    if kind == "sns":
        sns = world.server.client("sns")
        arn = sns.create_topic(Name="ended")["TopicArn"]
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    else:
        events = world.server.client("events")
        arn = f"arn:aws:events:us-east-1:{world.server.account}:event-bus/default"
        events.put_rule(Name="ended", EventPattern=json.dumps({"source": ["lambda"], "detail": {"requestPayload": [5]}}))
        events.put_targets(Rule="ended", Targets=[{"Id": "q", "Arn": queue}])
    world.deploy(f"ends-in-{kind}", "def handler(event, context):\n    return event + 1\n")
    world.functions.put_function_event_invoke_config(FunctionName=f"ends-in-{kind}", DestinationConfig={"OnSuccess": {"Destination": arn}})
    world.call(f"ends-in-{kind}", 5)
    world.pass_(5)
    [message] = world.messages(url)
    told = json.loads(message["Body"])
    if kind == "events":
        assert (told["source"], told["detail-type"]) == ("lambda", "Lambda Function Invocation Result - Success")
        told = told["detail"]
    assert told["requestContext"]["condition"] == "Success" and told["responsePayload"] == 6


def test_a_restart_loses_no_call(world):
    """What waits for its retry is there after a restart."""
    url, arn = world.queue("restarted")
    world.deploy("restarted", FAILING)
    world.functions.put_function_event_invoke_config(FunctionName="restarted", DestinationConfig={"OnFailure": {"Destination": arn}})
    world.call("restarted", 1)
    world.pass_(1)
    world.server.kill()
    world.server.start()
    world.pass_(300)
    assert json.loads(world.messages(url)[0]["Body"])["requestContext"]["condition"] == "RetriesExhausted"


def test_settings_are_shown(world, account=None):
    arn = f"arn:aws:lambda:us-east-1:{world.server.account}:function:shown"
    world.deploy("shown", FAILING)
    with pytest.raises(world.functions.exceptions.ResourceNotFoundException, match="EventInvokeConfig"):
        world.functions.get_function_event_invoke_config(FunctionName="shown")
    _, queue = world.queue("shown")
    put = world.functions.put_function_event_invoke_config(FunctionName="shown", MaximumEventAgeInSeconds=100,
                                                           DestinationConfig={"OnSuccess": {"Destination": queue}})
    assert (put["FunctionArn"], put["MaximumEventAgeInSeconds"]) == (arn + ":$LATEST", 100) and "MaximumRetryAttempts" not in put
    assert put["DestinationConfig"] == {"OnSuccess": {"Destination": queue}, "OnFailure": {}}
    shown = world.functions.list_function_event_invoke_configs(FunctionName="shown")["FunctionEventInvokeConfigs"]
    assert [c["FunctionArn"] for c in shown] == [arn + ":$LATEST"]
    for bad in ("arn:aws:glue:us-east-1:123456789012:x", queue + ".fifo"):
        with pytest.raises(world.functions.exceptions.InvalidParameterValueException):
            world.functions.put_function_event_invoke_config(FunctionName="shown", DestinationConfig={"OnSuccess": {"Destination": bad}})
    poor = world.iam.create_role(RoleName="poor", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    world.deploy("poor", FAILING, Role=poor)
    with pytest.raises(world.functions.exceptions.InvalidParameterValueException, match="permissions to call SendMessage"):
        world.functions.put_function_event_invoke_config(FunctionName="poor", DestinationConfig={"OnSuccess": {"Destination": queue}})
    world.functions.delete_function_event_invoke_config(FunctionName="shown")
    assert not world.functions.list_function_event_invoke_configs(FunctionName="shown")["FunctionEventInvokeConfigs"]


def test_the_clock_waits_for_what_a_queue_starts(world):
    url, arn = world.queue("slow")
    world.s3.create_bucket(Bucket="slow")
    world.deploy("slow", """
        import boto3, time
        def handler(event, context):
            time.sleep(0.5)
            for record in event["Records"]:
                boto3.client("s3").put_object(Bucket="slow", Key=record["body"], Body=b"")
        """)
    world.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="slow")
    world.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": n, "MessageBody": n, "DelaySeconds": 60} for n in "abc"])
    world.pass_(59)
    assert "Contents" not in world.s3.list_objects_v2(Bucket="slow")
    world.pass_(2)
    assert [o["Key"] for o in world.s3.list_objects_v2(Bucket="slow")["Contents"]] == ["a", "b", "c"]
