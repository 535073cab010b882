"""What no client library would send. Each gets the error that AWS gives it, in bounded time, with a request id that stands in
the server's log; and the server answers the next one as if nothing had been."""
import json
import re
import resource
import socket
import threading
import time
import urllib.parse

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.server import Server

pytestmark = pytest.mark.own_server
LIMIT_SECONDS = 5


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Its log is looked at, so it is not the shared one."""
    with Server(tmp_path_factory.mktemp("bad") / "data") as server:
        server.client("s3").create_bucket(Bucket="bad")
        yield server
        assert server.process.poll() is None, "the server ended:\n" + "\n".join(server.output[-40:])


def address(server):
    return urllib.parse.urlsplit(server.endpoint).hostname, urllib.parse.urlsplit(server.endpoint).port


def exchange(server, raw, half_close=False):
    """Sends bytes, and gives status, headers and body of what comes back; (None, {}, b"") when the connection just ends."""
    with socket.create_connection(address(server), timeout=LIMIT_SECONDS) as wire:
        try:
            wire.sendall(raw)
            if half_close:
                wire.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough: the answer is there already
        got = b""
        while True:
            try:
                piece = wire.recv(65536)
            except ConnectionResetError:
                piece = b""
            got += piece
            head, found, body = got.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head) if found else None
            if not piece or (length and len(body) >= int(length[1])):
                break
    if not found:
        return None, {}, got
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


class DeclaredAuth(S3SigV4Auth):
    """Signs for S3 with the payload hash that the headers declare, where they do."""

    def payload(self, request):
        return self.declared or super().payload(request)


def signed(server, service, method="POST", target="/", headers=None, body=b"", declared=None, secret=None, key=None, late=None):
    """A request's bytes, rightly signed. `declared` is another Content-Length, `late` headers that are not signed."""
    entry = server.accounts()[0]
    credentials = Credentials(key or entry["access_key_id"], secret or entry["secret_access_key"])
    request = AWSRequest(method, server.endpoint + target, headers=dict(headers or {}), data=body)
    auth = (DeclaredAuth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1")
    auth.declared = request.headers.get("x-amz-content-sha256")
    auth.add_auth(request)
    fields = {"Host": server.endpoint.removeprefix("http://"), **dict(request.headers.items()), **(late or {})}
    if declared is not None or not any(name.lower() == "transfer-encoding" for name in fields):
        fields["Content-Length"] = str(len(body) if declared is None else declared)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def glue(server, operation, body, **more):
    headers = {"X-Amz-Target": f"AWSGlue.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    return signed(server, "glue", headers=headers, body=body, **more)


def iam(server, body, **more):
    return signed(server, "iam", headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body=body, **more)


def s3(server, method, target, **more):
    return signed(server, "s3", method, target, **more)


def error_code(headers, body):
    """The code as the protocol of the answer says it."""
    if match := re.search(rb"<Code>([^<]*)</Code>", body):
        return match[1].decode()
    if headers.get("x-amzn-errortype"):
        return headers["x-amzn-errortype"].split(":")[0].split("#")[-1]
    try:
        return json.loads(body).get("__type", "").split("#")[-1]
    except ValueError:
        return ""


def nested(depth):
    return b'{"Name":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)


ENTITIES = (b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
            b'<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&b;&x;</Key></Object></Delete>')
CHUNKS = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "content-encoding": "aws-chunked",
          "x-amz-decoded-content-length": "5", "x-amz-trailer": "x-amz-checksum-crc32"}

# name: (the bytes, given the server; status; code). A code of None: the answer is HTTP's, before there is a service.
CASES = {
    # --- who asks
    "s3, wrong signature": (lambda s: s3(s, "GET", "/bad", secret="wrong"), 403, "SignatureDoesNotMatch"),
    "query, wrong signature": (lambda s: iam(s, b"Action=ListUsers&Version=2010-05-08", secret="wrong"), 403, "SignatureDoesNotMatch"),
    "json, wrong signature": (lambda s: glue(s, "GetDatabases", b"{}", secret="wrong"), 400, "InvalidSignatureException"),
    "s3, unknown key": (lambda s: s3(s, "GET", "/bad", key="AKIANOBODY"), 403, "InvalidAccessKeyId"),
    "query, unknown key": (lambda s: iam(s, b"Action=ListUsers&Version=2010-05-08", key="AKIANOBODY"), 403, "InvalidClientTokenId"),
    "json, unknown key": (lambda s: glue(s, "GetDatabases", b"{}", key="AKIANOBODY"), 400, "UnrecognizedClientException"),
    "s3, body not the signed one": (
        lambda s: s3(s, "PUT", "/bad/k", body=b"abc").replace(b"\r\n\r\nabc", b"\r\n\r\nabd"), 400, "XAmzContentSHA256Mismatch"),
    # --- for what
    "query, unknown operation": (lambda s: iam(s, b"Action=Nonsense&Version=2010-05-08"), 400, "InvalidAction"),
    "query, no operation": (lambda s: iam(s, b"Version=2010-05-08"), 400, "MissingAction"),
    "json, unknown operation": (lambda s: glue(s, "Nonsense", b"{}"), 400, "UnknownOperationException"),
    "s3, unknown method": (lambda s: s3(s, "BREW", "/bad"), 405, "MethodNotAllowed"),
    # --- members
    "json, missing member": (lambda s: glue(s, "GetDatabase", b"{}"), 400, "ValidationException"),
    "json, member of another type": (lambda s: glue(s, "GetDatabase", b'{"Name": {"a": 1}}'), 400, "SerializationException"),
    "json, no JSON": (lambda s: glue(s, "GetDatabase", b'{"Name": '), 400, "SerializationException"),
    "json, not UTF-8": (lambda s: glue(s, "GetDatabase", b'{"Name": "\xff\xfe"}'), 400, "SerializationException"),
    "json, 100,000 deep": (lambda s: glue(s, "GetDatabase", nested(100_000)), 400, "SerializationException"),
    "json, 100,000 lists deep": (lambda s: glue(s, "GetDatabase", b"[" * 100_000), 400, "SerializationException"),
    "json, a number beyond all": (lambda s: glue(s, "GetDatabases", b'{"MaxResults": 1e999999}'), 400, "SerializationException"),
    "query, missing member": (lambda s: iam(s, b"Action=GetRole&Version=2010-05-08"), 400, "ValidationError"),
    "query, member of another type": (
        lambda s: iam(s, b"Action=ListUsers&Version=2010-05-08&MaxItems=many"), 400, "MalformedInput"),
    "query, list index beyond all": (
        lambda s: iam(s, b"Action=TagUser&Version=2010-05-08&UserName=a&Tags.member.99999999999.Key=a"), 400, None),
    "xml, no XML": (lambda s: s3(s, "POST", "/bad?delete", body=b"<Delete><Object>"), 400, "MalformedXML"),
    "xml, entities": (lambda s: s3(s, "POST", "/bad?delete", body=ENTITIES), 400, "MalformedXML"),
    "xml, 100,000 deep": (lambda s: s3(s, "POST", "/bad?delete", body=b"<a>" * 100_000), 400, "MalformedXML"),
    "s3, query parameter of another type": (lambda s: s3(s, "GET", "/bad?max-keys=many"), 400, "InvalidArgument"),
    "s3, header of another type": (lambda s: s3(s, "PUT", "/bad/k", headers={"x-amz-acl": "everyone"}), 400, "InvalidArgument"),
    # --- keys
    "s3, key not UTF-8": (lambda s: s3(s, "GET", "/bad/%FF%FE"), 400, "InvalidURI"),
    "s3, key with NUL": (lambda s: s3(s, "GET", "/bad/a%00b"), 404, "NoSuchKey"),
    "s3, key too long": (lambda s: s3(s, "PUT", "/bad/" + "k" * 1025, body=b""), 400, "KeyTooLongError"),
    "s3, bucket with NUL": (lambda s: s3(s, "PUT", "/a%00b"), 400, "InvalidBucketName"),
    # --- bodies
    "s3, body cut short": (lambda s: s3(s, "PUT", "/bad/k", body=b"abc", declared=100), 400, "IncompleteBody"),
    "s3, long body cut short": (lambda s: s3(s, "PUT", "/bad/k", body=b"abc", declared=10_000_000), 400, "IncompleteBody"),
    "json, body cut short": (lambda s: glue(s, "GetDatabases", b"{}", declared=100), 400, "IncompleteBody"),
    "s3, body beyond what is possible": (
        lambda s: s3(s, "PUT", "/bad/k", body=b"abc", declared=10**18), 400, "EntityTooLarge"),
    "json, body beyond what is possible": (lambda s: glue(s, "GetDatabases", b"{}", declared=10**18), 400, None),
    "s3, aws-chunked garbage": (lambda s: s3(s, "PUT", "/bad/k", headers=CHUNKS, body=b"zz\r\nhello\r\n0\r\n\r\n"), 400, "InvalidRequest"),
    "s3, aws-chunked size beyond all": (
        lambda s: s3(s, "PUT", "/bad/k", headers=CHUNKS, body=b"ffffffffffffffff\r\nhello\r\n"), 400, None),
    "s3, aws-chunked, cut": (lambda s: s3(s, "PUT", "/bad/k", headers=CHUNKS, body=b"5\r\nhel"), 400, "IncompleteBody"),
    "http, chunked garbage": (
        lambda s: s3(s, "PUT", "/bad/k", late={"Transfer-Encoding": "chunked"}, body=b"zz\r\nhello\r\n0\r\n\r\n"), 400, None),
    "http, chunk size beyond all": (
        lambda s: s3(s, "PUT", "/bad/k", late={"Transfer-Encoding": "chunked"}, body=b"fffffffffffffffff\r\nhello\r\n"), 400, None),
    # --- heads
    "http, length and chunked": (
        lambda s: s3(s, "PUT", "/bad/k", late={"Transfer-Encoding": "chunked"}, body=b"0\r\n\r\n", declared=5), 400, None),
    "http, two lengths": (lambda s: b"PUT /bad/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, None),
    "http, negative length": (lambda s: b"PUT /bad/k HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\nab", 400, None),
    "http, length beyond all": (lambda s: b"PUT /bad/k HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400, None),
    "http, unknown coding": (lambda s: b"PUT /bad/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501, None),
    "http, head too large": (lambda s: b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 1_000_000 + b"\r\n\r\n", 431, None),
    "http, too many fields": (lambda s: b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-A: a\r\n" * 100_000 + b"\r\n", 431, None),
    "http, line without end": (lambda s: b"G" * 1_000_000, (400, 431), None),
    "http, field without colon": (lambda s: b"GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", 400, None),
    "http, no host": (lambda s: b"GET / HTTP/1.1\r\n\r\n", 400, None),
    "http, NUL in the path": (lambda s: b"GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n", 400, None),
    "http, NUL in a field": (lambda s: b"GET / HTTP/1.1\r\nHost: h\r\nX-A: a\0b\r\n\r\n", 400, None),
    "http 0.9": (lambda s: b"GET /\r\n\r\n", 400, None),
    "http 2": (lambda s: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505), None),
    "tls": (lambda s: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, 400, None),
    "noise": (lambda s: bytes(range(256)) * 40, 400, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_gets_its_error_and_the_server_goes_on(own, name):
    make, wanted, code = CASES[name]
    raw = make(own)
    started = time.monotonic()
    status, headers, body = exchange(own, raw, half_close="cut" in name)
    assert time.monotonic() - started < LIMIT_SECONDS
    assert status in (wanted if isinstance(wanted, tuple) else (wanted,)), (status, body[:600])
    assert code is None or error_code(headers, body) == code, body[:600]
    request_id = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id")
    assert request_id or name.startswith(("http", "tls", "noise")), headers
    if request_id:
        assert logged(own, request_id), f"{request_id} does not stand in the log"
    assert b"passwd" not in body and b"root:" not in body
    assert [b["Name"] for b in own.client("s3").list_buckets()["Buckets"]] == ["bad"]


def logged(server, text):
    """The log is read by a thread, which may be a moment behind."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if any(text in line for line in server.output):
            return True
        time.sleep(0.002)
    return False


def test_what_failed_left_nothing(own):
    assert "Contents" not in own.client("s3").list_objects_v2(Bucket="bad")


def test_a_thousand_idle_connections_keep_nobody_out(own):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2000, hard), hard))
    idle = []
    try:
        for i in range(1000):
            idle.append(socket.create_connection(address(own), timeout=LIMIT_SECONDS))
            if i % 2:
                idle[-1].sendall(b"GET /bad HTTP/1.1\r\nHo")  # a head that does not end
        started = time.monotonic()
        own.client("s3").list_buckets()
        assert time.monotonic() - started < LIMIT_SECONDS
    finally:
        for wire in idle:
            wire.close()


def test_clients_that_leave_in_the_middle_hurt_nobody(own):
    own.client("s3").put_object(Bucket="bad", Key="large", Body=b"x" * 5_000_000)
    for _ in range(50):
        with socket.create_connection(address(own), timeout=LIMIT_SECONDS) as wire:
            wire.sendall(s3(own, "GET", "/bad/large"))
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # closes with a reset
    own.client("s3").delete_object(Bucket="bad", Key="large")
    assert own.process.poll() is None
