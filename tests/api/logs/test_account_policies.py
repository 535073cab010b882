"""Policies of an account hold for groups that nobody has told anything: a function hears of all events but of those of the groups that
are left out; fields are indexed, which decides what filterIndex reads. In a region of their own: an account has one such filter in each."""
import base64
import gzip
import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

REGION = "eu-west-2"
SUBSCRIPTION, INDEX = "SUBSCRIPTION_FILTER_POLICY", "FIELD_INDEX_POLICY"
# Writes what it got by a link, which takes it no SDK.
CODE = """
import http.client, json, os, urllib.parse
def handler(event, context):
    url = urllib.parse.urlsplit(os.environ["LINK"])
    connection = http.client.HTTPConnection(url.hostname, url.port)
    connection.request("PUT", url.path + "?" + url.query, json.dumps(event))
    assert connection.getresponse().status == 200
"""


@pytest.fixture(scope="module")
def logs(client):
    return client("logs", region=REGION)


@pytest.fixture
def hearer(client, new_name, bucket):
    """(a function's ARN that CloudWatch Logs may call, what it was told, waited for)."""
    s3, functions, iam, name = client("s3"), client("lambda", region=REGION), client("iam"), new_name("f")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", CODE)
    link = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "told"})
    arn = functions.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Timeout=20,
                                    Code={"ZipFile": packed.getvalue()}, Environment={"Variables": {"LINK": link}})["FunctionArn"]
    functions.add_permission(FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com",
                             SourceArn=f"arn:aws:logs:{REGION}:{arn.split(':')[4]}:log-group:*")

    def told():
        for _ in range(1000):
            try:
                event = json.loads(s3.get_object(Bucket=bucket, Key="told")["Body"].read())
                return json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
            except s3.exceptions.NoSuchKey:
                time.sleep(0.02)
        raise AssertionError("it was told nothing")

    return arn, told


def put(logs, group, *messages):
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[
        {"timestamp": now, "message": m if isinstance(m, str) else json.dumps(m)} for m in messages])


def error_of(operation, **kwargs):
    with pytest.raises(ClientError) as caught:
        operation(**kwargs)
    return caught.value.response["Error"]["Code"]


def test_a_function_hears_of_all_groups_but_one(logs, group, new_name, hearer, account):
    arn, told = hearer
    quiet = new_name("quiet")
    logs.create_log_group(logGroupName=quiet)
    logs.create_log_stream(logGroupName=quiet, logStreamName="s")
    document = json.dumps({"DestinationArn": arn, "FilterPattern": "loud", "Distribution": "ByLogStream"})
    criteria = f'LogGroupName NOT IN ["{quiet}", "/aws/lambda/{arn.rsplit(":", 1)[1]}"]'
    given = {"policyName": "all", "policyType": SUBSCRIPTION, "policyDocument": document, "selectionCriteria": criteria, "scope": "ALL"}
    made = logs.put_account_policy(**given)["accountPolicy"]
    try:
        assert {k: made[k] for k in given} == given and made["accountId"] == account and made["lastUpdatedTime"] > 0
        assert logs.describe_account_policies(policyType=SUBSCRIPTION)["accountPolicies"] == [made]
        assert error_of(logs.put_account_policy, **{**given, "policyName": "second"}) == "LimitExceededException"
        put(logs, quiet, "loud")
        put(logs, group, "soft", "loud")
        data = told()
        assert (data["logGroup"], data["subscriptionFilters"], data["policyLevel"]) == (group, ["all"], "ACCOUNT_LEVEL_POLICY")
        assert [e["message"] for e in data["logEvents"]] == ["loud"]
    finally:
        logs.delete_account_policy(policyName="all", policyType=SUBSCRIPTION)
    assert logs.describe_account_policies(policyType=SUBSCRIPTION)["accountPolicies"] == []
    assert error_of(logs.delete_account_policy, policyName="all", policyType=SUBSCRIPTION) == "ResourceNotFoundException"


