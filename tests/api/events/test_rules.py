"""Buses, rules and targets as a client makes, shows, changes and deletes them, and the words of what is refused."""
import json

import pytest
from botocore.exceptions import ClientError

PATTERN = json.dumps({"source": ["shop"]})


def refused(call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_buses(events, new_name, account):
    name = new_name("bus")
    arn = f"arn:aws:events:us-east-1:{account}:event-bus/{name}"
    made = events.create_event_bus(Name=name, Description="d", Tags=[{"Key": "k", "Value": "v"}])
    assert made["EventBusArn"] == arn
    assert refused(events.create_event_bus, Name=name)[0] == "ResourceAlreadyExistsException"
    assert refused(events.create_event_bus, Name="default")[0] == "ResourceAlreadyExistsException"
    for who in (name, arn):
        shown = events.describe_event_bus(Name=who)
        assert (shown["Name"], shown["Arn"], shown["Description"]) == (name, arn, "d")
    assert events.describe_event_bus()["Name"] == "default"
    assert [b["Name"] for b in events.list_event_buses(NamePrefix=name)["EventBuses"]] == [name]
    assert events.update_event_bus(Name=name, Description="other")["Arn"] == arn
    assert events.describe_event_bus(Name=name)["Description"] == "other"
    assert refused(events.update_event_bus, Name=name, KmsKeyIdentifier="k")[0] == "ValidationException"
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    events.untag_resource(ResourceARN=arn, TagKeys=["k"])
    assert refused(events.tag_resource, ResourceARN=f"arn:aws:events:us-east-1:{account}:rule/{name}/x", Tags=[]) == (
        "ResourceNotFoundException", f"Rule x does not exist on EventBus {name}.")
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    events.put_rule(Name="r", EventBusName=name, EventPattern=PATTERN)
    assert refused(events.delete_event_bus, Name=name)[0] == "ValidationException"
    events.delete_rule(Name="r", EventBusName=name)
    events.delete_event_bus(Name=name)
    events.delete_event_bus(Name=name)  # AWS: no error
    assert refused(events.describe_event_bus, Name=name) == ("ResourceNotFoundException", f"Event bus {name} does not exist.")
    assert refused(events.delete_event_bus, Name="default") == ("ValidationException", "Cannot delete event bus default.")


def test_buses_page(events, new_name):
    prefix = new_name("page")
    names = [f"{prefix}-{i}" for i in range(5)]
    for name in names:
        events.create_event_bus(Name=name)
    seen, token = [], {}
    while True:
        page = events.list_event_buses(NamePrefix=prefix, Limit=2, **token)
        assert len(page["EventBuses"]) <= 2
        seen += [b["Name"] for b in page["EventBuses"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == names
    assert events.list_event_buses(Limit=1)["EventBuses"][0]["Name"] == "default"


def test_policies_of_buses(events, bus, account):
    events.put_permission(EventBusName=bus, StatementId="a", Action="events:PutEvents", Principal="111122223333")
    events.put_permission(EventBusName=bus, StatementId="b", Action="events:PutEvents", Principal="*",
                          Condition={"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"})
    statements = json.loads(events.describe_event_bus(Name=bus)["Policy"])["Statement"]
    assert [s["Sid"] for s in statements] == ["a", "b"]
    assert statements[0]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statements[1]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    events.remove_permission(EventBusName=bus, StatementId="a")
    assert refused(events.remove_permission, EventBusName=bus, StatementId="a") == (
        "ResourceNotFoundException", "Statement with the provided id does not exist.")
    events.remove_permission(EventBusName=bus, StatementId="b")
    assert "Policy" not in events.describe_event_bus(Name=bus)
    assert refused(events.remove_permission, EventBusName=bus, StatementId="a")[1] == "EventBus does not have a policy."
    assert refused(events.put_permission, EventBusName=bus, Policy="{}")[0] == "ValidationException"


def test_rules(events, bus, account, new_name):
    arn = events.put_rule(Name="r", EventBusName=bus, EventPattern=PATTERN, Description="d",
                          Tags=[{"Key": "k", "Value": "v"}])["RuleArn"]
    assert arn == f"arn:aws:events:us-east-1:{account}:rule/{bus}/r"
    shown = events.describe_rule(Name="r", EventBusName=bus)
    assert (shown["State"], shown["EventPattern"], shown["EventBusName"], shown["CreatedBy"]) == ("ENABLED", PATTERN, bus, account)
    events.disable_rule(Name="r", EventBusName=bus)
    assert events.describe_rule(Name="r", EventBusName=bus)["State"] == "DISABLED"
    events.enable_rule(Name="r", EventBusName=bus)
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    events.put_rule(Name="s", EventBusName=bus, EventPattern=PATTERN)
    assert [r["Name"] for r in events.list_rules(EventBusName=bus)["Rules"]] == ["r", "s"]
    assert [r["Name"] for r in events.list_rules(EventBusName=bus, NamePrefix="s")["Rules"]] == ["s"]
    assert refused(events.describe_rule, Name="x", EventBusName=bus) == (
        "ResourceNotFoundException", f"Rule x does not exist on EventBus {bus}.")
    events.delete_rule(Name="x", EventBusName=bus)  # AWS: no error
    name = new_name("rule")
    assert events.put_rule(Name=name, ScheduleExpression="rate(1 day)")["RuleArn"] == f"arn:aws:events:us-east-1:{account}:rule/{name}"
    events.delete_rule(Name=name)


@pytest.mark.parametrize("given, code, message", [
    ({}, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."),
    ({"ScheduleExpression": "rate(1 days)"}, "ValidationException", "Parameter ScheduleExpression is not valid."),
    ({"ScheduleExpression": "at(2030-01-01T00:00:00)"}, "ValidationException", "Parameter ScheduleExpression is not valid."),
    ({"EventPattern": "{}"}, "InvalidEventPatternException",
     'Event pattern is not valid. Reason: Empty objects are not allowed\n at [Source: (String)"{}"; line: 1, column: 3]'),
])
def test_rules_that_are_refused(events, new_name, given, code, message):
    assert refused(events.put_rule, Name=new_name("rule"), **given) == (code, message)


def test_a_permission_is_to_put_events(events, bus):
    assert refused(events.put_permission, EventBusName=bus, StatementId="s", Action="events:Foo", Principal="123456789012") == (
        "ValidationException", "Provided value in parameter 'action' is not supported.")


def test_schedules_are_for_the_default_bus(events, bus):
    assert refused(events.put_rule, Name="r", EventBusName=bus, ScheduleExpression="rate(1 day)") == (
        "ValidationException", "ScheduleExpression is supported only on the default event bus.")


def test_targets(events, bus, queue, account):
    events.put_rule(Name="r", EventBusName=bus, EventPattern=PATTERN)
    target = {"Id": "1", "Arn": queue.arn, "InputTransformer": {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '"<a>"'},
              "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60}, "DeadLetterConfig": {"Arn": queue.arn}}
    assert events.put_targets(Rule="r", EventBusName=bus, Targets=[target])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(Rule="r", EventBusName=bus)["Targets"] == [target]
    assert events.list_rule_names_by_target(TargetArn=queue.arn, EventBusName=bus)["RuleNames"] == ["r"]
    assert refused(events.delete_rule, Name="r", EventBusName=bus) == (
        "ValidationException", "Rule can't be deleted since it has targets.")
    events.remove_targets(Rule="r", EventBusName=bus, Ids=["1"])
    assert events.list_targets_by_rule(Rule="r", EventBusName=bus)["Targets"] == []
    assert events.list_rule_names_by_target(TargetArn=queue.arn, EventBusName=bus)["RuleNames"] == []
    six = [{"Id": str(i), "Arn": queue.arn} for i in range(6)]
    assert refused(events.put_targets, Rule="r", EventBusName=bus, Targets=six)[0] == "LimitExceededException"
    redshift = {"Id": "2", "Arn": f"arn:aws:redshift-serverless:us-east-1:{account}:workgroup/1",
                "RoleArn": f"arn:aws:iam::{account}:role/r",
                "RedshiftDataParameters": {"Database": "dev", "Sqls": ["select 1", "select 2"], "WithEvent": True}}
    batch = {"Id": "3", "Arn": f"arn:aws:batch:us-east-1:{account}:job-queue/q", "RoleArn": f"arn:aws:iam::{account}:role/r",
             "BatchParameters": {"JobDefinition": "d", "JobName": "n", "ArrayProperties": {"Size": 3}}}
    events.put_targets(Rule="r", EventBusName=bus, Targets=[redshift, batch])
    assert events.list_targets_by_rule(Rule="r", EventBusName=bus)["Targets"] == [redshift, batch]


@pytest.mark.parametrize("given, word", [
    ({"Arn": "nothing"}, "Provided Arn is not in correct format"),
    ({"Arn": "arn:aws:ec2:us-east-1:123456789012:instance/i"}, "not supported by this server"),
    ({"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}, "RoleArn is required"),
    ({"Arn": "arn:aws:sqs:us-east-1:123456789012:q.fifo"}, "SqsParameters"),
    ({"Input": "{"}, "JSON syntax error in input"),
    ({"Input": "{}", "InputPath": "$.a"}, "Only one of Input, InputPath, or InputTransformer"),
    ({"InputPath": "detail"}, "Invalid InputPath"),
    ({"InputTransformer": {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '{"x": <a>, "y": <notdefinedkey>}'}},
     "InputTemplate for target 1 contains invalid placeholder notdefinedkey."),
    ({"InputTransformer": {"InputPathsMap": {"AWS.x": "$.a"}, "InputTemplate": "x"}}, "inputPathsMap"),
    ({"DeadLetterConfig": {"Arn": "arn:aws:sns:us-east-1:123456789012:t"}}, "SQS queue"),
    ({"EcsParameters": {"TaskDefinitionArn": "x"}}, "EcsParameters"),
])
def test_targets_that_are_refused(events, bus, given, word):
    events.put_rule(Name="r", EventBusName=bus, EventPattern=PATTERN)
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:q", **given}
    code, message = refused(events.put_targets, Rule="r", EventBusName=bus, Targets=[target])
    assert code == "ValidationException" and word in message


def test_a_pattern_is_tried(events):
    event = {"id": "1", "account": "1", "source": "shop", "time": "2024-01-01T00:00:00Z", "region": "us-east-1",
             "detail-type": "sold", "detail": {"price": 3}}
    for pattern, result in (({"source": ["shop"]}, True), ({"detail": {"price": [{"numeric": [">", 3]}]}}, False)):
        assert events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"] is result
    del event["time"]
    for wrong in ("{}", "x", "[]", json.dumps(event)):
        assert refused(events.test_event_pattern, EventPattern=PATTERN, Event=wrong) == (
            "ValidationException", "Parameter Event is not valid.")
    assert refused(events.test_event_pattern, EventPattern='{"a": 1}', Event=json.dumps(event))[0] == "InvalidEventPatternException"


def test_partner_events_are_refused_by_name(events):
    code, message = refused(events.put_partner_events, Entries=[{"Source": "aws.partner/a/b"}])
    assert "PutPartnerEvents" in message


ENVELOPE = {"id": "1", "source": "test-source", "detail-type": "t", "account": "123456789012", "region": "us-east-2",
            "time": "2022-07-13T13:48:01Z"}
NUMBERS = {"$or": [{"c": [{"numeric": [">", 0, "<=", 5]}]}, {"d": [{"numeric": ["<", 10]}]}, {"x": [{"numeric": ["=", 301.8]}]}]}


@pytest.mark.parametrize("event, pattern, result", [
    ({"resources": []}, {"resources": [None]}, False), ({"resources": []}, {"resources": [{"exists": True}]}, False),
    ({"detail": {"a.b": {"b": "on"}}}, {"detail": {"a": {"b": ["on"]}}}, False),
    ({"detail": {"a": {"b": "on"}}}, {"detail": {"a.b": {"b": ["on"]}}}, False),
    ({"detail": {"a.b": "on"}}, {"detail": {"a": {"b": ["on"]}}}, True),
    ({"detail": {"a": {"b": "on"}}}, {"detail": {"a.b": ["on"]}}, True),
    ({"a": "v"}, {"a": [{"exists": True}, {"prefix": "other"}]}, True), ({"a": 101.0}, {"a": [{"numeric": [">", 100]}]}, True),
    ({"a": None}, {"a": [{"anything-but": "x"}]}, True), ({}, {"a": [{"anything-but": "x"}]}, False),
    ({"a": None}, {"a": [{"anything-but": {"wildcard": ["*/init/*", "*/dir/*"]}}]}, True),
    ({"a": 12}, {"a": [{"anything-but": {"prefix": ["init", "test"]}}]}, True), ({"a": 12}, {"a": [{"cidr": "10.0.0.0/24"}]}, False),
    ({"a": ""}, {"a": [{"equals-ignore-case": ""}]}, True), ({"a": "x"}, {"a": [{"equals-ignore-case": ""}]}, False),
    ({"detail": {"c": 0, "d": 0, "x": 901.8}}, {"detail": NUMBERS}, True),
    ({"detail": {"c": 0, "d": 10, "x": 1}}, {"detail": NUMBERS}, False),
], ids=lambda v: "" if isinstance(v, bool) else json.dumps(v)[:40])
def test_patterns_as_aws_matches_them(events, event, pattern, result):
    """Recorded answers of TestEventPattern."""
    assert events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps({**ENVELOPE, **event}))["Result"] is result
