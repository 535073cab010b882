"""Schedules that fire: at their moments and no others, as their role, with their input; and what becomes of those that
fail. On a virtual clock: a year takes no longer than its work. What has fired is seen as objects, named by the moment."""
import datetime
import http.server
import json
import threading

import pytest

from support.models import tarn_client
from support.server import Server

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                  "Principal": {"Service": "scheduler.amazonaws.com"}}]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*", "logs:*", "lambda:*"], "Resource": "*"}]}
PUT = "arn:aws:scheduler:::aws-sdk:s3:putObject"
START = datetime.datetime(2030, 1, 15, tzinfo=datetime.timezone.utc)


class World:
    def __init__(self, server):
        self.server, self.tarn = server, tarn_client(server)
        self.s3, self.scheduler, self.iam = (server.client(s) for s in ("s3", "scheduler", "iam"))
        self.role = self.iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        self.iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(ALL))
        self.s3.create_bucket(Bucket="bucket")

    def to(self, moment):
        self.tarn.set_clock(Time=moment)

    def create(self, name, expression, target=None, window=None, **more):
        self.scheduler.create_schedule(
            Name=name, ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window} if window else {"Mode": "OFF"},
            Target={"Arn": PUT, "RoleArn": self.role, "Input": json.dumps({
                "Bucket": "bucket", "Key": name + " <aws.scheduler.scheduled-time>",
                "Body": "<aws.scheduler.schedule-arn> <aws.scheduler.attempt-number>"}), **(target or {})}, **more)

    def fired(self, name):
        listed = self.s3.list_objects_v2(Bucket="bucket", Prefix=name + " ").get("Contents", [])
        return [o["Key"].removeprefix(name + " ") for o in listed]


@pytest.fixture
def world():
    with Server(None, "--clock", "virtual") as server:
        world = World(server)
        world.to(START)
        yield world


def test_a_moment_is_told_in_whole_seconds(world):
    world.to(START + datetime.timedelta(milliseconds=250))
    world.create("often", "rate(12 hours)")
    world.to(START + datetime.timedelta(hours=13))
    assert world.fired("often") == ["2030-01-15T00:00:00Z", "2030-01-15T12:00:00Z"]


def test_each_kind_fires_at_its_moments(world):
    world.create("once", "at(2030-01-15T08:00:00)", ScheduleExpressionTimezone="America/New_York")
    world.create("hourly", "rate(12 hours)", EndDate=START + datetime.timedelta(days=1, seconds=1))
    world.create("later", "rate(1 day)", StartDate=START + datetime.timedelta(days=40))
    world.create("monthly", "cron(0 8 1 * ? *)", ScheduleExpressionTimezone="Europe/Berlin")
    world.create("off", "rate(1 hour)", State="DISABLED")
    # 2030-03-31 02:30 does not come in Berlin; 2030-10-27 02:30 comes twice.
    world.create("night", "cron(30 2 ? * SUN *)", ScheduleExpressionTimezone="Europe/Berlin",
                 StartDate=datetime.datetime(2030, 3, 20, tzinfo=datetime.timezone.utc),
                 EndDate=datetime.datetime(2030, 4, 10, tzinfo=datetime.timezone.utc))
    world.to(START + datetime.timedelta(days=41))
    assert world.fired("once") == ["2030-01-15T13:00:00Z"]
    assert world.fired("hourly") == ["2030-01-15T00:00:00Z", "2030-01-15T12:00:00Z", "2030-01-16T00:00:00Z"]
    assert world.fired("later") == ["2030-02-24T00:00:00Z", "2030-02-25T00:00:00Z"]
    assert world.fired("off") == []
    world.scheduler.delete_schedule(Name="later")
    world.to(datetime.datetime(2030, 6, 1, 12, tzinfo=datetime.timezone.utc))
    assert len(world.fired("later")) == 2
    assert world.fired("monthly") == [f"2030-0{m}-01T0{7 if m < 4 else 6}:00:00Z" for m in range(2, 7)]
    assert world.fired("night") == ["2030-03-24T01:30:00Z", "2030-04-07T00:30:00Z"]
    body = world.s3.get_object(Bucket="bucket", Key="once 2030-01-15T13:00:00Z")["Body"].read().decode()
    assert body == f"arn:aws:scheduler:us-east-1:{world.server.account}:schedule/default/once 1"


def test_a_moment_in_the_past_fires_at_once(world):
    """As measured on AWS: a schedule that is made too late is made up for."""
    world.create("late", "at(2030-01-14T23:58:00)", ActionAfterCompletion="DELETE")
    world.tarn.advance_clock(Seconds=1)
    assert world.fired("late") == ["2030-01-14T23:58:00Z"] and world.scheduler.list_schedules()["Schedules"] == []


