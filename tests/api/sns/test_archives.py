"""Archives of FIFO topics, and their replays: what a subscription that comes late, or has lost something, gets again. The clock
is virtual, so that days pass at once."""
import concurrent.futures
import datetime
import json

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client
from support.server import Server

DAY = 86_400


class World:
    def __init__(self, server, new_name):
        self.server, self.new_name = server, new_name
        self.sns, self.sqs = server.client("sns"), server.client("sqs")

    def topic(self, days="30", **attributes):
        given = {"FifoTopic": "true", "ContentBasedDeduplication": "true", **attributes}
        if days:
            given["ArchivePolicy"] = json.dumps({"MessageRetentionPeriod": days})
        return self.sns.create_topic(Name=self.new_name("topic") + ".fifo", Attributes=given)["TopicArn"]

    def queue(self):
        url = self.sqs.create_queue(QueueName=self.new_name("queue") + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
        return url, arn

    def subscribe(self, topic, queue, **attributes):
        return self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True,
                                  Attributes=attributes)["SubscriptionArn"]

    def publish(self, topic, *texts, **more):
        return [self.sns.publish(TopicArn=topic, Message=text, MessageGroupId="g", **more)["MessageId"] for text in texts]

    def now(self):
        return tarn_client(self.server).get_clock()["Time"]

    def advance(self, seconds):
        tarn_client(self.server).advance_clock(Seconds=seconds)

    def received(self, url):
        self.advance(1)
        got = []
        while batch := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            got += batch
            for message in batch:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in got]


@pytest.fixture
def world(virtual, new_name):
    return World(virtual, new_name)


def replay_from(start, end=None):
    policy = {"PointType": "Timestamp", "StartingPoint": start}
    return json.dumps(policy | ({"EndingPoint": end} if end else {}))


def iso(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def told(world, topic):
    return world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def test_a_late_subscriber_gets_what_was_published(world):
    topic = world.topic()
    begins = told(world, topic)["BeginningArchiveTime"]
    world.advance(1)
    ids = world.publish(topic, "one", "two", "three")
    world.advance(10)
    url, arn = world.queue()
    subscription = world.subscribe(topic, arn, ReplayPolicy=replay_from(begins))
    messages = world.received(url)
    assert [m["Message"] for m in messages] == ["one", "two", "three"]
    assert [m["MessageId"] for m in messages] == ids
    assert all(m["Replayed"] is True for m in messages)
    attributes = world.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert attributes["ReplayStatus"] == "Completed" and json.loads(attributes["ReplayPolicy"])["StartingPoint"] == begins
    world.publish(topic, "new")
    fresh = world.received(url)
    assert [m["Message"] for m in fresh] == ["new"] and "Replayed" not in fresh[0]


def test_a_window_and_a_filter_choose(world):
    topic = world.topic()
    world.advance(1)
    url, arn = world.queue()
    world.publish(topic, "before")
    world.advance(60)
    start = iso(world.now())
    for text, kind in (("a", "x"), ("b", "y"), ("c", "x")):
        world.publish(topic, text, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    world.advance(1)
    end = iso(world.now())
    world.advance(60)
    world.publish(topic, "after")
    world.advance(60)
    world.subscribe(topic, arn, ReplayPolicy=replay_from(start, end), FilterPolicy=json.dumps({"kind": ["x"]}))
    assert [m["Message"] for m in world.received(url)] == ["a", "c"]


def test_a_subscription_hears_again_what_it_lost(world):
    topic = world.topic()
    url, arn = world.queue()
    subscription = world.subscribe(topic, arn)
    world.advance(1)
    start = iso(world.now())
    world.publish(topic, *(f"m{i}" for i in range(230)))
    assert len(world.received(url)) == 230
    world.advance(600)  # the queue has forgotten what it knows of duplicates
    world.sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="ReplayPolicy", AttributeValue=replay_from(start))
    world.publish(topic, "new")
    assert [m["Message"] for m in world.received(url)] == [*(f"m{i}" for i in range(230)), "new"]
    world.sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="ReplayPolicy", AttributeValue="{}")
    assert "ReplayStatus" not in world.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]


def test_messages_are_kept_as_long_as_the_policy_says(world):
    topic = world.topic(days="2")
    world.advance(1)
    start = iso(world.now())
    world.publish(topic, "old")
    world.advance(int(1.5 * DAY))
    world.publish(topic, "young")
    world.advance(DAY)
    url, arn = world.queue()
    world.subscribe(topic, arn, ReplayPolicy=replay_from(start))
    assert [m["Message"] for m in world.received(url)] == ["young"]
    assert told(world, topic)["BeginningArchiveTime"] > start


