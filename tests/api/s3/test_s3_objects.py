"""Why: bytes, headers and metadata must come back as they went in, whatever the key and whichever part is asked for."""
import datetime
import io
import random

import pytest

ODD_KEYS = [
    "../../x", "..", ".", "a/../b", "/leading", "trailing/", "a//b", "//", " ", "  x  ", "a b", "a+b", "a%20b", "100%", "%", "%zz", "a&b=c",
    "a?b", "a#b", "a;b:c@d,e", "ü/ß/漢字/🙂", "\u00e9", "e\u0301", "'\"<>\\^`{}|~", "*?[x]", "tab\there", "new\nline",
    "x" * 1024, "漢" * 341,
    "a=b", "$HOME", "a/./b", "?versionId=1", "~", "-", "0", "index.html", "\u200b", "\ufeff", "CON", "a" * 255 + "/" + "b" * 255,
]


@pytest.mark.parametrize("key", ODD_KEYS, ids=lambda k: repr(k)[:24])
def test_odd_keys(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(key.encode())
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy of it", CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key="copy of it")["Body"].read() == key.encode()
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})["Deleted"] == [{"Key": key}]
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["copy of it"]


def test_random_keys(s3, bucket):
    """Any text of up to 1,024 bytes but for the characters that XML 1.0 cannot say, which encoding-type=url lists nevertheless."""
    from hypothesis import HealthCheck, given, settings, strategies

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategies.text(strategies.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
    def round_trip(key):
        if len(key.encode()) > 1024:
            return
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
        assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
        s3.delete_object(Bucket=bucket, Key=key)

    round_trip()


def test_keys_too_long(s3, bucket, refused):
    for key in ("x" * 1025, "漢" * 342):
        with refused("KeyTooLongError", 400):
            s3.put_object(Bucket=bucket, Key=key, Body=b"")


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 5_000_001])
def test_bodies_of_all_sizes(s3, bucket, size):
    body = random.Random(size).randbytes(size)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    answer = s3.get_object(Bucket=bucket, Key="k")
    assert answer["ContentLength"] == size
    assert answer["Body"].read() == body
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Size"] == size


def test_a_body_of_unknown_length(s3, bucket):
    """A stream that cannot be rewound goes as aws-chunked with a trailer, or is read before: either way it arrives whole."""

    class Stream(io.RawIOBase):
        def __init__(self):
            self.left = 300_000

        def readable(self):
            return True

        def read(self, n=-1):
            n = self.left if n < 0 else min(n, self.left)
            self.left -= n
            return b"s" * n

    s3.upload_fileobj(Stream(), bucket, "k")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"s" * 300_000


def test_headers_and_metadata_come_back(s3, bucket):
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    given = {"CacheControl": "max-age=5", "ContentDisposition": 'attachment; filename="a b"', "ContentEncoding": "gzip",
             "ContentLanguage": "de", "ContentType": "text/csv; charset=utf-8", "Metadata": {"Mixed-Case": "v", "two": "a, b"},
             "StorageClass": "STANDARD_IA", "WebsiteRedirectLocation": "/elsewhere"}
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Expires=expires, **given)
    for answer in (s3.get_object(Bucket=bucket, Key="k"), s3.head_object(Bucket=bucket, Key="k")):
        for name, value in given.items():
            assert answer[name] == ({k.lower(): v for k, v in value.items()} if name == "Metadata" else value), name
        assert answer["ExpiresString"] == "Wed, 02 Jan 2030 03:04:05 GMT"
        assert answer["AcceptRanges"] == "bytes"
        assert answer["ServerSideEncryption"] == "AES256"
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    answer = s3.head_object(Bucket=bucket, Key="k")
    assert answer["ContentType"] == "binary/octet-stream"
    assert answer["Metadata"] == {}
    assert "StorageClass" not in answer


def test_chunked_is_no_content_encoding(s3, bucket, raw):
    """How a body travelled is not stored: AWS keeps what stands beside aws-chunked."""
    body = b"5\r\nhello\r\n0\r\n\r\n"
    headers = {"Content-Encoding": "aws-chunked,gzip", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
               "x-amz-decoded-content-length": "5"}
    assert raw("PUT", f"/{bucket}/k", body=body, headers=headers)[0] == 200
    answer = s3.get_object(Bucket=bucket, Key="k")
    assert (answer["Body"].read(), answer["ContentEncoding"]) == (b"hello", "gzip")


def test_metadata_has_a_limit(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Metadata={"a": "x" * 2047})
    with refused("MetadataTooLarge", 400):
        s3.put_object(Bucket=bucket, Key="k", Metadata={"a": "x" * 2048})


