"""Which error, in which words: what clients compare. Each was seen in an answer of AWS's."""
import datetime
import hashlib
import json

import pytest

UTC = datetime.timezone.utc


@pytest.fixture
def etag(put, bucket):
    return put(bucket, "k", b"abc")["ETag"]


def test_dates_that_are_to_come_count_as_none(s3, bucket, etag, body_of):
    later = datetime.datetime.now(UTC) + datetime.timedelta(days=1)
    assert body_of(bucket, "k", IfModifiedSince=later) == b"abc"
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", CopySourceIfModifiedSince=later)


def test_conditions_of_copies_are_named(s3, bucket, etag, refused):
    past = datetime.datetime(2000, 1, 1, tzinfo=UTC)
    for parameters, name in (({"CopySourceIfMatch": "x"}, "If-Match"), ({"CopySourceIfNoneMatch": etag.strip('"')}, "If-None-Match"),
                             ({"CopySourceIfUnmodifiedSince": past}, "If-Unmodified-Since"),
                             ({"CopySourceIfModifiedSince": datetime.datetime.now(UTC)}, "If-Modified-Since")):
        with refused("PreconditionFailed", 412) as error:
            s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", **parameters)
        assert error.response["Error"]["Condition"] == f"x-amz-copy-source-{name}"


def test_conditions_that_a_write_does_not_take(put, bucket, etag, refused):
    for parameters, header in (({"IfNoneMatch": etag}, "If-None-Match"), ({"IfMatch": "*"}, "If-Match"),
                               ({"IfMatch": etag, "IfNoneMatch": "*"}, "If-Match,If-None-Match")):
        with refused("NotImplemented", 501) as error:
            put(bucket, "k", b"x", **parameters)
        assert error.response["Error"]["Message"] == "A header you provided implies functionality that is not implemented"
        assert error.response["Error"]["Header"] == header and error.response["Error"]["additionalMessage"]
    with refused("NoSuchKey", 404) as error:
        put(bucket, "none", b"x", IfMatch=etag)
    assert error.response["Error"]["Key"] == "none"


def test_values_that_are_none(s3, put, bucket, etag, refused):
    for call, message, argument in (
            (lambda: s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", MetadataDirective="X"),
             "Unknown metadata directive.", "x-amz-metadata-directive"),
            (lambda: s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", TaggingDirective="X"),
             "Unknown tagging directive.", "x-amz-tagging-directive"),
            (lambda: s3.copy_object(Bucket=bucket, Key="c", CopySource=bucket),
             "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", "x-amz-copy-source"),
            (lambda: put(bucket, "c", b"", ServerSideEncryption="DES"), "The encryption method specified is not supported",
             "x-amz-server-side-encryption"),
            *((lambda call=call, value=value: call(Bucket=bucket, EncodingType=value), "Invalid Encoding Method specified in Request",
               "encoding-type") for call in (s3.list_objects, s3.list_objects_v2, s3.list_object_versions, s3.list_multipart_uploads)
              for value in ("value", ""))):
        with refused("InvalidArgument", 400) as error:
            call()
        assert (error.response["Error"]["Message"], error.response["Error"]["ArgumentName"]) == (message, argument)


def test_tags_of_the_system(s3, bucket, etag, refused):
    tagging = {"TagSet": [{"Key": "aws:x", "Value": "v"}]}
    for call, message in ((lambda: s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=tagging),
                           "Your TagKey cannot be prefixed with aws:"),
                          (lambda: s3.put_bucket_tagging(Bucket=bucket, Tagging=tagging),
                           "System tags cannot be added/updated by requester")):
        with refused("InvalidTag", 400) as error:
            call()
        assert error.response["Error"]["Message"] == message


def test_a_document_that_is_not_of_the_schema(s3, bucket, refused):
    with refused("MalformedXML", 400) as error:
        s3.delete_objects(Bucket=bucket, Delete={"Objects": []})
    assert error.response["Error"]["Message"] == "The XML you provided was not well-formed or did not validate against our published schema"


def test_an_empty_delimiter_is_none(s3, put, bucket):
    put(bucket, "a/b")
    for call in (s3.list_objects, s3.list_objects_v2, s3.list_object_versions, s3.list_multipart_uploads):
        assert "Delimiter" not in call(Bucket=bucket, Delimiter="")


