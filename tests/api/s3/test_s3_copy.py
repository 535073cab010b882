"""Why: copies decide what an object's metadata, tags and conditions become, and share bytes with their source: neither may change when
the other does."""
import datetime

import pytest


@pytest.fixture
def source(s3, bucket):
    s3.put_object(Bucket=bucket, Key="s", Body=b"bytes", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1",
                  CacheControl="no-cache", StorageClass="STANDARD_IA", ChecksumAlgorithm="SHA256")
    return {"Bucket": bucket, "Key": "s"}


def test_copies_all(s3, bucket, source):
    answer = s3.copy_object(Bucket=bucket, Key="d", CopySource=source)
    head, original = (s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED") for key in ("d", "s"))
    assert answer["CopyObjectResult"]["ETag"] == head["ETag"] == original["ETag"]
    assert answer["CopyObjectResult"]["ChecksumSHA256"] == original["ChecksumSHA256"]
    assert isinstance(answer["CopyObjectResult"]["LastModified"], datetime.datetime)
    for name in ("ContentType", "Metadata", "CacheControl", "ContentLength", "TagCount", "ChecksumSHA256"):
        assert head[name] == original[name], name
    assert "StorageClass" not in head  # the copy's is its own
    assert s3.get_object_tagging(Bucket=bucket, Key="d")["TagSet"] == [{"Key": "t", "Value": "1"}]


def test_replaces(s3, bucket, source):
    s3.copy_object(Bucket=bucket, Key="d", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"}, ContentType="x/y",
                   TaggingDirective="REPLACE", Tagging="u=2", StorageClass="ONEZONE_IA")
    head = s3.head_object(Bucket=bucket, Key="d")
    assert (head["Metadata"], head["ContentType"], head["StorageClass"]) == ({"b": "2"}, "x/y", "ONEZONE_IA")
    assert "CacheControl" not in head
    assert s3.get_object_tagging(Bucket=bucket, Key="d")["TagSet"] == [{"Key": "u", "Value": "2"}]
    s3.copy_object(Bucket=bucket, Key="d", CopySource=source, TaggingDirective="REPLACE")
    assert s3.get_object_tagging(Bucket=bucket, Key="d")["TagSet"] == []


def test_onto_itself(s3, bucket, source, refused):
    with refused("InvalidRequest", 400) as error:
        s3.copy_object(Bucket=bucket, Key="s", CopySource=source)
    assert "to itself" in error.response["Error"]["Message"]
    s3.copy_object(Bucket=bucket, Key="s", CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "1"})
    answer = s3.get_object(Bucket=bucket, Key="s")
    assert (answer["Body"].read(), answer["Metadata"]) == (b"bytes", {"new": "1"})


@pytest.mark.parametrize("size", [5, 300_000])
def test_copies_outlive_their_source(s3, bucket, size):
    body = b"x" * size
    s3.put_object(Bucket=bucket, Key="s", Body=body)
    for i in range(3):
        s3.copy_object(Bucket=bucket, Key=f"d{i}", CopySource={"Bucket": bucket, "Key": "s" if i == 0 else f"d{i - 1}"})
    s3.delete_object(Bucket=bucket, Key="s")
    s3.put_object(Bucket=bucket, Key="d0", Body=b"other")
    s3.delete_object(Bucket=bucket, Key="d1")
    assert s3.get_object(Bucket=bucket, Key="d2")["Body"].read() == body


def test_conditions(s3, bucket, source, refused):
    head = s3.head_object(Bucket=bucket, Key="s")
    copy = lambda **kw: s3.copy_object(Bucket=bucket, Key="d", CopySource=source, **kw)  # noqa: E731
    before = head["LastModified"] - datetime.timedelta(seconds=1)
    for bad in ({"CopySourceIfMatch": '"x"'}, {"CopySourceIfNoneMatch": head["ETag"]}, {"CopySourceIfUnmodifiedSince": before},
                {"CopySourceIfModifiedSince": head["LastModified"]}):
        with refused("PreconditionFailed", 412):
            copy(**bad)
    copy(CopySourceIfMatch=head["ETag"], CopySourceIfUnmodifiedSince=before, IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        copy(IfNoneMatch="*")


def test_sources_that_are_not(s3, bucket, new_name, refused):
    with refused("NoSuchKey", 404):
        s3.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": bucket, "Key": "none"})
    with refused("NoSuchBucket", 404):
        s3.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": new_name("none"), "Key": "k"})


def test_between_regions(s3, bucket, client, new_name, source):
    west = client("s3", region="us-west-2")
    name = new_name("west")
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    west.copy_object(Bucket=name, Key="d", CopySource=source)
    assert west.get_object(Bucket=name, Key="d")["Body"].read() == b"bytes"


def test_a_checksum_of_another_kind(s3, bucket, source):
    import base64
    import zlib
    answer = s3.copy_object(Bucket=bucket, Key="d", CopySource=source, ChecksumAlgorithm="CRC32")
    assert answer["CopyObjectResult"]["ChecksumCRC32"] == base64.b64encode(zlib.crc32(b"bytes").to_bytes(4, "big")).decode()
    head = s3.head_object(Bucket=bucket, Key="d", ChecksumMode="ENABLED")
    assert "ChecksumSHA256" not in head and "ChecksumCRC32" in head
