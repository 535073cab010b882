"""Who is told what happens to objects: the settings and what AWS refuses of them, the record as functions and queues read
it, and that a queue that does not let S3 in is found out when it is named, not when the first object is lost."""
import io
import json
import re
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

UNABLE = "Unable to validate the following destination configurations"


@pytest.fixture(scope="module")
def s3(client):
    return client("s3")


@pytest.fixture(scope="module")
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs, new_name, account, bucket):
    """(url, ARN) of a queue that lets the bucket in."""
    name = new_name("q")
    arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}, "StringEquals": {"aws:SourceAccount": account}}}]}
    return sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"], arn


def put(s3, bucket, **configuration):
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def refused(operation, **kwargs):
    with pytest.raises(ClientError) as caught:
        operation(**kwargs)
    return caught.value.response["Error"]


def messages(sqs, url, count):
    """So many messages as they come; none more may be there."""
    got = []
    while len(got) < count:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10).get("Messages", []):
            got.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert len(got) == count
    return got


def test_a_queue_is_told(s3, sqs, bucket, queue, account):
    url, arn = queue
    put(s3, bucket, QueueConfigurations=[{
        "Id": "mine", "QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete", "s3:ObjectTagging:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".csv"}]}}}])
    (test,) = messages(sqs, url, 1)
    assert test["Event"] == "s3:TestEvent" and test["Service"] == "Amazon S3" and test["Bucket"] == bucket
    etag = s3.put_object(Bucket=bucket, Key="in/a b+ä.csv", Body=b"hello")["ETag"].strip('"')
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"x")
    s3.put_object(Bucket=bucket, Key="out/a.csv", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="in/c.csv", CopySource=f"{bucket}/in/a.txt")
    s3.put_object_tagging(Bucket=bucket, Key="in/c.csv", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="in/c.csv")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/c.csv"}, {"Key": "in/none.csv"}]})
    got = [m["Records"][0] for m in messages(sqs, url, 5)]
    names = ["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectTagging:Put", "ObjectTagging:Delete", "ObjectRemoved:Delete"]
    by_name = {r["eventName"]: r for r in got}
    assert sorted(by_name) == sorted(names)
    order = [by_name[n]["s3"]["object"]["sequencer"] for n in names if "Tagging" not in n]
    assert order == sorted(order) and all(re.fullmatch("[0-9A-F]{16}", s) for s in order)
    first = by_name["ObjectCreated:Put"]
    assert first["eventVersion"] == "2.1" and first["eventSource"] == "aws:s3" and first["awsRegion"] == "us-east-1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["eventTime"])
    assert first["userIdentity"]["principalId"] == f"AWS:{account}"
    assert first["requestParameters"]["sourceIPAddress"] == "127.0.0.1"
    assert set(first["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    told = first["s3"]
    assert told["s3SchemaVersion"] == "1.0" and told["configurationId"] == "mine"
    assert told["bucket"]["name"] == bucket and told["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert told["bucket"]["ownerIdentity"]["principalId"]
    assert told["object"] == {"key": "in/a+b%2B%C3%A4.csv", "size": 5, "eTag": etag, "sequencer": order[0]}
    assert set(by_name["ObjectRemoved:Delete"]["s3"]["object"]) == {"key", "sequencer"}
    for name in ("ObjectTagging:Put", "ObjectTagging:Delete"):
        assert by_name[name]["eventVersion"] == "2.3" and set(by_name[name]["s3"]["object"]) == {"key", "eTag"}


def test_a_user_is_named_by_its_id(s3, sqs, bucket, queue, user, server, allow, client):
    url, arn = queue
    put(s3, bucket, QueueConfigurations=[{"QueueArn": arn, "Events": ["s3:ObjectCreated:Put"]}])
    who = user(allow("s3:*"))
    server.client("s3", credentials=who).put_object(Bucket=bucket, Key="k", Body=b"")
    got = [m for m in messages(sqs, url, 2) if "Records" in m]
    identity = client("iam").get_user(UserName=who["UserName"])["User"]["UserId"]
    assert got[0]["Records"][0]["userIdentity"]["principalId"] == f"AWS:{identity}"


def test_settings_come_back_and_go(s3, sqs, bucket, queue):
    url, arn = queue
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    wanted = {"QueueConfigurations": [{"Id": "a", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {
        "Key": {"FilterRules": [{"Name": "Prefix", "Value": "a/"}]}}}], "EventBridgeConfiguration": {}}
    put(s3, bucket, **wanted)
    got = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert {k: got[k] for k in wanted} == wanted
    put(s3, bucket)
    s3.put_object(Bucket=bucket, Key="a/k", Body=b"x")
    got = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert "QueueConfigurations" not in got and "EventBridgeConfiguration" not in got
    put(s3, bucket, QueueConfigurations=[{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}])
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"][0]["Id"]
    assert [m["Event"] for m in messages(sqs, url, 2)] == ["s3:TestEvent"] * 2  # nothing of the object


def test_a_target_that_does_not_let_s3_in_is_refused(s3, sqs, client, bucket, new_name, account):
    name = new_name("q")
    arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=configuration)
    assert (error["Code"], error["Message"]) == ("InvalidArgument", UNABLE)
    assert error["ArgumentName1"] == arn and error["ArgumentValue1"] == "The destination queue does not exist"
    sqs.create_queue(QueueName=name)
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=configuration)
    assert error["Message"] == UNABLE and error["ArgumentValue1"] == (
        "Permissions on the destination queue do not allow S3 to publish notifications from this bucket")
    function = f"arn:aws:lambda:us-east-1:{account}:function:{new_name('f')}"
    both = {**configuration, "LambdaFunctionConfigurations": [
        {"LambdaFunctionArn": function, "Events": ["s3:ObjectRemoved:*"]}]}
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=both)
    assert error["ArgumentName1"] == f"{function}, null" and error["ArgumentName2"] == arn
    assert error["ArgumentValue1"] == f"Not authorized to invoke function [{function}]"
    # Nothing was kept; unless told not to ask.
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration,
                                             SkipDestinationValidation=True)
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]


QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def rule(arn=QUEUE, events=("s3:ObjectCreated:*",), prefix=None, suffix=None, **more):
    rules = [{"Name": n, "Value": v} for n, v in (("prefix", prefix), ("suffix", suffix)) if v is not None]
    return {"QueueArn": arn, "Events": list(events), **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}), **more}


@pytest.mark.parametrize("configurations, words", [
    ([rule(), rule(events=["s3:ObjectCreated:Put"], prefix="a/")], "overlapping suffixes"),
    ([rule(prefix="a/", suffix=".gz"), rule(prefix="a/b", suffix=".csv.gz")], "overlapping suffixes"),
    ([rule(Id="x"), rule(events=["s3:ObjectRemoved:*"], Id="x")], "IDs must be unique"),
    ([rule("arn:aws:sqs:eu-west-1:123456789012:q")], "region is not valid"),
    ([rule("arn:aws:sqs:us-east-1:123456789012:q.fifo")], "FIFO"),
    ([rule("queue")], "ARN could not be parsed"),
    ([rule(FUNCTION)], "ARN could not be parsed"),
    ([{**rule(), "Filter": {"Key": {"FilterRules": [{"Name": "infix", "Value": "x"}]}}}], "prefix or suffix"),
    ([{**rule(), "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "x"}] * 2}}}], "more than one"),
])
def test_what_aws_refuses(s3, bucket, configurations, words):
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, SkipDestinationValidation=True,
                    NotificationConfiguration={"QueueConfigurations": configurations})
    assert error["Code"] == "InvalidArgument" and words in error["Message"]


@pytest.mark.parametrize("kind, member, element", [
    ("QueueConfigurations", "QueueArn", "Queue"), ("TopicConfigurations", "TopicArn", "Topic"),
    ("LambdaFunctionConfigurations", "LambdaFunctionArn", "CloudFunction")])
@pytest.mark.parametrize("skipped", [True, False])
def test_which_argument_was_wrong(s3, bucket, kind, member, element, skipped):
    wanted = {kind: [{member: "invalid", "Events": ["s3:ObjectCreated:*"]}]}
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=wanted,
                    SkipDestinationValidation=skipped)
    assert error == {"Code": "InvalidArgument", "Message": "The ARN could not be parsed", "ArgumentName": element,
                     "ArgumentValue": "invalid"}


def test_which_filter_was_wrong(s3, bucket):
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, SkipDestinationValidation=True, NotificationConfiguration={
        "QueueConfigurations": [{**rule(), "Filter": {"Key": {"FilterRules": [{"Name": "INVALID", "Value": "x"}]}}}]})
    assert (error["ArgumentName"], error["ArgumentValue"]) == ("FilterRule.Name", "INVALID")


def test_rules_that_do_not_overlap_stand_together(s3, bucket):
    s3.put_bucket_notification_configuration(Bucket=bucket, SkipDestinationValidation=True, NotificationConfiguration={
        "QueueConfigurations": [rule(prefix="a/", suffix=".csv"), rule(prefix="a/", suffix=".gz"),
                                rule(prefix="b/"), rule(events=["s3:ObjectRemoved:*"])]})


