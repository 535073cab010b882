"""Versions: what was put over or deleted must come back, in its order, by its id; a delete marker hides, and going takes it away.
The answers are those that AWS was seen to give."""
import json

import pytest


@pytest.fixture
def versioned(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def listed(s3):
    """listed(bucket, **parameters) -> [(key, version id or "marker ..", latest)] in the order of each key."""

    def names(bucket, **parameters):
        answer = s3.list_object_versions(Bucket=bucket, **parameters)
        all_ = [(v["Key"], v["VersionId"], v["IsLatest"]) for v in answer.get("Versions", [])]
        all_ += [(m["Key"], "marker " + m["VersionId"], m["IsLatest"]) for m in answer.get("DeleteMarkers", [])]
        return all_

    return names


def suspend(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def test_the_setting(s3, bucket, refused):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for status in ("Suspended", "Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status
    for wrong in ("enabled", "Disabled"):
        with refused("MalformedXML", 400):
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": wrong})
    with refused("IllegalVersioningConfigurationException", 400) as error:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={})
    assert error.response["Error"]["Message"] == "The Versioning element must be specified"
    with refused("NotImplemented", 501):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"})


def test_versions_of_a_key(s3, versioned, put, body_of, listed):
    ids = [put(versioned, "k", body)["VersionId"] for body in (b"one", b"two", b"three")]
    assert len(set(ids)) == 3 and "null" not in ids
    assert s3.get_object(Bucket=versioned, Key="k")["VersionId"] == ids[2]
    assert [body_of(versioned, "k", VersionId=i) for i in ids] == [b"one", b"two", b"three"]
    assert s3.head_object(Bucket=versioned, Key="k", VersionId=ids[0])["VersionId"] == ids[0]
    assert listed(versioned) == [("k", ids[2], True), ("k", ids[1], False), ("k", ids[0], False)]
    assert [o["Size"] for o in s3.list_objects_v2(Bucket=versioned)["Contents"]] == [5]
    attributes = s3.get_object_attributes(Bucket=versioned, Key="k", VersionId=ids[0], ObjectAttributes=["ObjectSize"])
    assert (attributes["VersionId"], attributes["ObjectSize"]) == (ids[0], 3)
    # Taking the latest away brings the one before it back.
    gone = s3.delete_object(Bucket=versioned, Key="k", VersionId=ids[2])
    assert gone["VersionId"] == ids[2] and "DeleteMarker" not in gone
    assert s3.get_object(Bucket=versioned, Key="k")["VersionId"] == ids[1]
    assert listed(versioned) == [("k", ids[1], True), ("k", ids[0], False)]
    s3.delete_object(Bucket=versioned, Key="k", VersionId=ids[0])
    assert listed(versioned) == [("k", ids[1], True)]
    assert s3.delete_object(Bucket=versioned, Key="k", VersionId=ids[0])["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_delete_markers(s3, versioned, put, body_of, listed, refused):
    first = put(versioned, "k", b"one")["VersionId"]
    marker = s3.delete_object(Bucket=versioned, Key="k")
    assert marker["DeleteMarker"] is True and marker["VersionId"] != first
    with refused("NoSuchKey", 404) as error:
        s3.get_object(Bucket=versioned, Key="k")
    assert error.response["Error"]["Key"] == "k"
    headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker["VersionId"])
    with refused("404", 404) as error:
        s3.head_object(Bucket=versioned, Key="k")
    assert error.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    assert body_of(versioned, "k", VersionId=first) == b"one"
    with refused("MethodNotAllowed", 405) as error:
        s3.get_object(Bucket=versioned, Key="k", VersionId=marker["VersionId"])
    assert error.response["Error"]["ResourceType"] == "DeleteMarker" and error.response["Error"]["Method"] == "GET"
    assert error.response["ResponseMetadata"]["HTTPHeaders"]["allow"] == "DELETE"
    with refused("405", 405):
        s3.head_object(Bucket=versioned, Key="k", VersionId=marker["VersionId"])
    second = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    assert listed(versioned) == [("k", first, False), ("k", "marker " + second, True), ("k", "marker " + marker["VersionId"], False)]
    # A marker that is taken away is no deletion.
    gone = s3.delete_object(Bucket=versioned, Key="k", VersionId=second)
    assert (gone["DeleteMarker"], gone["VersionId"]) == (True, second)
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=versioned, Key="k")
    s3.delete_object(Bucket=versioned, Key="k", VersionId=marker["VersionId"])
    assert body_of(versioned, "k") == b"one" and listed(versioned) == [("k", first, True)]
    # Also of a key that never was.
    assert s3.delete_object(Bucket=versioned, Key="never")["DeleteMarker"] is True


def test_ids_that_are_none(s3, versioned, put, refused):
    version = put(versioned, "k", b"one")["VersionId"]
    s3.delete_object(Bucket=versioned, Key="k", VersionId=version)
    with refused("NoSuchVersion", 404) as error:
        s3.get_object(Bucket=versioned, Key="k", VersionId=version)
    assert error.response["Error"]["VersionId"] == version
    for wrong in ("HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD", version[:-1] + ("A" if version[-1] != "A" else "B"), "x"):
        with refused("InvalidArgument", 400):
            s3.get_object(Bucket=versioned, Key="k", VersionId=wrong)
    with refused("InvalidArgument", 400) as error:
        s3.get_object(Bucket=versioned, Key="k", VersionId="")
    assert error.response["Error"]["Message"] == "Version id cannot be the empty string"
    other = put(versioned, "other", b"x")["VersionId"]
    with refused("NoSuchVersion", 404):
        s3.get_object(Bucket=versioned, Key="k", VersionId=other)


def test_deleting_many(s3, versioned, put):
    version = put(versioned, "k", b"one")["VersionId"]
    deleted = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k"}, {"Key": "none"}]})["Deleted"]
    assert [(d["Key"], d["DeleteMarker"], "VersionId" in d) for d in deleted] == [("k", True, False), ("none", True, False)]
    marker = deleted[0]["DeleteMarkerVersionId"]
    told = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k", "VersionId": marker}, {"Key": "k", "VersionId": version}]})
    assert told["Deleted"] == [{"Key": "k", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker},
                               {"Key": "k", "VersionId": version}]


def test_before_and_after_versioning(s3, bucket, put, body_of, listed):
    put(bucket, "k", b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    kept = put(bucket, "k", b"kept")["VersionId"]
    assert listed(bucket) == [("k", kept, True), ("k", "null", False)]
    assert body_of(bucket, "k", VersionId="null") == b"before"
    suspend(s3, bucket)
    answer = put(bucket, "k", b"suspended")
    assert "VersionId" not in answer  # and the null version that was before has gone
    assert listed(bucket) == [("k", "null", True), ("k", kept, False)]
    put(bucket, "k", b"again")
    assert listed(bucket) == [("k", "null", True), ("k", kept, False)] and body_of(bucket, "k") == b"again"
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert (marker["DeleteMarker"], marker["VersionId"]) == (True, "null")
    assert listed(bucket) == [("k", kept, False), ("k", "marker null", True)]
    put(bucket, "k", b"over a marker")
    assert listed(bucket) == [("k", "null", True), ("k", kept, False)]
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert body_of(bucket, "k") == b"kept"


def test_copies_and_uploads(s3, versioned, put, body_of, refused):
    first = put(versioned, "k", b"one")["VersionId"]
    put(versioned, "k", b"two")
    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource={"Bucket": versioned, "Key": "k", "VersionId": first})
    assert copied["CopySourceVersionId"] == first and copied["VersionId"] not in (first, None)
    assert body_of(versioned, "k") == b"one"
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    with refused("NoSuchKey", 404):
        s3.copy_object(Bucket=versioned, Key="x", CopySource={"Bucket": versioned, "Key": "k"})
    with refused("InvalidRequest", 400):
        s3.copy_object(Bucket=versioned, Key="x", CopySource={"Bucket": versioned, "Key": "k", "VersionId": marker})
    upload = s3.create_multipart_upload(Bucket=versioned, Key="k")["UploadId"]
    part = s3.upload_part_copy(Bucket=versioned, Key="k", UploadId=upload, PartNumber=1,
                               CopySource={"Bucket": versioned, "Key": "k", "VersionId": first})
    assert part["CopySourceVersionId"] == first
    done = s3.complete_multipart_upload(Bucket=versioned, Key="k", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]})
    assert s3.head_object(Bucket=versioned, Key="k")["VersionId"] == done["VersionId"]
    # Conditions speak of what is current.
    with refused("PreconditionFailed", 412):
        put(versioned, "k", b"x", IfNoneMatch="*")
    s3.delete_object(Bucket=versioned, Key="k")
    put(versioned, "k", b"x", IfNoneMatch="*")


