"""Settings that tools write to every bucket: those that have one value here may be set to it, and are told as they were set; what
would change more is refused by name. Answers are those that AWS gives."""
import pytest

KMS = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}


def aes(**more):
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, **more}]}


def test_encryption(s3, bucket, refused):
    def rule():
        return s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]

    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=aes(BucketKeyEnabled=True))
    assert rule()["BucketKeyEnabled"] and rule()["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    answer = s3.delete_bucket_encryption(Bucket=bucket)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204 and not rule()["BucketKeyEnabled"]
    for configuration in ({"Rules": []}, {"Rules": aes()["Rules"] * 2}):
        with refused("MalformedXML", 400):
            s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=configuration)
    with refused("InvalidArgument", 400):
        both = aes()
        both["Rules"][0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] = "key"
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=both)
    with refused("NotImplemented", 501):
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=KMS)


def test_settings_of_one_value(s3, bucket, refused):
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Suspended"
    for call in (
            lambda: s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
            lambda: s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"}),
            lambda: s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={
                "LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": "x"}}),
            lambda: s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"})):
        with refused("NotImplemented", 501):
            call()


def test_access_control_lists_are_off(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="bucket-owner-full-control")
    for call in (lambda: s3.put_bucket_acl(Bucket=bucket, ACL="private"), lambda: s3.put_bucket_acl(Bucket=bucket, ACL="public-read"),
                 lambda: s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")):
        with refused("AccessControlListNotSupported", 400) as error:
            call()
        assert error.response["Error"]["Message"] == "The bucket does not allow ACLs"
    with refused("NoSuchKey", 404):
        s3.put_object_acl(Bucket=bucket, Key="none", ACL="bucket-owner-full-control")


def test_what_is_not_there_can_be_taken_away(s3, bucket):
    for call in (s3.delete_bucket_cors, s3.delete_bucket_lifecycle, s3.delete_bucket_website, s3.delete_bucket_replication,
                 s3.delete_bucket_encryption, s3.delete_bucket_tagging, s3.delete_bucket_policy):
        assert call(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_configurations_of_which_there_are_none(s3, bucket, refused):
    for listing in (s3.list_bucket_analytics_configurations, s3.list_bucket_inventory_configurations,
                    s3.list_bucket_metrics_configurations, s3.list_bucket_intelligent_tiering_configurations):
        answer = listing(Bucket=bucket)
        assert answer["IsTruncated"] is False and not [name for name in answer if name.endswith("List")]
    for call in (s3.get_bucket_analytics_configuration, s3.get_bucket_inventory_configuration,
                 s3.get_bucket_metrics_configuration, s3.get_bucket_intelligent_tiering_configuration):
        with refused("NoSuchConfiguration", 404):
            call(Bucket=bucket, Id="x")


def test_an_ownership_that_is_none(s3, bucket, refused, new_name):
    with refused("InvalidArgument", 400) as error:
        s3.create_bucket(Bucket=new_name("x"), ObjectOwnership="X")
    assert error.response["Error"]["Message"] == "Invalid x-amz-object-ownership header: X"
    for rules in ([{"ObjectOwnership": "X"}], [{"ObjectOwnership": "BucketOwnerEnforced"}] * 2):
        with refused("MalformedXML", 400):
            s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})


def test_answers_without_content(s3, bucket):
    answer = s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    account = "123456789012"
    policy = ('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"s3:GetObject","Resource":'
              '"arn:aws:s3:::%s/*"}}' % (account, bucket))
    assert s3.put_bucket_policy(Bucket=bucket, Policy=policy)["ResponseMetadata"]["HTTPStatusCode"] == 204
