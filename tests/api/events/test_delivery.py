"""Events that are put come to the targets of the rules that match, and to no others; as what the target asked for; and
what cannot be delivered ends in its dead-letter queue with the reason."""
import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client


def put(events, bus, detail, source="shop", detail_type="sold", **more):
    answer = events.put_events(Entries=[{"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail),
                                         "EventBusName": bus, **more}])
    assert answer["FailedEntryCount"] == 0
    return answer["Entries"][0]["EventId"]


def rule(events, bus, pattern, *targets, name="r"):
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": str(i), **t} for i, t in enumerate(targets)])


def test_what_matches_arrives_whole(events, bus, queue, account):
    rule(events, bus, {"source": ["shop"], "detail": {"price": [{"numeric": [">", 1]}]}}, {"Arn": queue.arn})
    put(events, bus, {"price": 1})
    sent = put(events, bus, {"price": 2, "text": "ä"}, Time="2024-05-06T07:08:09Z", Resources=["arn:aws:s3:::b"])
    [event] = queue.bodies()
    assert event == {"version": "0", "id": sent, "detail-type": "sold", "source": "shop", "account": account,
                     "time": "2024-05-06T07:08:09Z", "region": "us-east-1", "resources": ["arn:aws:s3:::b"],
                     "detail": {"price": 2, "text": "ä"}}


def test_only_enabled_rules_of_that_bus(events, bus, queue):
    rule(events, bus, {"source": ["shop"]}, {"Arn": queue.arn})
    events.disable_rule(Name="r", EventBusName=bus)
    put(events, bus, {"n": 1})
    put(events, "default", {"n": 2})
    events.enable_rule(Name="r", EventBusName=bus)
    put(events, bus, {"n": 3})
    assert [e["detail"]["n"] for e in queue.bodies(1)] == [3]


def test_inputs(events, bus, queue, account):
    arn = f"arn:aws:events:us-east-1:{account}:rule/{bus}/r"
    rule(events, bus, {"source": ["shop"]},
         {"Arn": queue.arn, "Input": '{"fixed": 1}'},
         {"Arn": queue.arn, "InputPath": "$.detail.thing"},
         {"Arn": queue.arn, "InputTransformer": {
             "InputPathsMap": {"id": "$.detail.id", "thing": "$.detail.thing"},
             "InputTemplate": '{"rule": <aws.events.rule-arn>, "name": "<aws.events.rule-name>", "id": "no <id>", "thing": <thing>}'}},
         {"Arn": queue.arn, "InputTransformer": {
             "InputTemplate": '{"all": <aws.events.event.json>, "head": <aws.events.event>}'}})
    put(events, bus, {"id": "7", "thing": {"a": [1]}})
    fixed, path, template, whole = queue.bodies(4)
    assert fixed == {"fixed": 1} and path == {"a": [1]}
    assert template == {"rule": arn, "name": "r", "id": "no 7", "thing": {"a": [1]}}
    assert whole["all"]["detail"] == {"id": "7", "thing": {"a": [1]}}
    # AWS: without the detail, and with names and a time of its own.
    assert list(whole["head"]) == ["id", "account", "detailType", "time", "source", "region", "resources", "version"]
    assert whole["head"]["source"] == "shop" and whole["head"]["detailType"] == "sold"


def test_a_fifo_queue_gets_its_group(events, bus, client, new_name):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=new_name("queue") + ".fifo",
                           Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]})})
    rule(events, bus, {"source": ["shop"]}, {"Arn": arn, "SqsParameters": {"MessageGroupId": "$.detail.id"}})
    put(events, bus, {"id": "group-7"})
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=15, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "group-7"


def test_what_is_refused_ends_in_the_dead_letter_queue(events, bus, queue, account):
    gone = f"arn:aws:sqs:us-east-1:{account}:not-there"
    rule(events, bus, {"source": ["shop"]}, {"Arn": gone, "DeadLetterConfig": {"Arn": queue.arn}})
    put(events, bus, {"n": 1})
    [message] = queue.messages()
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes["RULE_ARN"] == f"arn:aws:events:us-east-1:{account}:rule/{bus}/r"
    assert attributes["TARGET_ARN"] == gone
    assert attributes["RETRY_ATTEMPTS"] == "0"
    assert attributes["ERROR_CODE"] in ("NO_RESOURCE", "NO_PERMISSIONS") and "ERROR_MESSAGE" in attributes
    assert json.loads(message["Body"])["detail"] == {"n": 1}


def test_an_operation_that_is_not_there_ends_there_too(events, bus, queue, account, client, new_name):
    role = new_name("role")
    client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                "Principal": {"Service": "events.amazonaws.com"}}]}))
    rule(events, bus, {"source": ["shop"]},
         {"Arn": f"arn:aws:batch:us-east-1:{account}:job-queue/q", "RoleArn": f"arn:aws:iam::{account}:role/{role}",
          "BatchParameters": {"JobDefinition": "d", "JobName": "n"}, "DeadLetterConfig": {"Arn": queue.arn}})
    put(events, bus, {"n": 1})
    [message] = queue.messages()
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] in ("NO_RESOURCE", "NO_PERMISSIONS")


