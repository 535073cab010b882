"""`tarn events why`: what became of the last events on a rule's bus, and what can never match is said."""
import json
import subprocess

import pytest

from support.models import tarn_client
from support.server import TARN


@pytest.fixture
def tarn(server):
    return tarn_client(server)


def put(events, bus, detail):
    return events.put_events(Entries=[{"Source": "shop", "DetailType": "sold", "EventBusName": bus,
                                       "Detail": json.dumps(detail)}])["Entries"][0]["EventId"]


def test_for_each_event_what_failed_or_what_came_of_it(events, bus, queue, tarn, server, account):
    gone = f"arn:aws:sqs:us-east-1:{account}:gone"
    events.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps({"source": ["shop"], "detail": {"price": [{"numeric": [">", 1]}]}}))
    events.put_targets(Rule="r", EventBusName=bus, Targets=[
        {"Id": "1", "Arn": gone}, {"Id": "2", "Arn": queue.arn, "DeadLetterConfig": {"Arn": queue.arn}}])
    first, second = put(events, bus, {"price": 1}), put(events, bus, {"price": 2})
    assert len(queue.messages(1)) == 1
    told = tarn.explain_rule(Name="r", EventBusName=bus)
    assert [e["Id"] for e in told["Events"]] == [first, second]
    assert told["Events"][0]["Matched"] is False and told["Events"][0]["Deliveries"] == []
    assert told["Events"][0]["Failed"] == 'detail.price is [1], and the pattern wants [{"numeric":[">",1]}]'
    outcomes = {d["Target"]: d["Outcome"] for d in told["Events"][1]["Deliveries"]}
    assert outcomes[queue.arn] == "ok" and set(outcomes) == {queue.arn, gone}
    said = subprocess.run([TARN, "events", "why", "r", "--bus", bus, "--data-dir", str(server.data_dir), "--endpoint", server.endpoint],
                          capture_output=True, text=True, check=True, env=server.environment()).stdout
    assert "no: detail.price is [1]" in said and f"to {queue.arn}: ok (attempts: 1)" in said


@pytest.mark.parametrize("pattern, word", [
    ({"source": ["aws.s3"], "detail": {"bucket": {"name": ["arn:aws:s3:::b"]}}}, "a bucket's name stands there"),
    ({"source": ["aws.s3"], "detail": {"requestParameters": {"bucketName": [{"prefix": "arn:aws:s3:::b"}]}}},
     "a bucket's name stands there"),
])
def test_what_can_never_match_is_said(events, bus, tarn, pattern, word):
    events.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps(pattern), State="DISABLED")
    notes = tarn.explain_rule(Name="r", EventBusName=bus)["Notes"]
    assert notes[:2] == ["The rule is disabled.", "The rule has no targets."]
    assert any(word in note for note in notes)


def test_an_event_that_needs_a_trail(client, server, tarn, new_name):
    there = server.client("events", region="ap-south-1")  # no test makes a trail there
    name = new_name("rule")
    there.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["AWS API Call via CloudTrail"]}))
    notes = tarn_client(server, region="ap-south-1").explain_rule(Name=name)["Notes"]
    assert any("needs a trail" in note for note in notes)
    there.delete_rule(Name=name)
