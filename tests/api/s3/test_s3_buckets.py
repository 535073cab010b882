"""Why: buckets are the one name that all accounts and regions share; who may make one where, and what a wrong region is told,
is what SDKs act on without asking the user."""
import json

import pytest
from botocore.config import Config


def test_create_head_list_delete(s3, new_name, account):
    name = new_name("life")
    made = s3.create_bucket(Bucket=name)
    assert made["Location"] == f"/{name}"
    head = s3.head_bucket(Bucket=name)
    assert head["BucketRegion"] == "us-east-1"
    listed = {b["Name"]: b for b in s3.list_buckets()["Buckets"]}
    assert listed[name]["CreationDate"].microsecond == 0
    assert set(listed[name]) == {"Name", "CreationDate"}  # the region is told to a request with a parameter alone
    assert s3.list_buckets(Prefix=name)["Buckets"][0]["BucketRegion"] == "us-east-1"
    s3.delete_bucket(Bucket=name)
    assert name not in {b["Name"] for b in s3.list_buckets()["Buckets"]}


@pytest.mark.parametrize("name", ["My-Bucket", "ab.", "192.168.1.1", "xn--x", "under_score", "a..b", "x" * 64])
def test_bad_names(s3, refused, name, raw):
    status, _, body = raw("PUT", f"/{name}")
    assert status == 400
    assert b"<Code>InvalidBucketName</Code>" in body
    assert f"<BucketName>{name}</BucketName>".encode() in body


def test_creating_twice(s3, client, new_name, refused):
    name = new_name("twice")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    s3.create_bucket(Bucket=name)  # us-east-1 alone takes that
    assert s3.head_object(Bucket=name, Key="k")
    west = client("s3", region="us-west-2")
    name = new_name("twice")
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    with refused("BucketAlreadyOwnedByYou", 409):
        west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})


def test_location_constraints(client, new_name, refused):
    east, west = client("s3"), client("s3", region="eu-west-1")
    with refused("InvalidLocationConstraint", 400):
        east.create_bucket(Bucket=new_name("loc"), CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
    with refused("IllegalLocationConstraintException", 400) as error:
        west.create_bucket(Bucket=new_name("loc"))
    assert "unspecified location constraint" in error.response["Error"]["Message"]
    with refused("IllegalLocationConstraintException", 400):
        west.create_bucket(Bucket=new_name("loc"), CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    name = new_name("loc")
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert west.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    name = new_name("loc")
    east.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "mars-north-1"})  # any region's name
    assert client("s3", region="mars-north-1").get_bucket_location(Bucket=name)["LocationConstraint"] == "mars-north-1"


def test_location_of_us_east_1_is_empty(s3, bucket):
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_another_region_is_redirected(client, new_name, raw):
    name = new_name("far")
    client("s3", region="eu-west-1").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for path in (f"/{name}/k", f"/{name}?list-type=2"):
        status, headers, body = raw("GET", path)
        assert status == 301
        assert headers["x-amz-bucket-region"] == "eu-west-1"
        assert b"<Code>PermanentRedirect</Code>" in body and b"<Endpoint>s3.eu-west-1.amazonaws.com</Endpoint>" in body
    status, headers, body = raw("HEAD", f"/{name}")
    assert (status, headers["x-amz-bucket-region"], body) == (301, "eu-west-1", b"")


def test_boto3_follows_the_redirect(client, new_name):
    name = new_name("far")
    west = client("s3", region="eu-west-1")
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    west.put_object(Bucket=name, Key="k", Body=b"v")
    assert client("s3").get_object(Bucket=name, Key="k")["Body"].read() == b"v"


def test_deleting_needs_an_empty_bucket(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with refused("BucketNotEmpty", 409) as error:
        s3.delete_bucket(Bucket=bucket)
    assert error.response["Error"]["BucketName"] == bucket
    s3.delete_object(Bucket=bucket, Key="k")
    s3.create_multipart_upload(Bucket=bucket, Key="unfinished")  # goes with the bucket
    s3.delete_bucket(Bucket=bucket)
    with refused("NoSuchBucket", 404):
        s3.delete_bucket(Bucket=bucket)


def test_a_name_made_again_is_another_bucket(s3, new_name):
    name = new_name("again")
    s3.create_bucket(Bucket=name)
    upload = s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    assert "Contents" not in s3.list_objects_v2(Bucket=name)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=name)
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.abort_multipart_upload(Bucket=name, Key="k", UploadId=upload)
    with pytest.raises(Exception, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=name)


def test_no_such_bucket_everywhere(s3, new_name, refused):
    missing = new_name("missing")
    for call in (lambda: s3.list_objects_v2(Bucket=missing), lambda: s3.get_object(Bucket=missing, Key="k"),
                 lambda: s3.put_object(Bucket=missing, Key="k", Body=b""), lambda: s3.get_bucket_policy(Bucket=missing),
                 lambda: s3.create_multipart_upload(Bucket=missing, Key="k"),
                 lambda: s3.delete_objects(Bucket=missing, Delete={"Objects": [{"Key": "k"}]})):
        with refused("NoSuchBucket", 404) as error:
            call()
        assert error.response["Error"]["BucketName"] == missing
    with refused("404", 404):
        s3.head_bucket(Bucket=missing)