RANGES = [  # header, offset, length of 1,000 bytes; None: not satisfiable; "all": ignored
    ("bytes=0-0", 0, 1), ("bytes=0-999", 0, 1000), ("bytes=0-", 0, 1000), ("bytes=999-", 999, 1), ("bytes=500-2000", 500, 500),
    ("bytes=-1", 999, 1), ("bytes=-1000", 0, 1000), ("bytes=-5000", 0, 1000), ("bytes=10-19", 10, 10),
    ("bytes=1000-", None, None), ("bytes=1000-1001", None, None), ("bytes=-0", None, None),
    ("bytes=5-4", "all", None), ("bytes=a-b", "all", None), ("bytes=0-1,4-5", "all", None), ("items=0-1", "all", None),
]


@pytest.mark.parametrize("header,offset,length", RANGES)
def test_ranges(s3, bucket, refused, header, offset, length):
    body = random.Random(7).randbytes(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    if offset is None:
        with refused("InvalidRange", 416) as error:
            s3.get_object(Bucket=bucket, Key="k", Range=header)
        assert error.response["Error"]["ActualObjectSize"] == "1000"
        return
    answer = s3.get_object(Bucket=bucket, Key="k", Range=header)
    head = s3.head_object(Bucket=bucket, Key="k", Range=header)
    if offset == "all":
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert answer["Body"].read() == body and "ContentRange" not in answer
        return
    assert answer["Body"].read() == body[offset:offset + length]
    for told in (answer, head):
        assert told["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert told["ContentRange"] == f"bytes {offset}-{offset + length - 1}/1000"
        assert told["ContentLength"] == length


def test_ranges_of_large_objects(s3, bucket):
    body = random.Random(3).randbytes(3_300_000)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    for first, last in ((0, 0), (1 << 20, (1 << 20) + 5), (1_000_000, 2_200_000), (3_299_999, 3_299_999), ((1 << 21) - 1, 1 << 21)):
        got = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={first}-{last}")["Body"].read()
        assert got == body[first:last + 1], (first, last)
    with pytest.raises(Exception, match="InvalidRange"):
        s3.put_object(Bucket=bucket, Key="empty", Body=b"")
        s3.get_object(Bucket=bucket, Key="empty", Range="bytes=0-")


def test_conditional_reads(s3, bucket, refused):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    before, after = modified - datetime.timedelta(seconds=1), modified + datetime.timedelta(seconds=1)
    good = [{"IfMatch": etag}, {"IfMatch": "*"}, {"IfNoneMatch": '"other"'}, {"IfModifiedSince": before},
            {"IfUnmodifiedSince": modified}, {"IfMatch": etag, "IfUnmodifiedSince": before},
            {"IfNoneMatch": '"other"', "IfModifiedSince": after}]
    for conditions in good:
        assert s3.get_object(Bucket=bucket, Key="k", **conditions)["Body"].read() == b"x", conditions
    for conditions in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": before}):
        with refused("PreconditionFailed", 412):
            s3.get_object(Bucket=bucket, Key="k", **conditions)
        with refused("412", 412):
            s3.head_object(Bucket=bucket, Key="k", **conditions)
    for conditions in ({"IfNoneMatch": etag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": modified}):
        for call in (s3.get_object, s3.head_object):
            with refused("304", 304) as error:
                call(Bucket=bucket, Key="k", **conditions)
            assert error.response["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag


def test_conditional_writes(s3, bucket, refused):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)["ETag"]
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch='"other"')
    with refused("NoSuchKey", 404):
        s3.put_object(Bucket=bucket, Key="none", Body=b"3", IfMatch=etag)
    with refused("NotImplemented", 501):
        s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfNoneMatch='"x"')
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    with refused("PreconditionFailed", 412):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch='"other"')
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)


def test_one_of_many_conditional_writers_wins(server, bucket):
    """If-None-Match is a lock for many a program: of those that ask at once exactly one may get it."""
    import concurrent.futures
    boto = server.client("s3")

    def attempt(i):
        try:
            boto.put_object(Bucket=bucket, Key="lock", Body=str(i).encode(), IfNoneMatch="*")
            return i
        except boto.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "SlowDown")
            return None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        winners = [i for i in pool.map(attempt, range(16)) if i is not None]
    assert len(winners) == 1
    assert boto.get_object(Bucket=bucket, Key="lock")["Body"].read() == str(winners[0]).encode()


def test_response_overrides(s3, bucket, raw):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    answer = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="image/png", ResponseCacheControl="no-store",
                           ResponseContentDisposition="inline", ResponseContentEncoding="br", ResponseContentLanguage="fr",
                           ResponseExpires=datetime.datetime(2031, 1, 1))
    assert [answer[n] for n in ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")] == [
        "image/png", "no-store", "inline", "br", "fr"]
    assert answer["ExpiresString"] == "Wed, 01 Jan 2031 00:00:00 GMT"