def test_an_archive_holds_off_the_topics_end(world):
    topic = world.topic()
    assert json.loads(told(world, topic)["ArchivePolicy"]) == {"MessageRetentionPeriod": "30"}
    world.advance(1)
    start = iso(world.now())
    world.publish(topic, "gone")
    with pytest.raises(ClientError, match="Invalid state: Cannot delete a topic with an ArchivePolicy") as caught:
        world.sns.delete_topic(TopicArn=topic)
    assert caught.value.response["Error"]["Code"] == "InvalidState"
    world.sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    assert not {"ArchivePolicy", "BeginningArchiveTime"} & set(told(world, topic))
    world.sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue='{"MessageRetentionPeriod": "1"}')
    url, arn = world.queue()
    world.subscribe(topic, arn, ReplayPolicy=replay_from(start))
    assert world.received(url) == []
    world.sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    world.sns.delete_topic(TopicArn=topic)


@pytest.mark.parametrize("value", ["", "[]", "{", '{"MessageRetentionPeriod": "0"}', '{"MessageRetentionPeriod": "366"}', '{"Days": "1"}'])
def test_archive_policies_that_are_refused(world, value):
    topic = world.topic(days=None)
    with pytest.raises(ClientError, match="ArchivePolicy") as caught:
        world.sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=value)
    assert caught.value.response["Error"]["Code"] == "InvalidParameter"


@pytest.mark.parametrize("policy", [
    "{", {"PointType": "Sequence", "StartingPoint": "2026-01-01T00:00:00Z"}, {"PointType": "Timestamp"},
    {"PointType": "Timestamp", "StartingPoint": "yesterday"}, {"PointType": "Timestamp", "StartingPoint": "2026-01-01T00:00:00Z", "x": 1},
    {"PointType": "Timestamp", "StartingPoint": "2026-01-01T00:00:00Z", "EndingPoint": "2025-01-01T00:00:00Z"}])
def test_replay_policies_that_are_refused(world, policy):
    topic = world.topic()
    text = policy if isinstance(policy, str) else json.dumps(policy)
    with pytest.raises(ClientError, match="ReplayPolicy") as caught:
        world.subscribe(topic, world.queue()[1], ReplayPolicy=text)
    assert caught.value.response["Error"]["Code"] == "InvalidParameter"


def test_a_replay_wants_an_archive(world):
    with pytest.raises(ClientError, match="no message archive"):
        world.subscribe(world.topic(days=None), world.queue()[1], ReplayPolicy=replay_from("2026-01-01T00:00:00Z"))
    standard = world.sns.create_topic(Name=world.new_name("topic"))["TopicArn"]
    with pytest.raises(ClientError, match="FIFO"):
        world.sns.set_topic_attributes(TopicArn=standard, AttributeName="ArchivePolicy", AttributeValue='{"MessageRetentionPeriod": "1"}')


def test_a_fifo_topic_has_a_hundred_subscriptions(world):
    topic = world.topic(days=None)
    for i in range(100):
        world.subscribe(topic, f"arn:aws:sqs:us-east-1:{world.server.account}:{world.new_name('q')}{i}.fifo")
    with pytest.raises(ClientError) as caught:
        world.subscribe(topic, f"arn:aws:sqs:us-east-1:{world.server.account}:one-more.fifo")
    assert caught.value.response["Error"]["Code"] == "SubscriptionLimitExceeded"


def test_a_topic_has_two_hundred_filter_policies(world):
    topic = world.sns.create_topic(Name=world.new_name("topic"))["TopicArn"]
    policy = json.dumps({"a": ["b"]})
    for i in range(200):
        world.subscribe(topic, f"arn:aws:sqs:us-east-1:{world.server.account}:{world.new_name('q')}{i}", FilterPolicy=policy)
    plain = world.subscribe(topic, f"arn:aws:sqs:us-east-1:{world.server.account}:plain")
    with pytest.raises(ClientError) as caught:
        world.subscribe(topic, f"arn:aws:sqs:us-east-1:{world.server.account}:one-more", FilterPolicy=policy)
    assert caught.value.response["Error"]["Code"] == "FilterPolicyLimitExceeded"
    with pytest.raises(ClientError) as caught:
        world.sns.set_subscription_attributes(SubscriptionArn=plain, AttributeName="FilterPolicy", AttributeValue=policy)
    assert caught.value.response["Error"]["Code"] == "FilterPolicyLimitExceeded"


def test_an_account_has_a_thousand_fifo_topics():
    with Server(None) as server:
        sns, fifo = server.client("sns"), {"FifoTopic": "true"}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: sns.create_topic(Name=f"t{i}.fifo", Attributes=fifo), range(1000)))
        with pytest.raises(ClientError) as caught:
            sns.create_topic(Name="one-more.fifo", Attributes=fifo)
        assert caught.value.response["Error"]["Code"] == "TopicLimitExceeded"
        sns.create_topic(Name="t1.fifo", Attributes=fifo)
        sns.create_topic(Name="standard")