def test_list_buckets_by_pages(server, new_name, allow, user_client):
    stem = new_name("pages")
    boto = server.client("s3")
    west = server.client("s3", region="us-west-2")
    names = [f"{stem}-{i:02}" for i in range(7)]
    for i, name in enumerate(names):
        if i % 3 == 2:
            west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        else:
            boto.create_bucket(Bucket=name)
    pages = list(boto.get_paginator("list_buckets").paginate(Prefix=stem, PaginationConfig={"PageSize": 3}))
    assert [len(p["Buckets"]) for p in pages] == [3, 3, 1]
    assert [b["Name"] for p in pages for b in p["Buckets"]] == names
    assert all(p["Prefix"] == stem for p in pages)
    pages = list(boto.get_paginator("list_buckets").paginate(Prefix=stem, BucketRegion="us-west-2", PaginationConfig={"PageSize": 1}))
    assert [b["Name"] for p in pages for b in p["Buckets"]] == [names[2], names[5]]
    token = boto.list_buckets(Prefix=stem, MaxBuckets=2)["ContinuationToken"]
    with pytest.raises(Exception, match="continuation token"):
        boto.list_buckets(Prefix="other", ContinuationToken=token)
    with pytest.raises(Exception, match="continuation token"):
        boto.list_buckets(Prefix=stem, ContinuationToken=token[:-2])


def test_expected_owner(s3, bucket, account, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner=account)
    for call in (lambda: s3.get_object(Bucket=bucket, Key="k", ExpectedBucketOwner="000000000000"),
                 lambda: s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner="000000000000"),
                 lambda: s3.delete_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")):
        with refused("AccessDenied", 403):
            call()


def test_buckets_with_dots_and_as_hosts(s3, new_name, raw, server):
    name = new_name("dots") + ".with.dots"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a/k", Body=b"v")
    port = server.endpoint.rsplit(":", 1)[1]
    host = f"{name}.localhost:{port}"
    assert raw("GET", "/a/k", host=host)[::2] == (200, b"v")
    assert raw("PUT", "/a/l%20m", body=b"w", host=host)[0] == 200
    assert s3.get_object(Bucket=name, Key="a/l m")["Body"].read() == b"w"
    status, _, body = raw("GET", "/?list-type=2", host=host)
    assert status == 200 and b"<Key>a/l m</Key>" in body
    assert raw("HEAD", "/", host=host)[0] == 200


def test_virtual_hosted_client(server, bucket, s3):
    """boto3 with addressing style virtual signs for the host bucket.localhost; the connection goes to the server all the same."""
    import socket
    port = server.endpoint.rsplit(":", 1)[1]
    env = server.environment()
    import boto3
    virtual = boto3.client("s3", endpoint_url=f"http://localhost:{port}", region_name="us-east-1",
                           aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
                           config=Config(s3={"addressing_style": "virtual"}))
    real = socket.getaddrinfo
    hosts = set()

    def resolve(host, *args, **kwargs):
        hosts.add(host)
        return real("127.0.0.1" if host.endswith(".localhost") else host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve)
        virtual.put_object(Bucket=bucket, Key="v/ü", Body=b"host")
        assert [o["Key"] for o in virtual.list_objects_v2(Bucket=bucket)["Contents"]] == ["v/ü"]
    assert hosts == {f"{bucket}.localhost"}
    assert s3.get_object(Bucket=bucket, Key="v/ü")["Body"].read() == b"host"


def test_what_every_bucket_is(s3, bucket, refused):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
    assert owner == "BucketOwnerEnforced"
    acl = s3.get_bucket_acl(Bucket=bucket)
    assert acl["Grants"] == [{"Grantee": {"ID": acl["Owner"]["ID"], "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]
    assert len(acl["Owner"]["ID"]) == 64
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert set(s3.get_bucket_notification_configuration(Bucket=bucket)) == {"ResponseMetadata"}
    for call, code in ((s3.get_bucket_cors, "NoSuchCORSConfiguration"), (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
                       (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
                       (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
                       (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError"),
                       (s3.get_bucket_tagging, "NoSuchTagSet"), (s3.get_bucket_policy, "NoSuchBucketPolicy")):
        with refused(code, 404):
            call(Bucket=bucket)


def test_what_is_not_supported_is_refused_by_name(s3, bucket, refused, new_name):
    for call, word in ((lambda: s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms"), "aws:kms"),
                       (lambda: s3.put_object(Bucket=bucket, Key="k", SSECustomerAlgorithm="AES256", SSECustomerKey=b"0" * 32), "customer"),
                       (lambda: s3.create_bucket(Bucket=new_name("x"), ObjectOwnership="ObjectWriter"), "ObjectWriter")):
        with refused("NotImplemented", 501) as error:
            call()
        assert word in error.response["Error"]["Message"]
    with refused("AccessControlListNotSupported", 400):
        s3.put_object(Bucket=bucket, Key="k", ACL="public-read")
    with refused("InvalidStorageClass", 400):
        s3.put_object(Bucket=bucket, Key="k", StorageClass="DEEP_ARCHIVE")
    with refused("NotImplemented", 501) as error:
        s3.get_object_torrent(Bucket=bucket, Key="k")
    assert "GetObjectTorrent" in error.response["Error"]["Message"]