def test_markers_of_uploads(s3, bucket, refused):
    answer = s3.list_multipart_uploads(Bucket=bucket)
    assert (answer["NextKeyMarker"], answer["NextUploadIdMarker"]) == ("", "") and "Prefix" not in answer
    ids = {key: s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("a", "b")}
    answer = s3.list_multipart_uploads(Bucket=bucket)
    assert (answer["IsTruncated"], answer["NextKeyMarker"], answer["NextUploadIdMarker"]) == (False, "b", ids["b"])
    assert s3.list_multipart_uploads(Bucket=bucket, UploadIdMarker=ids["a"])["UploadIdMarker"] == ""
    with refused("InvalidArgument", 400) as error:
        s3.list_multipart_uploads(Bucket=bucket, KeyMarker="a", UploadIdMarker=ids["b"])
    assert error.response["Error"]["Message"] == "Invalid uploadId marker"


def test_parts_of_an_upload_without_an_algorithm(s3, bucket, refused):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    etag = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    part = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)["Parts"][0]
    assert set(part) == {"PartNumber", "LastModified", "ETag", "Size"}
    done = s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert done["ChecksumType"] == "FULL_OBJECT" and done["ChecksumCRC64NVME"]
    told = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts", "Checksum"])
    assert told["ObjectParts"] == {"TotalPartsCount": 1} and told["Checksum"]["ChecksumCRC64NVME"] == done["ChecksumCRC64NVME"]
    with refused("InvalidPartNumber", 416) as error:
        s3.get_object(Bucket=bucket, Key="k", PartNumber=3)
    assert (error.response["Error"]["PartNumberRequested"], error.response["Error"]["ActualPartCount"]) == ("3", "1")
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == f'"{hashlib.md5(hashlib.md5(b"x").digest()).hexdigest()}-1"'


def test_parts_that_are_none(s3, bucket, refused):
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    etags = [s3.upload_part(**upload, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    for given, code, message in (({}, "InvalidRequest", "You must specify at least one part"),
                                 ({"MultipartUpload": {"Parts": []}}, "MalformedXML", "not well-formed"),
                                 ({"MultipartUpload": {"Parts": parts[::-1]}}, "InvalidPartOrder",
                                  "The list of parts was not in ascending order. Parts must be ordered by part number.")):
        with refused(code, 400) as error:
            s3.complete_multipart_upload(**upload, **given)
        assert message in error.response["Error"]["Message"]


def test_deletes_with_a_condition(s3, put, bucket, etag, refused, user_client, allow):
    with refused("PreconditionFailed", 412) as error:
        s3.delete_object(Bucket=bucket, Key="k", IfMatch='"x"')
    assert error.response["Error"]["Condition"] == "If-Match"
    for condition in (etag, "*"):
        with refused("NoSuchKey", 404):
            s3.delete_object(Bucket=bucket, Key="none", IfMatch=condition)
    deleter = user_client("s3", allow("s3:DeleteObject"))
    with refused("AccessDenied", 403):  # comparing takes the right to read
        deleter.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    deleter.delete_object(Bucket=bucket, Key="k", IfMatch="*")
    put(bucket, "k", b"abc")
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="k")


def test_who_asks_unsigned_is_not_told_why(s3, raw, bucket, put, open_bucket):
    for method, path in (("GET", f"/{bucket}"), ("GET", f"/{bucket}/k"), ("PUT", f"/{bucket}/k")):
        status, _, body = raw(method, path, sign=False)
        assert status == 403 and b"<Code>AccessDenied</Code><Message>Access Denied</Message>" in body
    name = open_bucket()
    put(name, "k")
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{name}"}}))
    status, _, body = raw("GET", f"/{name}", sign=False)
    assert status == 200 and b"<Key>k</Key>" in body and b"Owner" not in body


def test_a_body_of_no_length_is_not_an_empty_one(server, raw, bucket, s3, refused):
    """A PUT that tells no length would else overwrite what is there with nothing."""
    import http.client
    import urllib.parse
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    link = urllib.parse.urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}))
    connection = http.client.HTTPConnection(link.hostname, link.port, timeout=30)
    connection.putrequest("PUT", f"{link.path}?{link.query}")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 411 and b"<Code>MissingContentLength</Code>" in answer.read()
    connection.close()
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"


def test_posts_that_are_no_forms(raw, bucket):
    status, _, body = raw("POST", f"/{bucket}", b"x")
    assert status == 412 and b"Bucket POST must be of the enclosure-type multipart/form-data" in body
    status, _, body = raw("POST", f"/{bucket}?delete", b"<a>", {"Content-MD5": "1jy6qw=="})
    assert status == 400
    status, _, body = raw("PUT", f"/{bucket}?tagging", b"<a")
    assert b"<Message>The XML you provided was not well-formed or did not validate against our published schema</Message>" in body
    assert b"<Detail>" in body
