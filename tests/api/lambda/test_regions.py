"""Why: everything that starts a function must do so in every region, not only in the one that most tests are in. The clock is virtual:
a schedule's minute passes at once."""
import json
import time

import pytest

from .conftest import zipped
from support.models import tarn_client

REGION = "eu-west-2"
SERVICES = ["lambda.amazonaws.com", "scheduler.amazonaws.com"]


class World:
    def __init__(self, server, new_name):
        self.server, self.new_name, self.account, self.iam = server, new_name, server.account, server.client("iam")
        self.functions, self.logs, self.sqs, self.events, self.scheduler, self.sns, self.s3 = (
            server.client(s, region=REGION) for s in ("lambda", "logs", "sqs", "events", "scheduler", "sns", "s3"))
        name = new_name("role")
        self.role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
        self.name = new_name("f")
        code = "def handler(event, context):\n    print('began')\n"
        self.function = self.functions.create_function(
            FunctionName=self.name, Runtime="python3.11", Role=self.role, Handler="app.handler", Timeout=20,
            Code={"ZipFile": zipped({"app.py": code})})["FunctionArn"]

    def let(self, principal):
        self.functions.add_permission(FunctionName=self.name, StatementId="x", Action="lambda:InvokeFunction", Principal=principal)


def called(world):
    world.functions.invoke(FunctionName=world.name, InvocationType="Event", Payload="{}")


def ruled(world):
    world.let("events.amazonaws.com")
    world.events.put_rule(Name=world.name, EventPattern=json.dumps({"source": [world.name]}))
    world.events.put_targets(Rule=world.name, Targets=[{"Id": "1", "Arn": world.function}])
    world.events.put_events(Entries=[{"Source": world.name, "DetailType": "d", "Detail": "{}"}])


def scheduled(world):
    world.scheduler.create_schedule(Name=world.name, ScheduleExpression="rate(1 minute)", FlexibleTimeWindow={"Mode": "OFF"},
                                    Target={"Arn": world.function, "RoleArn": world.role})


def published(world):
    world.let("sns.amazonaws.com")
    topic = world.sns.create_topic(Name=world.name)["TopicArn"]
    world.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=world.function)
    world.sns.publish(TopicArn=topic, Message="m")


def queued(world):
    url = world.sqs.create_queue(QueueName=world.name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{world.account}:{world.name}"
    world.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=world.name)
    world.sqs.send_message(QueueUrl=url, MessageBody="m")


def stored(world):
    world.let("s3.amazonaws.com")
    bucket = world.new_name("bucket")
    world.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    world.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": world.function, "Events": ["s3:ObjectCreated:*"]}]})
    world.s3.put_object(Bucket=bucket, Key="k", Body=b"x")


@pytest.mark.parametrize("start", [called, ruled, scheduled, published, queued, stored])
def test_a_function_is_started(virtual, new_name, start):
    world, group = World(virtual, new_name), "/aws/lambda/"
    start(world)
    tarn_client(virtual).advance_clock(Seconds=61)
    for _ in range(500):  # its log comes behind it
        if world.logs.describe_log_groups(logGroupNamePrefix=group + world.name)["logGroups"]:
            if world.logs.filter_log_events(logGroupName=group + world.name, filterPattern="began")["events"]:
                return
        time.sleep(0.02)
    raise AssertionError("it never ran")
