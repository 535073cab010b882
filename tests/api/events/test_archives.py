"""Archives keep what their pattern matches, forget it on the clock, and tell it again: to the same bus, with the replay's
name, and not into the archive once more."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client
from support.queue import Queue
from support.server import Server

START = datetime.datetime(2030, 1, 15, tzinfo=datetime.timezone.utc)


class World:
    def __init__(self, server):
        self.tarn, self.events = tarn_client(server), server.client("events")
        self.tarn.set_clock(Time=START)
        self.queue = Queue(server.client("sqs"), "q")
        self.bus = self.events.create_event_bus(Name="b")["EventBusArn"]
        self.archive = self.events.create_archive(
            ArchiveName="a", EventSourceArn=self.bus, RetentionDays=10,
            EventPattern=json.dumps({"source": ["shop"]}))["ArchiveArn"]

    def put(self, n, source="shop"):
        self.events.put_events(Entries=[{"Source": source, "DetailType": "sold", "EventBusName": "b", "Detail": json.dumps({"n": n})}])
        self.advance(seconds=60)

    def advance(self, **length):
        self.tarn.advance_clock(Seconds=int(datetime.timedelta(**length).total_seconds()))

    def count(self):
        return self.events.describe_archive(ArchiveName="a")["EventCount"]


@pytest.fixture
def world():
    with Server(None, "--clock", "virtual") as server:
        yield World(server)


def test_an_archive_keeps_and_forgets(world):
    world.put(1)
    world.put(2, source="other")
    world.advance(days=5)
    world.put(3)
    shown = world.events.describe_archive(ArchiveName="a")
    assert (shown["EventCount"], shown["State"], shown["RetentionDays"], shown["EventSourceArn"]) == (2, "ENABLED", 10, world.bus)
    assert shown["SizeBytes"] > 0
    world.advance(days=5, minutes=-1)
    assert world.count() == 1
    world.advance(days=6)
    shown = world.events.describe_archive(ArchiveName="a")
    assert (shown["EventCount"], shown["SizeBytes"]) == (0, 0)
    assert [a["ArchiveName"] for a in world.events.list_archives(EventSourceArn=world.bus)["Archives"]] == ["a"]
    with pytest.raises(ClientError, match="Event bus none does not exist"):
        world.events.list_archives(EventSourceArn=world.bus[:-1] + "none")
    world.events.delete_archive(ArchiveName="a")
    with pytest.raises(ClientError, match="Archive a does not exist"):
        world.events.describe_archive(ArchiveName="a")


def test_an_archive_changes(world):
    world.put(1)
    world.events.update_archive(ArchiveName="a", RetentionDays=1, EventPattern=json.dumps({"source": ["other"]}))
    world.put(2)
    world.put(3, source="other")
    assert world.count() == 2
    world.advance(days=2)
    assert world.count() == 0


def test_a_replay_tells_what_came_between(world):
    world.events.put_rule(Name="r", EventBusName="b", EventPattern=json.dumps({"detail": {"n": [{"exists": True}]}}))
    world.events.put_rule(Name="s", EventBusName="b", EventPattern=json.dumps({"detail": {"n": [{"exists": True}]}}))
    for n in range(120):  # more than go in one commit
        world.put(n)
    for rule in ("r", "s"):
        world.events.put_targets(Rule=rule, EventBusName="b", Targets=[{"Id": "1", "Arn": world.queue.arn}])
    rule = world.events.describe_rule(Name="r", EventBusName="b")["Arn"]
    started = world.events.start_replay(
        ReplayName="again", EventSourceArn=world.archive, EventStartTime=START + datetime.timedelta(seconds=60 * 2),
        EventEndTime=START + datetime.timedelta(seconds=60 * 112), Destination={"Arn": world.bus, "FilterArns": [rule]})
    assert started["State"] == "STARTING"
    world.advance(seconds=1)
    shown = world.events.describe_replay(ReplayName="again")
    assert shown["State"] == "COMPLETED" and shown["EventLastReplayedTime"] == START + datetime.timedelta(seconds=60 * 112)
    told = world.queue.bodies(111, wait=0)
    assert sorted(e["detail"]["n"] for e in told) == list(range(2, 113))
    assert {e["replay-name"] for e in told} == {"again"}
    assert world.queue.messages(1, wait=0) == []
    assert world.count() == 120
    assert [r["ReplayName"] for r in world.events.list_replays(State="COMPLETED")["Replays"]] == ["again"]
    with pytest.raises(ClientError, match="IllegalStatusException"):
        world.events.cancel_replay(ReplayName="again")


@pytest.mark.parametrize("given, word", [
    ({"Destination": {"Arn": "arn:aws:events:us-east-1:ACCOUNT:event-bus/x"}}, "Event bus x does not exist."),
    ({"Destination": {"Arn": "arn:aws:events:us-east-1:ACCOUNT:event-bus/default"}},
     "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."),
    ({"Destination": {"Arn": "arn:aws:sqs:us-east-1:ACCOUNT:q"}}, "Must contain an event bus ARN"),
    ({"EventSourceArn": "arn:aws:events:us-east-1:ACCOUNT:archive/none"},
     "Parameter EventSourceArn is not valid. Reason: Archive none does not exist."),
    ({"EventEndTime": START}, "EventStartTime must be before EventEndTime"),
    ({"EventSourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/b"}, "Must contain an archive ARN"),
])
def test_replays_that_are_refused(world, given, word):
    given = json.loads(json.dumps(given, default=str).replace("ACCOUNT", world.bus.split(":")[4]))
    with pytest.raises(ClientError, match=word):
        world.events.start_replay(**{"ReplayName": "x", "EventSourceArn": world.archive, "EventStartTime": START,
                                     "EventEndTime": START + datetime.timedelta(days=1), "Destination": {"Arn": world.bus}, **given})
