"""Rules with schedules tell their targets at their moments, on the clock, and what `advance` says is what happened: the
same on two runs from the same start."""
import datetime
import http.server
import json
import re
import subprocess
import threading

import pytest

from support.models import tarn_client
from support.queue import Queue
from support.server import TARN, Server

START = datetime.datetime(2030, 1, 15, 12, 30, tzinfo=datetime.timezone.utc)


class World:
    def __init__(self, server):
        self.server, self.tarn, self.events = server, tarn_client(server), server.client("events")
        self.tarn.set_clock(Time=START)
        self.queue = Queue(server.client("sqs"), "q")

    def rule(self, name, expression):
        self.events.put_rule(Name=name, ScheduleExpression=expression)
        self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": self.queue.arn}])

    def advance(self, **length):
        return self.tarn.advance_clock(Seconds=int(datetime.timedelta(**length).total_seconds()))


@pytest.fixture
def world():
    with Server(None, "--clock", "virtual") as server:
        yield World(server)


def test_they_fire_at_their_moments(world):
    world.rule("daily", "cron(0 8 * * ? *)")
    world.rule("rate", "rate(12 hours)")
    world.rule("off", "rate(1 hour)")
    world.events.disable_rule(Name="off")
    world.advance(days=2)
    told = world.queue.bodies(10, wait=0)
    times = {name: [e["time"] for e in told if e["resources"][0].endswith("/" + name)] for name in ("daily", "rate", "off")}
    assert times == {"daily": ["2030-01-16T08:00:00Z", "2030-01-17T08:00:00Z"],
                     "rate": ["2030-01-16T00:30:00Z", "2030-01-16T12:30:00Z", "2030-01-17T00:30:00Z", "2030-01-17T12:30:00Z"],
                     "off": []}
    event = told[0]
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})


def test_advancing_says_what_fired():
    lists = []
    for _ in range(2):
        with Server(None, "--clock", "virtual", "--account", "111122223333") as server:
            again = World(server)
            again.rule("daily", "cron(0 8 * * ? *)")
            again.events.put_targets(Rule="daily", Targets=[{"Id": "2", "Arn": again.queue.arn + "-gone"}])
            lists.append([(f["Time"], f["SourceArn"], f["Target"].rsplit(":", 1)[1], f["Outcome"])
                          for f in again.advance(days=31)["Fired"]])
    assert lists[0] == lists[1]
    assert len(lists[0]) == 62
    moment, source, target, outcome = lists[0][0]
    assert moment == datetime.datetime(2030, 1, 16, 8, tzinfo=datetime.timezone.utc)
    assert source.endswith("rule/daily") and (target, outcome) == ("q", "ok")
    assert lists[0][1][2] == "q-gone" and lists[0][1][3] != "ok"


class Failing(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_two_runs_with_retries_and_dead_letters_are_the_same():
    """A week of rules and schedules, of which some fail at once and some after all their retries."""
    endpoint = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    runs = []
    for _ in range(2):
        with Server(None, "--clock", "virtual", "--account", "111122223333") as server:
            world = World(server)
            iam, scheduler = server.client("iam"), server.client("scheduler")
            dead = Queue(server.client("sqs"), "dead")
            role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
                    "Service": ["scheduler.amazonaws.com", "events.amazonaws.com"]}}]}))["Role"]["Arn"]
            iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": ["sqs:SendMessage", "events:InvokeApiDestination"], "Resource": "*"}]}))
            connection = world.events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters={
                "ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}})["ConnectionArn"]
            api = world.events.create_api_destination(Name="a", ConnectionArn=connection, HttpMethod="POST",
                                                      InvocationEndpoint=f"http://127.0.0.1:{endpoint.server_port}/")["ApiDestinationArn"]
            world.rule("daily", "cron(0 8 * * ? *)")
            more = {"DeadLetterConfig": {"Arn": dead.arn}, "RoleArn": role}
            world.events.put_targets(Rule="daily", Targets=[
                {"Id": "2", "Arn": world.queue.arn + "-gone", "DeadLetterConfig": {"Arn": dead.arn}},
                {"Id": "3", "Arn": api, "RetryPolicy": {"MaximumRetryAttempts": 4, "MaximumEventAgeInSeconds": 86400}, **more}])
            for name, target in (("kept", world.queue.arn), ("lost", world.queue.arn + "-none")):
                scheduler.create_schedule(Name=name, ScheduleExpression="rate(5 hours)", Target={"Arn": target, "Input": "{}", **more},
                                          FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 20})
            fired = [(f["Time"], f["SourceArn"], re.sub("/[0-9a-f-]{36}$", "", f["Target"]),
                      re.sub("/[0-9a-f-]{36}", "", f["Outcome"]))
                     for f in world.advance(days=7)["Fired"]]
            said = [{k: v["StringValue"] for k, v in m["MessageAttributes"].items()} for m in dead.messages(48, wait=0)]
            letters = [(re.sub("/[0-9a-f-]{36}$", "", a["TARGET_ARN"].split(":")[5]), a["ERROR_CODE"], a["RETRY_ATTEMPTS"])
                       for a in said]
            runs.append((fired, letters))
    endpoint.shutdown()
    assert runs[0] == runs[1]
    fired, letters = runs[0]
    assert len([f for f in fired if "api-destination" in f[2]]) == 7 * 5
    assert len([f for f in fired if f[1].endswith("/kept") and f[3] == "ok"]) == len([f for f in fired if f[2].endswith("q-none")]) == 34
    assert sorted(set(letters)) == [("api-destination/a", "ERROR_FROM_TARGET", "4"), ("q-gone", "NO_PERMISSIONS", "0"),
                                    ("q-none", "QueueDoesNotExist", "0")]


def test_the_command_prints_rules_and_schedules_that_fired(world):
    iam, scheduler = world.server.client("iam"), world.server.client("scheduler")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                "Principal": {"Service": "scheduler.amazonaws.com"}}]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": world.queue.arn}]}))
    scheduler.create_schedule(Name="s", ScheduleExpression="at(2030-01-16T09:00:00)", FlexibleTimeWindow={"Mode": "OFF"},
                              Target={"Arn": world.queue.arn, "RoleArn": role, "Input": "{}"})
    world.rule("daily", "cron(0 8 * * ? *)")
    said = subprocess.run([TARN, "clock", "advance", "1d", "--endpoint", world.server.endpoint], capture_output=True, text=True,
                          check=True, env=world.server.environment()).stdout.splitlines()
    assert said == ["2030-01-16T08:00:00Z  rule/daily  sqs q  ok", "2030-01-16T09:00:00Z  schedule/default/s  sqs q  ok",
                    "2030-01-16T12:30:00Z"]
