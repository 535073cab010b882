"""What was done, by whom: looked up, written as log files, and told to EventBridge."""
import datetime
import gzip
import json
import re

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client
from support.server import Server


def test_events_are_looked_up(client, user, server, allow, new_name):
    who, name = user(allow("iam:*")), new_name("role")
    iam = server.client("iam", credentials=who)
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "s3.amazonaws.com"}}]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.get_role(RoleName=name)
    with pytest.raises(ClientError):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    cloudtrail = client("cloudtrail")

    def look(key, value, **more):
        return cloudtrail.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}], **more)["Events"]

    events = look("Username", who["UserName"])
    assert [e["EventName"] for e in events] == ["CreateRole", "GetRole", "CreateRole"]  # the newest first
    refused, read, made = events
    assert made["EventSource"] == "iam.amazonaws.com" and made["ReadOnly"] == "false" and read["ReadOnly"] == "true"
    assert made["AccessKeyId"] == who["AccessKeyId"]
    assert {"ResourceType": "AWS::IAM::Role", "ResourceName": name} in made["Resources"]
    event = json.loads(made["CloudTrailEvent"])
    identity = client("iam").get_user(UserName=who["UserName"])["User"]
    assert event["userIdentity"] == {"type": "IAMUser", "principalId": identity["UserId"], "arn": identity["Arn"],
                                     "accountId": server.account, "accessKeyId": who["AccessKeyId"], "userName": who["UserName"]}
    assert event["requestParameters"]["roleName"] == name and event["sourceIPAddress"] == "127.0.0.1"
    assert event["eventID"] == made["EventId"] and event["managementEvent"] is True and "errorCode" not in event
    assert json.loads(refused["CloudTrailEvent"])["errorCode"] == "EntityAlreadyExists"
    assert [e["EventId"] for e in look("EventId", made["EventId"])] == [made["EventId"]]
    assert len(look("AccessKeyId", who["AccessKeyId"], MaxResults=2)) == 2
    pages = cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": who["UserName"]}], PaginationConfig={"PageSize": 1})
    assert [e["EventId"] for page in pages for e in page["Events"]] == [e["EventId"] for e in events]
    with pytest.raises(ClientError):
        cloudtrail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "a"}] * 2)


def test_steps_that_only_read_say_so(client, user, allow, server):
    who = user(allow(["athena:*", "glue:*"]))
    server.client("athena", credentials=who).list_databases(CatalogName="AwsDataCatalog")
    events = client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": who["AccessKeyId"]}])["Events"]
    (listed,) = [e for e in events if e["EventName"] == "ListDatabases"]
    assert listed["ReadOnly"] == "true" and json.loads(listed["CloudTrailEvent"])["responseElements"] is None


def test_data_events_are_not_looked_up(client, bucket):
    client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    events = client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": bucket}])["Events"]
    assert [e["EventName"] for e in events] == ["CreateBucket"]


def test_secrets_are_not_told(client, user, allow, server):
    who = user(allow("iam:*"))
    made = server.client("iam", credentials=who).create_access_key(UserName=who["UserName"])["AccessKey"]
    (event,) = client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": who["AccessKeyId"]}])["Events"]
    key = json.loads(event["CloudTrailEvent"])["responseElements"]["accessKey"]
    assert key == {"accessKeyId": made["AccessKeyId"], "status": "Active", "userName": who["UserName"], "createDate": key["createDate"]}


def test_whose_credentials_were_given(client, user, allow, server, new_name):
    who, name = user(allow("sts:AssumeRole")), new_name("role")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": server.account}}]}
    arn = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    given = server.client("sts", credentials=who).assume_role(RoleArn=arn, RoleSessionName="them")
    (event,) = client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": who["AccessKeyId"]}])["Events"]
    told = json.loads(event["CloudTrailEvent"])
    assert told["eventName"] == "AssumeRole" and told["readOnly"] is True
    assert told["responseElements"]["assumedRoleUser"]["arn"] == given["AssumedRoleUser"]["Arn"]
    assert set(told["responseElements"]["credentials"]) == {"accessKeyId", "expiration"}


def policy_for(bucket, account):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:GetBucketAcl",
         "Resource": f"arn:aws:s3:::{bucket}"},
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
         "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{account}/*",
         "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}]})


@pytest.fixture
def world():
    with Server(None, "--clock", "virtual") as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="trail")
        s3.put_bucket_policy(Bucket="trail", Policy=policy_for("trail", server.account))
        yield server


KEY = r"AWSLogs/(\d{12})/CloudTrail/([a-z0-9-]+)/\d{4}/\d\d/\d\d/\1_CloudTrail_\2_\d{8}T\d{4}Z_\w{16}\.json\.gz"


def records(server):
    s3, out = server.client("s3"), []
    for found in s3.list_objects_v2(Bucket="trail").get("Contents", []):
        assert re.fullmatch(KEY, found["Key"])
        out += json.loads(gzip.decompress(s3.get_object(Bucket="trail", Key=found["Key"])["Body"].read()))["Records"]
    return out