def test_tags_of_versions(s3, versioned, put, refused):
    ids = [put(versioned, "k", b"x", Tagging=f"n={n}")["VersionId"] for n in (1, 2)]
    answer = s3.put_object_tagging(Bucket=versioned, Key="k", VersionId=ids[0], Tagging={"TagSet": [{"Key": "n", "Value": "9"}]})
    assert answer["VersionId"] == ids[0]
    for version, value in ((ids[0], "9"), (ids[1], "2")):
        told = s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=version)
        assert (told["VersionId"], told["TagSet"]) == (version, [{"Key": "n", "Value": value}])
    s3.delete_object_tagging(Bucket=versioned, Key="k", VersionId=ids[0])
    assert s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=ids[0])["TagSet"] == []
    s3.delete_object(Bucket=versioned, Key="k")
    for call, method in ((lambda: s3.get_object_tagging(Bucket=versioned, Key="k"), "GET"),
                         (lambda: s3.put_object_tagging(Bucket=versioned, Key="k",
                                                        Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}), "PUT"),
                         (lambda: s3.delete_object_tagging(Bucket=versioned, Key="k"), "DELETE")):
        with refused("MethodNotAllowed", 405) as error:
            call()
        assert (error.response["Error"]["Method"], error.response["Error"]["ResourceType"]) == (method, "DeleteMarker")