def test_versions_without_versioning(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"x"
    for call in (s3.get_object, s3.delete_object, s3.get_object_tagging):
        with refused("InvalidArgument", 400) as error:  # an id that S3 never made
            call(Bucket=bucket, Key="k", VersionId="HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD")
        assert error.response["Error"]["Message"] == "Invalid version id specified"
        assert error.response["Error"]["ArgumentName"] == "versionId"
    many = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"}]})
    assert [e["Code"] for e in many["Errors"]] == ["NoSuchVersion"]
    version = s3.list_object_versions(Bucket=bucket)["Versions"][0]
    assert (version["Key"], version["VersionId"], version["IsLatest"]) == ("k", "null", True)
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def test_what_is_not_there(s3, bucket, refused):
    with refused("NoSuchKey", 404) as error:
        s3.get_object(Bucket=bucket, Key="none/such")
    assert error.response["Error"]["Key"] == "none/such"
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="none")
    assert s3.delete_object(Bucket=bucket, Key="none")["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("NoSuchKey", 404):
        s3.get_object_attributes(Bucket=bucket, Key="none", ObjectAttributes=["ETag"])


def test_deleting_many(s3, bucket, refused):
    keys = [f"k{i:04}" for i in range(1000)]
    for key in keys[:5]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in keys]})
    assert [d["Key"] for d in answer["Deleted"]] == keys and "Errors" not in answer
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}], "Quiet": True})
    assert "Deleted" not in answer
    with refused("MalformedXML", 400):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in keys + ["one more"]]})
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a", "VersionId": "x"}, {"Key": "b", "VersionId": "null"}]})
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("a", "NoSuchVersion")]
    assert [d["Key"] for d in answer["Deleted"]] == ["b"]


def test_attributes(s3, bucket):
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    wanted = ["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"]
    told = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=wanted)
    assert told["ETag"] == put["ETag"].strip('"')
    assert told["ObjectSize"] == 5
    assert told["StorageClass"] == "STANDARD"
    assert told["Checksum"] == {"ChecksumSHA256": put["ChecksumSHA256"], "ChecksumType": "FULL_OBJECT"}
    assert "ObjectParts" not in told


def test_overwriting_under_readers(server, bucket):
    """Whoever reads while an object is written sees one of its versions whole, never a mixture."""
    import concurrent.futures
    boto = server.client("s3")
    bodies = [bytes([65 + i]) * (200_000 + i) for i in range(6)]
    boto.put_object(Bucket=bucket, Key="k", Body=bodies[0])

    def work(i):
        if i % 3 == 0:
            boto.put_object(Bucket=bucket, Key="k", Body=bodies[i % 6])
            return True
        return boto.get_object(Bucket=bucket, Key="k")["Body"].read() in bodies

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(60)))


def test_an_objects_acl(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    acl = s3.get_object_acl(Bucket=bucket, Key="k")
    assert [(g["Grantee"]["ID"], g["Permission"]) for g in acl["Grants"]] == [(acl["Owner"]["ID"], "FULL_CONTROL")]
    with refused("NoSuchKey", 404):
        s3.get_object_acl(Bucket=bucket, Key="none")


def test_what_is_refused_is_refused_before_the_body(server, s3, bucket):
    """A client that waits for 100-continue is told on its head that it need not send gigabytes."""
    import socket
    import urllib.parse

    from botocore.config import Config
    signer = server.client("s3", config=Config(signature_version="s3v4"))
    for parameters, code in (({"Key": "k", "ServerSideEncryption": "aws:kms"}, b"NotImplemented"),
                             ({"Key": "x" * 1025}, b"KeyTooLongError"),
                             ({"Key": "k", "Tagging": "a=1&a=2"}, b"InvalidArgument")):
        url = urllib.parse.urlsplit(signer.generate_presigned_url("put_object", {"Bucket": bucket, **parameters}))
        extra = {"ServerSideEncryption": "x-amz-server-side-encryption", "Tagging": "x-amz-tagging"}
        headers = "".join(f"{extra[k]}: {v}\r\n" for k, v in parameters.items() if k in extra)
        with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
            connection.sendall((f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 5000000000\r\n"
                                f"Expect: 100-continue\r\n{headers}\r\n").encode())
            answer = b""
            while b"</Error>" not in answer:
                got = connection.recv(65536)
                assert got, answer
                answer += got
            assert b"100 Continue" not in answer and b"<Code>" + code in answer