def test_each_attempt_has_its_number(world):
    """An endpoint that answers at the third attempt."""
    bodies = []

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(503 if len(bodies) < 3 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    endpoint = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    events = world.server.client("events")
    connection = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters={
        "ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}})["ConnectionArn"]
    api = events.create_api_destination(Name="a", ConnectionArn=connection, HttpMethod="POST",
                                        InvocationEndpoint=f"http://127.0.0.1:{endpoint.server_port}/")["ApiDestinationArn"]
    world.iam.put_role_policy(RoleName="r", PolicyName="q", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": "*"}]}))
    world.create("again", "at(2030-01-15T08:00:00)", {"Arn": "arn:aws:scheduler:::aws-sdk:tarn:invokeApiDestination", "Input": json.dumps({
        "ApiDestinationArn": api, "Body": "attempt <aws.scheduler.attempt-number>"})})
    world.to(START + datetime.timedelta(days=1))
    endpoint.shutdown()
    assert bodies == ["attempt 1", "attempt 2", "attempt 3"]


def test_a_moment_that_came_while_the_server_was_stopped_is_made_up_for(tmp_path):
    now = lambda: datetime.datetime.now(datetime.timezone.utc)
    with Server(tmp_path / "data") as server:
        world = World(server)
        moment = now().replace(microsecond=0) + datetime.timedelta(seconds=3)
        world.create("missed", moment.strftime("at(%Y-%m-%dT%H:%M:%S)"))
        server.kill()
        stopped = now()
    while now() < moment + datetime.timedelta(milliseconds=1):
        pass
    assert stopped < moment, "the server stopped too slowly for this test"
    with Server(tmp_path / "data") as server:
        s3, deadline = server.client("s3"), now() + datetime.timedelta(seconds=30)
        while not (found := s3.list_objects_v2(Bucket="bucket").get("Contents")):
            assert now() < deadline
        assert [o["Key"] for o in found] == [moment.strftime("missed %Y-%m-%dT%H:%M:%SZ")]


def test_what_is_done_goes_if_it_shall(world):
    world.create("stays", "at(2030-01-15T08:00:00)")
    world.create("goes", "at(2030-01-15T08:00:00)", ActionAfterCompletion="DELETE")
    world.create("last", "rate(6 hours)", ActionAfterCompletion="DELETE", EndDate=START + datetime.timedelta(hours=10))
    world.to(START + datetime.timedelta(hours=1))
    assert len(world.scheduler.list_schedules()["Schedules"]) == 3
    world.to(START + datetime.timedelta(days=1))
    assert [s["Name"] for s in world.scheduler.list_schedules()["Schedules"]] == ["stays"]
    assert len(world.fired("goes")) == 1 and len(world.fired("last")) == 2


def test_a_window_is_kept_and_the_moment_told_is_the_schedules(world):
    world.create("w", "rate(1 day)", window=30)
    world.to(START + datetime.timedelta(days=10, hours=1))
    assert world.fired("w") == [(START + datetime.timedelta(days=d)).strftime("%Y-%m-%dT%H:%M:%SZ") for d in range(11)]
    stored = [o["LastModified"] for o in world.s3.list_objects_v2(Bucket="bucket", Prefix="w ")["Contents"]]
    late = [(at - START - datetime.timedelta(days=d)).total_seconds() for d, at in enumerate(stored)]
    assert all(0 <= s < 1800 for s in late) and len(set(late)) > 1


def test_schedules_outlive_a_restart(world):
    world.create("s", "rate(1 day)")
    world.to(START + datetime.timedelta(days=1))
    world.server.restart()
    world.to(START + datetime.timedelta(days=2))
    assert world.fired("s") == [f"2030-01-{d}T00:00:00Z" for d in (15, 16, 17)]


def test_a_failure_ends_in_the_dead_letter_queue(world):
    sqs = world.server.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    account = world.server.account
    dead = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"}}
    world.create("gone", "at(2030-01-15T08:00:00)", {
        "Arn": f"arn:aws:lambda:us-east-1:{account}:function:none", "Input": '{"at": "<aws.scheduler.scheduled-time>"}', **dead})
    world.create("unknown", "at(2030-01-15T09:00:00)", {"Arn": "arn:aws:scheduler:::aws-sdk:nothing:doIt", "Input": "{}", **dead})
    world.to(START + datetime.timedelta(days=1))
    letters = {}
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages"):
        for message in found:
            attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
            letters[attributes["SCHEDULE_ARN"].split("/")[-1]] = message["Body"], attributes
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    body, attributes = letters["gone"]
    assert json.loads(body) == {"at": "2030-01-15T08:00:00Z"}
    assert attributes["ERROR_CODE"] == "ResourceNotFoundException" and attributes["RETRY_ATTEMPTS"] == "0"
    assert attributes["TARGET_ARN"].endswith(":function:none") and attributes["SCHEDULED_TIME"] == "2030-01-15T08:00:00Z"
    assert attributes["IS_PAYLOAD_TRUNCATED"] == "false" and len(attributes["EXECUTION_ID"]) == 16
    assert letters["unknown"][1]["ERROR_CODE"] == "UnknownOperationException"


def test_queues_get_messages(world):
    sqs = world.server.client("sqs")
    plain = sqs.create_queue(QueueName="q")["QueueUrl"]
    fifo = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{world.server.account}:"
    world.create("plain", "at(2030-01-15T08:00:00)", {"Arn": arn + "q", "Input": "hello <aws.scheduler.scheduled-time>"})
    world.create("fifo", "at(2030-01-15T08:00:00)", {
        "Arn": arn + "q.fifo", "Input": "<aws.scheduler.scheduled-time>", "SqsParameters": {"MessageGroupId": "g"}})
    world.to(START + datetime.timedelta(days=1))
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=plain)["Messages"]] == ["hello 2030-01-15T08:00:00Z"]
    (message,) = sqs.receive_message(QueueUrl=fifo, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "g"
    assert message["Body"] == "2030-01-15T08:00:00Z"


def test_a_target_without_input_gets_the_default_notification(world):
    sqs = world.server.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    world.scheduler.create_schedule(
        Name="bare", ScheduleExpression="at(2030-01-15T08:00:00)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:sqs:us-east-1:{world.server.account}:q", "RoleArn": world.role})
    world.to(START + datetime.timedelta(days=1))
    event = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    assert event.pop("id")
    assert event == {"version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler", "region": "us-east-1",
                     "account": world.server.account, "time": "2030-01-15T08:00:00Z", "detail": "{}",
                     "resources": [f"arn:aws:scheduler:us-east-1:{world.server.account}:schedule/default/bare"]}
