"""Filters of log groups: what subscribers get, what metric filters would count, and the patterns that both share."""
import base64
import gzip
import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

CODE = """
import boto3, json

def handler(event, context):
    boto3.client("s3").put_object(Bucket="BUCKET", Key=context.aws_request_id, Body=json.dumps(event))
"""
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def put(logs, group, *messages, stream="s"):
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName=group, logStreamName=stream,
                        logEvents=[{"timestamp": now + i, "message": m} for i, m in enumerate(messages)])


def error_of(operation, **kwargs):
    with pytest.raises(ClientError) as caught:
        operation(**kwargs)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture
def subscriber(client, new_name, account, bucket, allow):
    """The ARN of a function that writes each event that it gets to the bucket."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", CODE.replace("BUCKET", bucket))
    iam, role = client("iam"), new_name("role")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(allow(["s3:PutObject", "logs:*"])))
    return client("lambda").create_function(
        FunctionName=new_name("f"), Runtime="python3.11", Handler="app.handler", Timeout=30,
        Role=f"arn:aws:iam::{account}:role/{role}", Code={"ZipFile": package.getvalue()})["FunctionArn"]


def test_a_function_gets_what_its_filter_chooses(logs, client, group, subscriber, bucket, account):
    wanted = dict(logGroupName=group, filterName="f", filterPattern="{ $.level = ERROR }", destinationArn=subscriber)
    code, message = error_of(logs.put_subscription_filter, **wanted)
    assert code == "InvalidParameterException" and message.startswith("Could not execute the lambda function.")
    client("lambda").add_permission(
        FunctionName=subscriber, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:us-east-1:{account}:log-group:{group}:*")
    logs.put_subscription_filter(**wanted)
    (described,) = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert described["destinationArn"] == subscriber and described["filterPattern"] == "{ $.level = ERROR }"
    put(logs, group, '{"level":"INFO"}', '{"level":"ERROR","n":1}', "ERROR", '{"level":"ERROR","n":2}')
    s3 = client("s3")
    for _ in range(2000):
        found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        if found:
            break
        time.sleep(0.01)
    event = json.loads(s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read())
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert {k: data[k] for k in ("messageType", "owner", "logGroup", "logStream", "subscriptionFilters")} == {
        "messageType": "DATA_MESSAGE", "owner": account, "logGroup": group, "logStream": "s", "subscriptionFilters": ["f"]}
    assert [e["message"] for e in data["logEvents"]] == ['{"level":"ERROR","n":1}', '{"level":"ERROR","n":2}']
    ids = {e["message"]: e["eventId"] for e in logs.filter_log_events(logGroupName=group)["events"]}
    assert [e["id"] for e in data["logEvents"]] == [ids[e["message"]] for e in data["logEvents"]]
    logs.delete_subscription_filter(logGroupName=group, filterName="f")
    assert logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"] == []
    assert error_of(logs.delete_subscription_filter, logGroupName=group, filterName="f")[0] == "ResourceNotFoundException"


def test_other_destinations_are_refused_by_name(logs, group, account):
    for arn in (f"arn:aws:kinesis:us-east-1:{account}:stream/s", f"arn:aws:logs:us-east-1:{account}:destination:d"):
        code, message = error_of(logs.put_subscription_filter, logGroupName=group, filterName="f", filterPattern="", destinationArn=arn)
        assert code == "InvalidParameterException" and "not supported" in message


def test_metric_filters(logs, group):
    wanted = dict(logGroupName=group, filterName="errors", filterPattern="[ip, ..., status = 5*, bytes]", metricTransformations=[
        {"metricName": "Errors", "metricNamespace": "App", "metricValue": "1", "unit": "Count", "dimensions": {"ip": "$ip"}}])
    logs.put_metric_filter(**wanted)
    (got,) = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert {k: got[k] for k in wanted} == wanted
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 1
    assert [f["filterName"] for f in logs.describe_metric_filters(metricName="Errors", metricNamespace="App")["metricFilters"]
            if f["logGroupName"] == group] == ["errors"]
    assert error_of(logs.put_metric_filter, **{**wanted, "filterPattern": "[ip"})[0] == "InvalidParameterException"
    logs.delete_metric_filter(logGroupName=group, filterName="errors")
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 0


def test_a_pattern_is_tried(logs):
    matches = logs.test_metric_filter(filterPattern="[ip, user, status = 4*]",
                                      logEventMessages=["1.2.3.4 ann 404", "x", "1.2.3.4 bob 200"])["matches"]
    assert matches == [{"eventNumber": 1, "eventMessage": "1.2.3.4 ann 404",
                        "extractedValues": {"$ip": "1.2.3.4", "$user": "ann", "$status": "404"}}]


@pytest.mark.parametrize("pattern, found", [
    ("{ $.ms > 10 }", ["b"]), ("{ $.id = a || $.id = b }", ["a", "b"]), ("%\"ms\":[0-9]{2}%", ["b"]), ("-ms", ["c"]),
])
def test_searches_take_every_form(logs, group, pattern, found):
    put(logs, group, '{"id":"a","ms":5}', '{"id":"b","ms":50}', '{"id":"c"}')
    events = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    assert [json.loads(e["message"])["id"] for e in events] == found
