"""Lifecycle rules: what they may say, and what goes by them at midnight, seen on a clock that is moved."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client

DAY, SECOND = datetime.timedelta(days=1), datetime.timedelta(seconds=1)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def clock(virtual):
    return Moves(tarn_client(virtual))


class Moves:
    def __init__(self, tarn):
        self.tarn = tarn

    def now(self):
        return self.tarn.get_clock()["Time"]

    def days(self, count):
        self.tarn.set_clock(Time=self.now() + count * DAY)


@pytest.fixture
def s3(virtual):
    return virtual.client("s3")


@pytest.fixture
def bucket(s3, request):
    name = "life-" + request.node.name.replace("_", "-").replace("[", "-").replace("]", "").lower()[:50]
    s3.create_bucket(Bucket=name)
    return name


def put_time(s3, bucket, key):
    return s3.head_object(Bucket=bucket, Key=key)["LastModified"]


def rules(s3, bucket, *written):
    return s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": list(written)})


def keys(s3, bucket):
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_rules_are_kept_as_written(s3, bucket):
    written = [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}},
        {"ID": "b", "Status": "Disabled", "Filter": {"And": {"Prefix": "x", "Tags": [{"Key": "k", "Value": "v"}],
                                                            "ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 9}},
         "Expiration": {"Date": datetime.datetime(2031, 1, 1, tzinfo=datetime.timezone.utc)}},
        {"ID": "c", "Status": "Enabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Expiration": {"Days": 1}},
        {"ID": "d", "Status": "Enabled", "Prefix": "old", "Expiration": {"ExpiredObjectDeleteMarker": True},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 2, "NewerNoncurrentVersions": 3},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {"ID": "e", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}},
    ]
    answer = rules(s3, bucket, *written)
    assert answer["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    told = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert told["Rules"] == written
    assert told["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    assert s3.delete_bucket_lifecycle(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == (
        "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")


def test_a_rule_without_a_name_gets_one(s3, bucket):
    rules(s3, bucket, {"Status": "Enabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 1}},
          {"Status": "Enabled", "Filter": {"Prefix": "b"}, "Expiration": {"Days": 1}})
    names = {rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert len(names) == 2 and all(names)


@pytest.mark.parametrize("change, code, words", [
    ({"Filter": None}, "MalformedXML", "not well-formed"),
    ({"Prefix": "both"}, "MalformedXML", "not well-formed"),
    ({"Filter": {"Prefix": "a", "ObjectSizeLessThan": 3}}, "MalformedXML", "not well-formed"),
    ({"Expiration": None}, "InvalidRequest", "At least one action needs to be specified in a rule"),
    ({"Expiration": {"Days": 0}}, "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
    ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML", "not well-formed"),
    ({"Expiration": {"Date": datetime.datetime(2031, 1, 1, 5)}}, "InvalidArgument", "'Date' must be at midnight GMT"),
    ({"ID": "x" * 256}, "InvalidArgument", "ID length should not exceed allowed limit of 255"),
    ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
     "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags."),
    ({"Filter": {"And": {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]}}},
     "InvalidRequest", "Duplicate Tag Keys are not allowed."),
    ({"Filter": {"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 5}}}, "InvalidRequest",
     "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."),
    ({"Transitions": [{"Days": 1, "StorageClass": "STANDARD_IA"}]}, "NotImplemented", "Transition"),
])
def test_what_a_rule_may_not_say(s3, change, code, words):
    name = "life-bad-rules"
    s3.create_bucket(Bucket=name)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 1}} | change
    rule = {member: value for member, value in rule.items() if value is not None}
    said = refusal(s3.put_bucket_lifecycle_configuration, Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    assert said[0] == code and words in said[1]
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket=name)[0] == "NoSuchLifecycleConfiguration"


def test_two_rules_of_one_name(s3, bucket):
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 1}}
    said = refusal(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": [rule, rule]})
    assert said == ("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")


def test_objects_go_at_the_midnight_after_their_days(s3, bucket, clock):
    rules(s3, bucket,
          {"ID": "soon", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 2}},
          {"ID": "tag", "Status": "Enabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Expiration": {"Days": 4}},
          {"ID": "big", "Status": "Enabled", "Filter": {"ObjectSizeGreaterThan": 5}, "Expiration": {"Days": 6}},
          {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}})
    put = s3.put_object(Bucket=bucket, Key="logs/a", Body=b"1")
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"1", Tagging="k=v")
    s3.put_object(Bucket=bucket, Key="big", Body=b"123456")
    s3.put_object(Bucket=bucket, Key="kept", Body=b"1")
    end = (put_time(s3, bucket, "logs/a") + 3 * DAY - SECOND).replace(hour=0, minute=0, second=0)
    expected = f'expiry-date="{end:%a, %d %b %Y} 00:00:00 GMT", rule-id="soon"'
    assert put["Expiration"] == expected
    assert s3.head_object(Bucket=bucket, Key="logs/a")["Expiration"] == expected
    assert s3.get_object(Bucket=bucket, Key="logs/a")["Expiration"] == expected
    assert "Expiration" not in s3.head_object(Bucket=bucket, Key="kept")
    clock.days(1)
    assert keys(s3, bucket) == ["big", "kept", "logs/a", "tagged"]
    clock.days(2)
    assert keys(s3, bucket) == ["big", "kept", "tagged"]
    clock.days(2)
    assert keys(s3, bucket) == ["big", "kept"]
    clock.days(2)
    assert keys(s3, bucket) == ["kept"]


def test_more_objects_than_one_look_takes(s3, bucket, clock):
    for number in range(1100):
        s3.put_object(Bucket=bucket, Key=f"{number:04}", Body=b"")
    rules(s3, bucket, {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}})
    clock.days(2)
    assert keys(s3, bucket) == []
    s3.delete_bucket(Bucket=bucket)
    clock.days(2)  # its rules have gone with it


def test_versions_markers_and_uploads_go(s3, bucket, clock):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"old")
    s3.put_object(Bucket=bucket, Key="a", Body=b"new")
    rules(s3, bucket,
          {"ID": "d", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3},
           "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
           "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}})
    s3.create_multipart_upload(Bucket=bucket, Key="upload")
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
    clock.days(2)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [version["IsLatest"] for version in listed["Versions"]] == [True]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    clock.days(2)  # the object's days are over: a marker hides it
    listed = s3.list_object_versions(Bucket=bucket)
    assert [marker["IsLatest"] for marker in listed["DeleteMarkers"]] == [True]
    assert keys(s3, bucket) == []
    clock.days(2)
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)
    clock.days(4)  # and the marker that hides nothing goes in its turn
    assert "DeleteMarkers" not in s3.list_object_versions(Bucket=bucket)


def test_expirations_are_told(s3, bucket, clock, virtual):
    sqs = virtual.client("sqs")
    url = sqs.create_queue(QueueName="expired")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
                                                "Action": "sqs:SendMessage", "Resource": arn}]})})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:LifecycleExpiration:*"]}]})
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    rules(s3, bucket, {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}})
    s3.put_object(Bucket=bucket, Key="gone", Body=b"x")
    clock.days(2)
    message, = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]
    record, = json.loads(message["Body"])["Records"]
    assert record["eventName"] == "LifecycleExpiration:Delete" and record["s3"]["object"]["key"] == "gone"
    assert record["userIdentity"] == {"principalId": "s3.amazonaws.com"}


def test_rules_need_their_right(s3, virtual, bucket):
    iam = virtual.client("iam")
    iam.create_user(UserName="plain")
    access = iam.create_access_key(UserName="plain")["AccessKey"]
    plain = virtual.client("s3", credentials=access)
    written = {"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
    for call, arguments in [(plain.put_bucket_lifecycle_configuration, {"LifecycleConfiguration": written}),
                            (plain.get_bucket_lifecycle_configuration, {}), (plain.delete_bucket_lifecycle, {})]:
        assert refusal(call, Bucket=bucket, **arguments)[0] == "AccessDenied"
    iam.put_user_policy(UserName="plain", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": f"arn:aws:s3:::{bucket}", "Action": [
            "s3:PutLifecycleConfiguration", "s3:GetLifecycleConfiguration"]}]}))
    plain.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=written)
    assert plain.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    plain.delete_bucket_lifecycle(Bucket=bucket)