def test_log_files_hold_what_the_selectors_take(world):
    cloudtrail, s3, tarn = world.client("cloudtrail"), world.client("s3"), tarn_client(world)
    cloudtrail.create_trail(Name="all", S3BucketName="trail")
    cloudtrail.put_event_selectors(TrailName="all", EventSelectors=[{
        "ReadWriteType": "WriteOnly", "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::mine/in/"]}]}])
    s3.create_bucket(Bucket="before")
    cloudtrail.start_logging(Name="all")
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="in/k", Body=b"x")
    s3.put_object(Bucket="mine", Key="out/k", Body=b"x")
    s3.get_object(Bucket="mine", Key="in/k")
    world.client("glue", region="eu-west-1").create_database(DatabaseInput={"Name": "elsewhere"})
    cloudtrail.stop_logging(Name="all")
    s3.create_bucket(Bucket="after")
    tarn.set_clock(Time=tarn.get_clock()["Time"] + datetime.timedelta(hours=1))
    told = records(world)
    answers = {r["eventName"]: r["responseElements"] for r in told}
    assert answers["CreateBucket"] is None and answers["PutObject"]["x-amz-server-side-encryption"] == "AES256"
    got = [(r["eventName"], r["requestParameters"].get("bucketName"), r["requestParameters"].get("key")) for r in told]
    # Whether the calls that start and stop it are in it is AWS's secret too.
    got = [one for one in got if one[0] not in ("StartLogging", "StopLogging")]
    assert got == [("CreateBucket", "mine", None), ("PutObject", "mine", "in/k")]
    status = cloudtrail.get_trail_status(Name="all")
    assert "LatestDeliveryTime" in status and not status.get("LatestDeliveryError")


def test_a_bucket_that_closes_is_said(world):
    cloudtrail, s3, tarn = world.client("cloudtrail"), world.client("s3"), tarn_client(world)
    cloudtrail.create_trail(Name="all", S3BucketName="trail")
    cloudtrail.start_logging(Name="all")
    s3.delete_bucket_policy(Bucket="trail")
    tarn.set_clock(Time=tarn.get_clock()["Time"] + datetime.timedelta(minutes=6))
    assert cloudtrail.get_trail_status(Name="all")["LatestDeliveryError"] == "AccessDenied"
    s3.put_bucket_policy(Bucket="trail", Policy=policy_for("trail", world.account))
    tarn.set_clock(Time=tarn.get_clock()["Time"] + datetime.timedelta(minutes=20))
    assert not cloudtrail.get_trail_status(Name="all").get("LatestDeliveryError")
    assert "DeleteBucketPolicy" in [r["eventName"] for r in records(world)]  # nothing was lost meanwhile


@pytest.fixture
def told(world):
    """told(detail, state): a rule for such calls of IAM; what it has sent, as (name of the call, its error, reads only)."""
    events, sqs = world.client("events"), world.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{world.account}:q"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})

    def rule(detail, state="ENABLED"):
        events.put_rule(Name="r", State=state, EventPattern=json.dumps({
            "source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"], "detail": detail}))
        events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
        return lambda count: [json.loads(message["Body"]) for message in received(sqs, url, count)]

    return rule


def received(sqs, url, count):
    found = []
    while len(found) < count:
        got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10).get("Messages", [])
        assert got, f"{count} messages were to come, not {len(found)}"
        found += got
        for message in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def start_trail(world):
    world.client("cloudtrail").create_trail(Name="all", S3BucketName="trail")
    world.client("cloudtrail").start_logging(Name="all")


def test_eventbridge_is_told(world, told):
    got = told({"eventName": ["CreateUser"]})
    iam = world.client("iam")
    iam.create_user(UserName="unseen")
    start_trail(world)
    iam.create_user(UserName="seen")
    (event,) = got(1)
    assert event["source"] == "aws.iam" and event["account"] == world.account
    detail = event["detail"]
    assert detail["requestParameters"] == {"userName": "seen"} and detail["eventSource"] == "iam.amazonaws.com"
    assert detail["resources"][0]["ARN"].endswith(":user/seen") and detail["readOnly"] is False
    user = detail["responseElements"]["user"]
    assert user["userName"] == "seen" and re.fullmatch(r"[A-Z][a-z]{2} \d+, \d{4}, \d+:\d\d:\d\d [AP]M", user["createDate"])


def test_eventbridge_is_told_of_what_was_refused(world, told):
    got = told({"errorCode": [{"exists": True}]})
    start_trail(world)
    iam = world.client("iam")
    iam.create_user(UserName="u")
    with pytest.raises(ClientError):
        iam.create_user(UserName="u")
    keys = iam.create_access_key(UserName="u")["AccessKey"]
    with pytest.raises(ClientError):
        world.client("iam", credentials=keys).delete_user(UserName="u")
    assert [(e["detail"]["eventName"], e["detail"]["errorCode"]) for e in got(2)] == [
        ("CreateUser", "EntityAlreadyExists"), ("DeleteUser", "AccessDenied")]


@pytest.mark.parametrize("state, wanted", [
    ("ENABLED", [("CreateUser", False)]),
    ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", [("GetUser", True), ("ListUsers", True), ("CreateUser", False)])])
def test_calls_that_only_read_are_told_where_the_rule_asks(world, told, state, wanted):
    got = told({"eventSource": ["iam.amazonaws.com"]}, state)
    start_trail(world)
    iam = world.client("iam")
    with pytest.raises(ClientError):
        iam.get_user(UserName="none")
    iam.list_users()
    tarn_client(world).list_audit_records()  # what waits in memory has been written
    iam.create_user(UserName="last")
    assert [(e["detail"]["eventName"], e["detail"]["readOnly"]) for e in got(len(wanted))] == wanted
