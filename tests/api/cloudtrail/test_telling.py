"""What a trail tells beside its files: its log group gets the same events, its topic hears of each file; and what does not take
them is found out when the trail is made, or told by its status. The clock is virtual: the files come when it moves."""
import gzip
import hashlib
import json

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client
from support.signatures import verified


class Place:
    """A bucket, a log group with its role, and a topic that a queue hears, as AWS documents their policies."""

    def __init__(self, server, new_name):
        self.server, self.new_name, self.account = server, new_name, server.account
        self.s3, self.iam, self.logs = server.client("s3"), server.client("iam"), server.client("logs")
        self.sns, self.sqs, self.trails = server.client("sns"), server.client("sqs"), server.client("cloudtrail")
        self.bucket = new_name("bucket")
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=self.allow(["s3:GetBucketAcl", "s3:PutObject"], [
            f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"], Principal={"Service": "cloudtrail.amazonaws.com"}))

    @staticmethod
    def allow(actions, resource, **more):
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource, **more}]})

    def group(self):
        name = self.new_name("group")
        self.logs.create_log_group(logGroupName=name)
        return name, f"arn:aws:logs:us-east-1:{self.account}:log-group:{name}:*"

    def role(self, actions, principal="cloudtrail.amazonaws.com"):
        name = self.new_name("role")
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}]}
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=self.allow(actions, "*"))
        return arn

    def topic(self, allowed=True):
        arn = self.sns.create_topic(Name=self.new_name("topic"))["TopicArn"]
        self.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=self.allow(
            "SNS:Publish", arn, Principal={"Service": "cloudtrail.amazonaws.com" if allowed else "s3.amazonaws.com"}))
        return arn

    def make(self, **more):
        name = self.new_name("trail")
        self.trails.create_trail(Name=name, S3BucketName=self.bucket, **more)
        return name

    def refused(self, **more):
        with pytest.raises(ClientError) as caught:
            self.make(**more)
        return caught.value.response["Error"]["Code"]


@pytest.fixture
def place(virtual, new_name):
    place = Place(virtual, new_name)
    yield place
    for trail in place.trails.list_trails()["Trails"]:
        place.trails.delete_trail(Name=trail["TrailARN"])