def test_a_topic_is_told(s3, client, sqs, bucket, queue, new_name, account):
    url, arn = queue
    sns = client("sns")
    topic = sns.create_topic(Name=new_name("t"))["TopicArn"]
    configuration = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
                                                "Action": "sns:Publish", "Resource": topic}]}))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                                                "Action": "sqs:SendMessage", "Resource": arn}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    put(s3, bucket, **configuration)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    got = messages(sqs, url, 2)
    assert {m["Subject"] for m in got} == {"Amazon S3 Notification"}
    inner = [json.loads(m["Message"]) for m in got]
    assert sorted("Records" in m for m in inner) == [False, True]


CODE = """
import boto3

def handler(event, context):
    record = event["Records"][0]
    s3 = boto3.client("s3")
    s3.put_object(Bucket=record["s3"]["bucket"]["name"], Key="out/" + record["s3"]["object"]["key"], Body=record["eventName"])
"""
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def test_a_function_runs_for_an_object(s3, client, bucket, new_name, account, allow):
    """The chain that everything else is for: an object lands, a function runs with its role's rights, and writes the next."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", CODE)
    iam, functions, role = client("iam"), client("lambda"), new_name("role")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(
        allow(["s3:PutObject", "logs:*"], [f"arn:aws:s3:::{bucket}/out/*", "arn:aws:logs:*"])))
    arn = functions.create_function(FunctionName=new_name("f"), Runtime="python3.11", Handler="app.handler", Timeout=30,
                                    Role=f"arn:aws:iam::{account}:role/{role}", Code={"ZipFile": package.getvalue()})["FunctionArn"]
    configuration = {"LambdaFunctionConfigurations": [{
        "LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}]}
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=configuration)
    assert error["ArgumentValue1"] == f"Not authorized to invoke function [{arn}]"
    functions.add_permission(FunctionName=arn, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                             SourceArn=f"arn:aws:s3:::{bucket}", SourceAccount=account)
    put(s3, bucket, **configuration)
    s3.put_object(Bucket=bucket, Key="in/data.csv", Body=b"1")
    for _ in range(2000):
        found = s3.list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents", [])
        if found:
            break
        time.sleep(0.01)
    assert [o["Key"] for o in found] == ["out/in/data.csv"]
    assert s3.get_object(Bucket=bucket, Key="out/in/data.csv")["Body"].read() == b"ObjectCreated:Put"


def test_eventbridge_is_told_of_all_of_it(s3, client, sqs, bucket, new_name, account):
    events, name = client("events"), new_name("q")
    arn, rule_name = f"arn:aws:sqs:us-east-1:{account}:{name}", new_name("rule")
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
         "Resource": arn}]})})["QueueUrl"]
    events.put_rule(Name=rule_name, EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}))
    events.put_targets(Rule=rule_name, Targets=[{"Id": "q", "Arn": arn}])
    s3.put_object(Bucket=bucket, Key="before", Body=b"x")  # not told: it is off
    put(s3, bucket, EventBridgeConfiguration={})
    etag = s3.put_object(Bucket=bucket, Key="a b", Body=b"hello")["ETag"].strip('"')
    s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/a b")
    s3.put_object_tagging(Bucket=bucket, Key="c", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="c")
    s3.delete_object(Bucket=bucket, Key="c")
    got = {(e["detail-type"], e["detail"].get("reason")): e for e in messages(sqs, url, 5)}
    assert set(got) == {("Object Created", "PutObject"), ("Object Created", "CopyObject"), ("Object Tags Added", None),
                        ("Object Tags Deleted", None), ("Object Deleted", "DeleteObject")}
    made = got["Object Created", "PutObject"]
    assert made["resources"] == [f"arn:aws:s3:::{bucket}"] and made["account"] == account and made["source"] == "aws.s3"
    detail = made["detail"]
    assert re.fullmatch("[0-9A-F]{16}", detail["object"].pop("sequencer")) and detail.pop("request-id")
    assert detail == {"version": "0", "bucket": {"name": bucket}, "object": {"key": "a b", "size": 5, "etag": etag},
                      "requester": account, "source-ip-address": "127.0.0.1", "reason": "PutObject"}
    gone = got["Object Deleted", "DeleteObject"]["detail"]
    assert gone["deletion-type"] == "Permanently Deleted" and set(gone["object"]) == {"key", "sequencer"}
    assert set(got["Object Tags Added", None]["detail"]["object"]) == {"key", "etag"}
