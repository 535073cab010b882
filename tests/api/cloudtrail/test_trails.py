"""Trails: what is kept of them, what AWS refuses, and that a bucket that does not let CloudTrail in is found out at once."""
import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def cloudtrail(client):
    return client("cloudtrail", region="eu-west-1")  # five trails are all that a region has


@pytest.fixture
def trail_bucket(client, new_name, account):
    """trail_bucket(prefix="") -> a bucket with the policy that AWS documents for CloudTrail."""

    def make(prefix="", region="us-east-1"):
        name, s3 = new_name("trail"), client("s3", region=region)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **where)
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:GetBucketAcl",
             "Resource": f"arn:aws:s3:::{name}"},
            {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
             "Resource": f"arn:aws:s3:::{name}/{prefix}AWSLogs/{account}/*",
             "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}]}))
        return name

    return make


@pytest.fixture
def trail(cloudtrail, trail_bucket, new_name):
    name = new_name("trail")
    cloudtrail.create_trail(Name=name, S3BucketName=trail_bucket())
    yield name
    cloudtrail.delete_trail(Name=name)


def error_of(operation, **kwargs):
    with pytest.raises(ClientError) as caught:
        operation(**kwargs)
    return caught.value.response["Error"]["Code"]


def test_a_trail_comes_back_as_it_was_made(cloudtrail, trail_bucket, new_name, account):
    name, bucket = new_name("trail"), trail_bucket("logs/")
    made = cloudtrail.create_trail(Name=name, S3BucketName=bucket, S3KeyPrefix="logs", IsMultiRegionTrail=True,
                                   TagsList=[{"Key": "a", "Value": "1"}])
    arn = f"arn:aws:cloudtrail:eu-west-1:{account}:trail/{name}"
    assert made["TrailARN"] == arn and made["IsMultiRegionTrail"] and made["IncludeGlobalServiceEvents"]
    got = cloudtrail.get_trail(Name=arn)["Trail"]
    assert got["S3BucketName"] == bucket and got["S3KeyPrefix"] == "logs" and got["HomeRegion"] == "eu-west-1"
    assert not got["HasCustomEventSelectors"] and not got["LogFileValidationEnabled"]
    assert error_of(cloudtrail.create_trail, Name=name, S3BucketName=bucket, S3KeyPrefix="logs") == "TrailAlreadyExistsException"
    assert name in [t["Name"] for t in cloudtrail.describe_trails()["trailList"]]
    assert arn in [t["TrailARN"] for t in cloudtrail.list_trails()["Trails"]]
    cloudtrail.add_tags(ResourceId=arn, TagsList=[{"Key": "b", "Value": "2"}])
    cloudtrail.remove_tags(ResourceId=arn, TagsList=[{"Key": "a"}])
    assert cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"] == [{"ResourceId": arn, "TagsList": [{"Key": "b", "Value": "2"}]}]
    assert error_of(cloudtrail.update_trail, Name=name, S3KeyPrefix="other") == "InsufficientS3BucketPolicyException"
    cloudtrail.update_trail(Name=name, IsMultiRegionTrail=False)
    assert not cloudtrail.get_trail(Name=name)["Trail"]["IsMultiRegionTrail"]
    assert cloudtrail.get_trail_status(Name=name)["IsLogging"] is False
    cloudtrail.start_logging(Name=name)
    assert cloudtrail.get_trail_status(Name=name)["IsLogging"] and "StopLoggingTime" not in cloudtrail.get_trail_status(Name=name)
    cloudtrail.stop_logging(Name=arn)
    status = cloudtrail.get_trail_status(Name=name)
    assert not status["IsLogging"] and status["StopLoggingTime"] >= status["StartLoggingTime"]
    cloudtrail.delete_trail(Name=arn)
    assert error_of(cloudtrail.get_trail, Name=name) == "TrailNotFoundException"
    assert cloudtrail.describe_trails(trailNameList=[name])["trailList"] == []


def test_the_bucket_must_let_cloudtrail_in(cloudtrail, client, new_name, bucket):
    name = new_name("trail")
    assert error_of(cloudtrail.create_trail, Name=name, S3BucketName=new_name("none")) == "S3BucketDoesNotExistException"
    assert error_of(cloudtrail.create_trail, Name=name, S3BucketName=bucket) == "InsufficientS3BucketPolicyException"
    assert error_of(cloudtrail.get_trail, Name=name) == "TrailNotFoundException"


@pytest.mark.parametrize("name, message", [
    ("aa", "Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters."),
    ("a" * 129, "Trail name too long. Maximum allowed length: 128 characters. Specified name length: 129 characters."),
    ("trail!", "Trail name must ends with a letter or number."), ("-trail", "Trail name must starts with a letter or number."),
    ("my#trail", "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), "
                 "and underscores (_)."),
])
def test_names_that_are_none(cloudtrail, name, message):
    for call, given in ((cloudtrail.create_trail, {"S3BucketName": "any"}), (cloudtrail.get_trail, {})):
        with pytest.raises(cloudtrail.exceptions.InvalidTrailNameException) as caught:
            call(Name=name, **given)
        assert caught.value.response["Error"]["Message"] == message


def test_a_trail_that_is_not_there(cloudtrail, account):
    for call, said in ((cloudtrail.get_trail, "no-such"),
                       (cloudtrail.get_trail_status, f"arn:aws:cloudtrail:{cloudtrail.meta.region_name}:{account}:trail/no-such")):
        with pytest.raises(cloudtrail.exceptions.TrailNotFoundException) as caught:
            call(Name="no-such")
        assert caught.value.response["Error"]["Message"] == f"Unknown trail: {said} for the user: {account}"


@pytest.mark.parametrize("more, code", [
    ({"KmsKeyId": "alias/a"}, "UnsupportedOperationException"),
    ({"IsOrganizationTrail": True}, "UnsupportedOperationException"),
    ({"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": False}, "InvalidParameterCombinationException"),
    ({"Name": "a"}, "InvalidTrailNameException"),
    ({"Name": "a b c"}, "InvalidTrailNameException"),
])
def test_what_cannot_be_is_refused(cloudtrail, new_name, bucket, more, code):
    assert error_of(cloudtrail.create_trail, **{"Name": new_name("t"), "S3BucketName": bucket, **more}) == code


def test_lake_is_refused_by_name(cloudtrail):
    with pytest.raises(ClientError) as caught:
        cloudtrail.create_event_data_store(Name="store")
    assert "CreateEventDataStore" in caught.value.response["Error"]["Message"]


def test_selectors(cloudtrail, trail):
    (default,) = cloudtrail.get_event_selectors(TrailName=trail)["EventSelectors"]
    assert default["ReadWriteType"] == "All" and default["IncludeManagementEvents"] and default["DataResources"] == []
    basic = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"],
              "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]
    cloudtrail.put_event_selectors(TrailName=trail, EventSelectors=basic)
    assert cloudtrail.get_event_selectors(TrailName=trail)["EventSelectors"] == basic
    assert cloudtrail.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"]
    advanced = [{"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
                                                 {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]
    got = cloudtrail.put_event_selectors(TrailName=trail, AdvancedEventSelectors=advanced)
    assert got["AdvancedEventSelectors"] == advanced
    got = cloudtrail.get_event_selectors(TrailName=trail)
    assert got["AdvancedEventSelectors"] == advanced and "EventSelectors" not in got
    for wrong in ({"EventSelectors": [{"DataResources": [{"Type": "AWS::SQS::Queue", "Values": ["arn:aws:sqs"]}]}]},
                  {"EventSelectors": basic, "AdvancedEventSelectors": advanced}, {},
                  {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "readOnly", "Equals": ["true"]}]}]},
                  {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]}):
        assert error_of(cloudtrail.put_event_selectors, TrailName=trail, **wrong) == "InvalidEventSelectorsException"