def test_a_log_group_and_a_topic_are_told(virtual, place):
    group, group_arn = place.group()
    topic = place.topic()
    url = place.sqs.create_queue(QueueName=place.new_name("queue"))["QueueUrl"]
    queue = place.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    place.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": place.allow("sqs:SendMessage", queue, Principal="*")})
    place.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    role = place.role(["logs:CreateLogStream", "logs:PutLogEvents"])
    name = place.make(CloudWatchLogsLogGroupArn=group_arn, CloudWatchLogsRoleArn=role, SnsTopicName=topic.rsplit(":", 1)[1])
    trail = place.trails.get_trail(Name=name)["Trail"]
    assert trail["CloudWatchLogsLogGroupArn"] == group_arn and trail["CloudWatchLogsRoleArn"] == role
    assert trail["SnsTopicARN"] == topic and trail["SnsTopicName"] == topic.rsplit(":", 1)[1]
    place.trails.start_logging(Name=name)
    user = place.new_name("user")
    place.iam.create_user(UserName=user)
    tarn_client(virtual).advance_clock(Seconds=3600)
    stream = f"{place.account}_CloudTrail_us-east-1"
    told = place.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    told = [json.loads(one["message"]) for one in told]
    (made,) = [e for e in told if e["eventName"] == "CreateUser"]
    assert made["requestParameters"]["userName"] == user and made["eventSource"] == "iam.amazonaws.com"
    messages = place.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    messages = [json.loads(json.loads(one["Body"])["Message"]) for one in messages]
    files = [o["Key"] for o in place.s3.list_objects_v2(Bucket=place.bucket)["Contents"]]
    assert {m["s3Bucket"] for m in messages} == {place.bucket}
    assert {key for m in messages for key in m["s3ObjectKey"]} <= set(files) and len(messages) >= 1
    status = place.trails.get_trail_status(Name=name)
    assert status["LatestCloudWatchLogsDeliveryTime"] and status["LatestNotificationTime"]
    assert "LatestCloudWatchLogsDeliveryError" not in status and "LatestNotificationError" not in status
    place.trails.update_trail(Name=name, CloudWatchLogsLogGroupArn="", CloudWatchLogsRoleArn="", SnsTopicName="")
    trail = place.trails.get_trail(Name=name)["Trail"]
    assert not {"CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "SnsTopicName", "SnsTopicARN"} & set(trail)


def test_what_went_wrong_is_in_the_status(virtual, place):
    group, group_arn = place.group()
    topic = place.topic()
    name = place.make(CloudWatchLogsLogGroupArn=group_arn, CloudWatchLogsRoleArn=place.role("logs:*"), SnsTopicName=topic)
    place.trails.start_logging(Name=name)
    place.logs.delete_log_group(logGroupName=group)
    place.sns.delete_topic(TopicArn=topic)
    tarn_client(virtual).advance_clock(Seconds=3600)
    status = place.trails.get_trail_status(Name=name)
    assert status["LatestCloudWatchLogsDeliveryError"] == "ResourceNotFoundException" and status["LatestNotificationError"]
    assert status["LatestDeliveryTime"] and place.s3.list_objects_v2(Bucket=place.bucket)["KeyCount"] > 0


def test_what_does_not_let_the_trail_in_is_refused(place):
    group, group_arn = place.group()
    role = place.role(["logs:CreateLogStream", "logs:PutLogEvents"])
    assert place.refused(CloudWatchLogsLogGroupArn=group_arn) == "InvalidParameterCombinationException"
    assert place.refused(CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role) == "InvalidCloudWatchLogsLogGroupArnException"
    gone = group_arn.replace(group, "gone")
    assert place.refused(CloudWatchLogsLogGroupArn=gone, CloudWatchLogsRoleArn=role) == "InvalidCloudWatchLogsLogGroupArnException"
    powerless = place.role("s3:*")
    of_powerless = place.refused(CloudWatchLogsLogGroupArn=group_arn, CloudWatchLogsRoleArn=powerless)
    assert of_powerless == "InvalidCloudWatchLogsLogGroupArnException"
    others = place.role("logs:*", principal="lambda.amazonaws.com")
    assert place.refused(CloudWatchLogsLogGroupArn=group_arn, CloudWatchLogsRoleArn=others) == "InvalidCloudWatchLogsRoleArnException"
    assert place.refused(SnsTopicName=place.topic(allowed=False)) == "InsufficientSnsTopicPolicyException"
    assert place.refused(SnsTopicName="not-there") == "InsufficientSnsTopicPolicyException"
    assert place.refused(SnsTopicName="a b") == "InvalidSnsTopicNameException"


def test_digests_are_chained_and_signed(virtual, place):
    """As `aws cloudtrail validate-logs` checks them: hashes of what is in the files, signatures over name, hash and what went before."""
    name = place.make(EnableLogFileValidation=True)
    assert place.trails.get_trail(Name=name)["Trail"]["LogFileValidationEnabled"]
    place.trails.start_logging(Name=name)
    for i in range(2):
        place.iam.create_user(UserName=place.new_name("user"))
        tarn_client(virtual).advance_clock(Seconds=2 * 3600)

    def unpacked(key):
        got = place.s3.get_object(Bucket=place.bucket, Key=key)
        return gzip.decompress(got["Body"].read()), got["Metadata"]

    keys = [o["Key"] for o in place.s3.list_objects_v2(Bucket=place.bucket, Prefix="AWSLogs/")["Contents"]]
    digests = sorted(key for key in keys if "/CloudTrail-Digest/us-east-1/" in key)
    logs = {key for key in keys if "/CloudTrail/us-east-1/" in key}
    assert len(digests) == 2 and f"_{name}_us-east-1_" in digests[0]
    (public,) = place.trails.list_public_keys()["PublicKeyList"]
    before, seen = None, set()
    for key in digests:
        text, metadata = unpacked(key)
        digest = json.loads(text)
        assert digest["digestS3Object"] == key and digest["digestPublicKeyFingerprint"] == public["Fingerprint"]
        assert digest["previousDigestS3Object"] == (before and before["digestS3Object"])
        assert digest["previousDigestSignature"] == (before and before["signature"])
        assert metadata["signature-algorithm"] == "SHA256withRSA"
        signed = "\n".join([digest["digestEndTime"], f"{place.bucket}/{key}", hashlib.sha256(text).hexdigest(),
                            digest["previousDigestSignature"] or "null"])
        assert verified(public["Value"], bytes.fromhex(metadata["signature"]), signed)
        assert not verified(public["Value"], bytes.fromhex(metadata["signature"]), signed + " ")
        for file in digest["logFiles"]:
            assert hashlib.sha256(unpacked(file["s3Object"])[0]).hexdigest() == file["hashValue"]
            seen.add(file["s3Object"])
        before = {**digest, "signature": metadata["signature"]}
    assert seen == logs
    assert place.trails.get_trail_status(Name=name)["LatestDigestDeliveryTime"]