def test_a_topic_a_function_and_a_log_group(events, bus, queue, account, client, new_name, server):
    """Targets whose resource policies let EventBridge in for this rule."""
    sns, logs, functions, iam = (client(s) for s in ("sns", "logs", "lambda", "iam"))
    rule_arn = f"arn:aws:events:us-east-1:{account}:rule/{bus}/r"
    topic = sns.create_topic(Name=new_name("topic"))["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                                "Action": "sns:Publish", "Resource": topic,
                                                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}}}]}))
    group = new_name("group")
    logs.create_log_group(logGroupName=group)
    group_arn = f"arn:aws:logs:us-east-1:{account}:log-group:{group}"
    logs.put_resource_policy(policyName=group, policyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group_arn + ":*"}]}))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", "def handler(event, context):\n    print('got', event['detail']['n'])\n")
    role = iam.create_role(RoleName=new_name("role"), AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                "Principal": {"Service": "lambda.amazonaws.com"}}]}))["Role"]["Arn"]
    function = functions.create_function(FunctionName=new_name("f"), Runtime="python3.11", Role=role, Handler="app.handler",
                                         Code={"ZipFile": archive.getvalue()})["FunctionArn"]
    functions.add_permission(FunctionName=function, StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
                             SourceArn=rule_arn)
    rule(events, bus, {"source": ["shop"]}, *({"Arn": arn, "DeadLetterConfig": {"Arn": queue.arn}} for arn in (topic, group_arn, function)))
    sent = put(events, bus, {"n": 7})
    tarn, outcomes, deadline = tarn_client(server), [], time.monotonic() + 30
    while len(outcomes) < 4 or "waiting" in outcomes:
        assert time.monotonic() < deadline, outcomes
        told = [e for e in tarn.explain_rule(Name="r", EventBusName=bus)["Events"] if e["Id"] == sent]
        outcomes = [d["Outcome"] for e in told for d in e["Deliveries"]]
    assert outcomes == ["ok"] * 4  # a log group's stream is made first
    [message] = logs.get_log_events(logGroupName=group, logStreamName=sent)["events"]
    assert json.loads(message["message"])["detail"] == {"n": 7}


def test_events_go_on_to_another_bus_and_region(events, bus, queue, account, client, new_name, server):
    there = server.client("events", region="eu-west-1")
    other = new_name("bus")
    target = there.create_event_bus(Name=other)["EventBusArn"]
    there.put_permission(EventBusName=other, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "events:PutEvents", "Resource": target}]}))
    rule(events, bus, {"source": ["shop"]}, {"Arn": target})
    rule(there, other, {"source": ["shop"]}, {"Arn": queue.arn})
    sent = put(events, bus, {"n": 1})
    [event] = queue.bodies()
    assert (event["id"], event["region"], event["account"]) == (sent, "us-east-1", account)


def test_entries_that_are_wrong_are_told_one_by_one(events, bus):
    good = {"Source": "shop", "DetailType": "sold", "Detail": "{}", "EventBusName": bus}
    answer = events.put_events(Entries=[good, {**good, "Source": ""}, {**good, "DetailType": ""}, {**good, "Detail": ""},
                                        {**good, "Detail": "no"}, {**good, "Detail": "[]"}, {**good, "Source": "aws.s3"}])
    assert answer["FailedEntryCount"] == 6
    assert "EventId" in answer["Entries"][0]
    assert [e.get("ErrorCode") for e in answer["Entries"]] == [
        None, "InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail", "MalformedDetail",
        "NotAuthorizedForSourceException"]
    assert answer["Entries"][1]["ErrorMessage"] == "Parameter Source is not valid. Reason: Source is a required argument."
    with pytest.raises(ClientError, match="Total size of the entries in the request is over the limit"):
        events.put_events(Entries=[{**good, "Detail": json.dumps({"a": "x" * 262144})}])


def test_a_bus_of_another_account_lets_those_in_that_its_policy_names(events, bus, user, server, account):
    arn = f"arn:aws:events:us-east-1:{account}:event-bus/{bus}"
    nobody = server.client("events", credentials=user(None))
    entry = {"Source": "shop", "DetailType": "sold", "Detail": "{}", "EventBusName": arn}
    with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
        nobody.put_events(Entries=[entry])
    allowed = server.client("events", credentials=user({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": arn,
         "Condition": {"StringEquals": {"events:source": "shop"}}}]}))
    assert allowed.put_events(Entries=[entry])["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
        allowed.put_events(Entries=[{**entry, "Source": "other"}])


def test_what_services_tell_comes_to_the_default_bus(events, queue, client, new_name):
    """Of a source that a rule names: Glue tells of its databases."""
    database = new_name("db").replace("-", "_")
    name = new_name("rule")
    rule(events, "default", {"source": ["aws.glue"], "detail": {"databaseName": [database]}}, {"Arn": queue.arn}, name=name)
    try:
        client("glue").create_database(DatabaseInput={"Name": database})
        [event] = queue.bodies()
        assert (event["source"], event["detail"]["databaseName"]) == ("aws.glue", database)
        assert event["detail-type"] == "Glue Data Catalog Database State Change"
    finally:
        events.remove_targets(Rule=name, Ids=["0"])
        events.delete_rule(Name=name)


def test_an_object_that_lands_tells_its_rule(events, queue, client, new_name):
    s3, bucket, name = client("s3"), new_name("bucket"), new_name("rule")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    rule(events, "default", {"source": ["aws.s3"], "detail-type": ["Object Created"],
                             "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "in/"}]}}},
         {"Arn": queue.arn}, name=name)
    try:
        for key in ("out/a", "in/b"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"x")
        [event] = queue.bodies()
        assert event["detail"]["object"]["key"] == "in/b" and event["resources"] == [f"arn:aws:s3:::{bucket}"]
    finally:
        events.remove_targets(Rule=name, Ids=["0"])
        events.delete_rule(Name=name)
