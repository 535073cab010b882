"""Why: presigned URLs and signatures are the only thing between the network and the data."""
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.config import Config

V4 = Config(signature_version="s3v4")  # boto3's default for presigned URLs in us-east-1 is the older form


@pytest.fixture(scope="module")
def presigner(server):
    return server.client("s3", config=V4)


def fetch(url, method="GET", data=None, headers=None):
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


@pytest.mark.parametrize("config", [V4, Config()], ids=["v4", "default"])
@pytest.mark.parametrize("key", ["k", "a b/ü+%/c", "x//y", "../up", "q?a=b&c#d"])
def test_presigned_get_and_put(server, bucket, key, config):
    presigner = server.client("s3", config=config)
    url = presigner.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key})
    # The older form signs the content type; urllib would put one of its own there.
    assert fetch(url, "PUT", b"body of " + key.encode(), {"Content-Type": ""})[0] == 200
    url = presigner.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key, "ResponseContentType": "x/y"})
    status, body, headers = fetch(url)
    assert (status, body, headers["Content-Type"]) == (200, b"body of " + key.encode(), "x/y")
    url = presigner.generate_presigned_url("head_object", {"Bucket": bucket, "Key": key})
    assert fetch(url, "HEAD")[0] == 200
    url = presigner.generate_presigned_url("delete_object", {"Bucket": bucket, "Key": key})
    assert fetch(url, "DELETE")[0] == 204


def test_a_presigned_url_is_for_what_it_says(s3, bucket, presigner):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.put_object(Bucket=bucket, Key="other", Body=b"y")
    url = presigner.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    parts = urllib.parse.urlsplit(url)
    for tampered, method in ((url.replace("/k?", "/other?"), "GET"), (url, "DELETE"), (url + "&versionId=null", "GET"),
                             (parts._replace(query=parts.query[:-1] + ("0" if parts.query[-1] != "0" else "1")).geturl(), "GET")):
        status, body, _ = fetch(tampered, method)
        assert status == 403 and b"SignatureDoesNotMatch" in body, tampered


def test_a_presigned_url_expires(s3, bucket, monkeypatch, presigner):
    import datetime

    import botocore.auth
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    past = datetime.datetime.fromtimestamp(time.time() - 3600, datetime.timezone.utc).replace(tzinfo=None)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: past)
    url = presigner.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=600)
    status, body, _ = fetch(url)
    assert status == 403 and b"Request has expired" in body
    url = presigner.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=7200)
    assert fetch(url)[0] == 200


def test_a_presigned_url_has_its_signers_rights(user_client, allow, bucket, s3, presigner):
    s3.put_object(Bucket=bucket, Key="mine", Body=b"x")
    s3.put_object(Bucket=bucket, Key="theirs", Body=b"x")
    reader = user_client("s3", allow("s3:GetObject", f"arn:aws:s3:::{bucket}/mine"), config=V4)
    assert fetch(reader.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "mine"}))[0] == 200
    status, body, _ = fetch(reader.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "theirs"}))
    assert status == 403 and b"<Code>AccessDenied</Code>" in body


def test_wrong_secret_and_unknown_key(server, bucket, refused):
    env = server.environment()
    good = {"AccessKeyId": env["AWS_ACCESS_KEY_ID"], "SecretAccessKey": env["AWS_SECRET_ACCESS_KEY"]}
    with refused("SignatureDoesNotMatch", 403):
        server.client("s3", credentials={**good, "SecretAccessKey": "wrong"}).list_objects_v2(Bucket=bucket)
    with refused("InvalidAccessKeyId", 403) as error:
        server.client("s3", credentials={**good, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}).list_objects_v2(Bucket=bucket)
    assert error.response["Error"]["AWSAccessKeyId"] == "AKIAIOSFODNN7EXAMPLE"
    for size in (5, 300_000):  # refused before and while its body comes in
        with refused("SignatureDoesNotMatch", 403):
            server.client("s3", credentials={**good, "SecretAccessKey": "wrong"}).put_object(Bucket=bucket, Key="k", Body=b"x" * size)
    assert "Contents" not in server.client("s3").list_objects_v2(Bucket=bucket)


def test_a_body_other_than_the_signed_one(raw, bucket, s3):
    import hashlib
    for size in (10, 300_000):
        headers = {"x-amz-content-sha256": hashlib.sha256(b"another body").hexdigest()}
        status, _, body = raw("PUT", f"/{bucket}/k", body=b"x" * size, headers=headers)
        assert status == 400 and b"<Code>XAmzContentSHA256Mismatch</Code>" in body
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_body_cut_short(server, bucket, s3, presigner):
    import socket
    url = urllib.parse.urlsplit(presigner.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"}))
    for announced in (100, 1_000_000):
        with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
            head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {announced}\r\n\r\n"
            connection.sendall(head.encode() + b"only this")
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 400") or answer == b""
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