def test_fields_are_indexed_by_the_account_or_the_group(logs, group, account):
    arn = f"arn:aws:logs:{REGION}:{account}:log-group:{group}"
    assert logs.describe_index_policies(logGroupIdentifiers=[group])["indexPolicies"] == []
    logs.put_account_policy(policyName=group, policyType=INDEX, policyDocument='{"Fields": ["user"]}',
                            selectionCriteria=f'LogGroupNamePrefix = "{group}"')
    (policy,) = logs.describe_index_policies(logGroupIdentifiers=[arn])["indexPolicies"]
    assert (policy["source"], policy["policyName"], policy["logGroupIdentifier"]) == ("ACCOUNT", group, arn)
    assert error_of(logs.put_account_policy, policyName="other", policyType=INDEX, policyDocument='{"Fields": ["user"]}',
                    selectionCriteria=f'LogGroupNamePrefix = "{group}x"') == "InvalidParameterException"
    document = '{"Fields": ["level"], "FieldsV2": {"code": {"type": "FACET"}}}'
    made = logs.put_index_policy(logGroupIdentifier=group, policyDocument=document)["indexPolicy"]
    assert made["source"] == "LOG_GROUP" and made["policyDocument"] == document
    assert logs.describe_index_policies(logGroupIdentifiers=[group])["indexPolicies"] == [made]
    shown = logs.describe_field_indexes(logGroupIdentifiers=[group])["fieldIndexes"]
    custom = [(f["fieldIndexName"], f["type"]) for f in shown if f["indexCategory"] == "CUSTOM"]
    assert custom == [("level", "FIELD_INDEX"), ("code", "FACET")]
    assert {"@logStream", "traceId"} < {f["fieldIndexName"] for f in shown if f["indexCategory"] == "DEFAULT"}
    logs.delete_index_policy(logGroupIdentifier=group)
    assert logs.describe_index_policies(logGroupIdentifiers=[group])["indexPolicies"][0]["source"] == "ACCOUNT"
    assert error_of(logs.delete_index_policy, logGroupIdentifier=group) == "ResourceNotFoundException"
    logs.delete_account_policy(policyName=group, policyType=INDEX)


def test_filter_index_reads_groups_with_the_index(logs, group, new_name):
    other = new_name("group")
    logs.create_log_group(logGroupName=other)
    logs.create_log_stream(logGroupName=other, logStreamName="s")
    logs.put_index_policy(logGroupIdentifier=group, policyDocument='{"Fields": ["level"]}')
    for name in (group, other):
        put(logs, name, {"level": "a", "in": name}, {"level": "b", "in": name})

    def ask(query):
        now = int(time.time())
        id_ = logs.start_query(logGroupNames=[group, other], queryString=query, startTime=now - 60, endTime=now + 60)["queryId"]
        while (answer := logs.get_query_results(queryId=id_))["status"] == "Running":
            time.sleep(0.005)
        return sorted(row[0]["value"] for row in answer["results"])

    assert ask('fields in | filterIndex level = "a"') == [group]
    assert ask('fields in | filterIndex level in ["a", "b"] | filter level = "b"') == [group]
    assert ask("fields in | filterIndex @logStream = 's' | filter level = 'a'") == sorted([group, other])
    assert error_of(logs.start_query, logGroupNames=[group], startTime=0, endTime=1,
                    queryString="filterIndex level like /a/") == "MalformedQueryException"


@pytest.mark.parametrize("kind, document, criteria", [
    ("DATA_PROTECTION_POLICY", "{}", None), ("TRANSFORMER_POLICY", "[]", None), ("RETENTION_POLICY", "{}", None),
    (SUBSCRIPTION, "{}", None), (SUBSCRIPTION, '{"DestinationArn": "arn:aws:kinesis:eu-west-2:1:stream/s"}', None),
    (INDEX, "{", None), (INDEX, "{}", None), (INDEX, json.dumps({"Fields": [str(n) for n in range(21)]}), None),
    (INDEX, '{"Fields": ["a"], "FieldsV2": {"a": {"type": "FACET"}}}', None), (INDEX, '{"FieldsV2": {"a": {"type": "x"}}}', None),
    (INDEX, '{"Fields": ["a"]}', "LogGroupName = 'x'")])
def test_policies_that_are_refused(logs, kind, document, criteria):
    given = {"policyName": "p", "policyType": kind, "policyDocument": document}
    if criteria:
        given["selectionCriteria"] = criteria
    assert error_of(logs.put_account_policy, **given) == "InvalidParameterException"