def pages(s3, bucket, size, **parameters):
    """Every version and marker, page by page, as (key, id, latest); and the groups."""
    found, groups, markers = [], [], {}
    while True:
        page = s3.list_object_versions(Bucket=bucket, MaxKeys=size, **parameters, **markers)
        entries = [(v["Key"], v["VersionId"], v["IsLatest"]) for v in page.get("Versions", []) + page.get("DeleteMarkers", [])]
        assert len(entries) + len(page.get("CommonPrefixes", [])) <= size
        found += entries
        groups += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        if not page["IsTruncated"]:
            return found, groups
        markers = {"KeyMarker": page["NextKeyMarker"]}
        if "NextVersionIdMarker" in page:
            markers["VersionIdMarker"] = page["NextVersionIdMarker"]


def test_paging(s3, versioned, put, refused):
    for round_ in range(3):
        for key in ("a", "b/1", "b/2", "c"):
            put(versioned, key, bytes([round_]))
    s3.delete_object(Bucket=versioned, Key="a")
    s3.delete_object(Bucket=versioned, Key="c")
    put(versioned, "c", b"back")
    whole, _ = pages(s3, versioned, 1000)
    assert len(whole) == 15 and sum(latest for *_, latest in whole) == 4
    for size in (1, 2, 4, 7):
        found, _ = pages(s3, versioned, size)
        assert sorted(found) == sorted(whole)
    for size in (1, 3, 1000):
        found, groups = pages(s3, versioned, size, Delimiter="/")
        assert groups == ["b/"] and sorted(found) == sorted(v for v in whole if not v[0].startswith("b/"))
    assert {v[0] for v in pages(s3, versioned, 2, Prefix="b/")[0]} == {"b/1", "b/2"}
    # A marker of a key alone stands for all of its versions; one whose version has gone still has its place.
    assert {v["Key"] for v in s3.list_object_versions(Bucket=versioned, KeyMarker="b/2")["Versions"]} == {"c"}
    ids = [v["VersionId"] for v in s3.list_object_versions(Bucket=versioned, Prefix="b/1")["Versions"]]
    s3.delete_object(Bucket=versioned, Key="b/1", VersionId=ids[0])
    rest = s3.list_object_versions(Bucket=versioned, Prefix="b/1", KeyMarker="b/1", VersionIdMarker=ids[0])["Versions"]
    assert [(v["VersionId"], v["IsLatest"]) for v in rest] == [(ids[1], True), (ids[2], False)]
    for parameters in ({"VersionIdMarker": ids[1]}, {"KeyMarker": "b/1", "VersionIdMarker": "abc"}):
        with refused("InvalidArgument", 400):
            s3.list_object_versions(Bucket=versioned, **parameters)


def test_a_bucket_with_versions_is_not_empty(s3, versioned, put, refused):
    version = put(versioned, "k", b"x")["VersionId"]
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    for id_ in (version, marker):
        with refused("BucketNotEmpty", 409) as error:
            s3.delete_bucket(Bucket=versioned)
        assert error.response["Error"]["Message"].endswith("You must delete all versions in the bucket.")
        s3.delete_object(Bucket=versioned, Key="k", VersionId=id_)
    s3.delete_bucket(Bucket=versioned)


def test_rights_of_versions(server, client, user, s3, versioned, put, refused):
    version = put(versioned, "k", b"x")["VersionId"]
    allow = lambda *actions: client("s3", credentials=user({"Version": "2012-10-17", "Statement": [  # noqa: E731
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))
    plain = allow("s3:GetObject", "s3:DeleteObject", "s3:GetObjectTagging", "s3:ListBucket")
    for call in (plain.get_object, plain.delete_object, plain.get_object_tagging):
        with refused("AccessDenied", 403):
            call(Bucket=versioned, Key="k", VersionId=version)
    with refused("AccessDenied", 403):
        plain.list_object_versions(Bucket=versioned)
    assert plain.get_object(Bucket=versioned, Key="k")["VersionId"] == version
    by_version = allow("s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:ListBucketVersions")
    assert by_version.get_object(Bucket=versioned, Key="k", VersionId=version)["Body"].read() == b"x"
    assert by_version.list_object_versions(Bucket=versioned)["Versions"]
    by_version.delete_object(Bucket=versioned, Key="k", VersionId=version)


def test_notifications_name_versions(server, client, s3, versioned, put, new_name):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=new_name("versions"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    s3.put_bucket_notification_configuration(Bucket=versioned, NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]})
    version = put(versioned, "k", b"x")["VersionId"]
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    s3.delete_object(Bucket=versioned, Key="k", VersionId=version)
    told = []
    while len(told) < 3:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)["Messages"]:
            for record in json.loads(message["Body"]).get("Records", []):
                told.append((record["s3"]["object"]["sequencer"], record["eventName"], record["s3"]["object"]["versionId"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert [t[1:] for t in sorted(told)] == [
        ("ObjectCreated:Put", version), ("ObjectRemoved:DeleteMarkerCreated", marker), ("ObjectRemoved:Delete", version)]
