"""Prints src/wire/sigv4_signed.inc: requests that botocore signed, as AWS's clients sign, for the verifier's unit test.

    .deps/python/bin/python tests/wire/sign_with_botocore.py > src/wire/sigv4_signed.inc
"""
import datetime
import json
from urllib.parse import urlsplit

import botocore.auth
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

botocore.auth.get_current_datetime = lambda: datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc)
botocore.auth.time.time = lambda: 1440938160  # the same moment
KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = Credentials(KEY.access_key, KEY.secret_key, "a/session+token==")

S3 = "http://localhost:4566"
TRAILER = {"checksum": {"request_algorithm": {"in": "trailer", "name": "x-amz-checksum-crc32", "algorithm": "crc32"}}}
UNSIGNED = {"client_config": type("Config", (), {"s3": {"payload_signing_enabled": False}})}

CASES = [
    ("query", SigV4Auth(KEY, "iam", "us-east-1"), "POST", "http://localhost:4566/",
     {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, b"Action=ListUsers&Version=2010-05-08", {}),
    ("json with a session", SigV4Auth(SESSION, "glue", "eu-west-1"), "POST", "http://localhost:4566/",
     {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSGlue.GetDatabases"}, b"{}", {}),
    ("json, unsigned body", SigV4Auth(KEY, "glue", "eu-west-1"), "POST", "https://localhost:4566/", {}, b"{}",
     {"payload_signing_enabled": False}),
    ("an encoded path", SigV4Auth(KEY, "lambda", "us-east-1"), "POST",
     "http://localhost:4566/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/invocations?Qualifier=%24LATEST",
     {"X-Amz-Invocation-Type": "Event"}, b"{}", {}),
    ("a path to normalise", SigV4Auth(KEY, "lambda", "us-east-1"), "GET", "http://localhost:4566/a/./b/../../c//d/", {}, b"", {}),
    ("an empty path", SigV4Auth(KEY, "lambda", "us-east-1"), "GET", "http://localhost:4566/..", {}, b"", {}),
    ("folded blanks", SigV4Auth(KEY, "sts", "us-east-1"), "POST", "http://localhost:4566/",
     {"X-Amz-Note": "  a   b\t c "}, b"", {}),
    ("s3 get", S3SigV4Auth(KEY, "s3", "us-east-1"), "GET", f"{S3}/bucket/key", {"Range": "bytes=0-9"}, b"", {}),
    ("s3 odd key", S3SigV4Auth(SESSION, "s3", "us-east-1"), "PUT",
     f"{S3}/bucket/a%20b/%C3%A9%2B~%21%2A%27%28%29//../.%2Fx", {"x-amz-meta-a": "b"}, b"body", {}),
    ("s3 query", S3SigV4Auth(KEY, "s3", "us-east-1"), "GET",
     f"{S3}/bucket?list-type=2&prefix=a%2Fb%20c&delimiter=%2F&acl&b=&B=1&a=2&a=1&a-b=%2B", {}, b"", {}),
    ("s3 virtual host", S3SigV4Auth(KEY, "s3", "us-east-1"), "GET", "http://my.bucket.localhost:4566/key", {}, b"", {}),
    ("s3 unsigned payload", S3SigV4Auth(KEY, "s3", "us-east-1"), "PUT", f"{S3}/bucket/key", {}, b"body", UNSIGNED),
    ("s3 trailer", S3SigV4Auth(KEY, "s3", "us-east-1"), "PUT", f"{S3}/bucket/key",
     {"Content-Encoding": "aws-chunked", "X-Amz-Trailer": "x-amz-checksum-crc32", "X-Amz-Decoded-Content-Length": "4"}, b"body", TRAILER),
    ("s3 link", S3SigV4QueryAuth(KEY, "s3", "us-east-1", expires=600), "GET",
     f"{S3}/bucket/a%20key?response-content-type=text%2Fplain%3B%20charset%3Dutf-8&versionId=", {}, b"", {}),
    ("s3 link with a session and a header", S3SigV4QueryAuth(SESSION, "s3", "us-east-1", expires=600), "PUT",
     f"{S3}/bucket/key", {"x-amz-meta-a": "b"}, b"", {}),
    ("old link", HmacV1QueryAuth(KEY, expires=600), "GET",
     f"{S3}/bucket/a%20key%2B?response-content-type=text%2Fplain%3B%20x%3D%2By&versionId=v&prefix=x", {}, b"", {}),
    ("old link with a session and fields", HmacV1QueryAuth(SESSION, expires=600), "PUT", f"{S3}/bucket/key?tagging",
     {"x-amz-meta-b": "2", "x-amz-meta-a": "1", "Content-Type": "text/plain", "Content-MD5": "abc=="}, b"", {}),
    ("sts link", SigV4QueryAuth(KEY, "sts", "us-east-1", expires=60), "GET",
     "http://localhost:4566/?Action=GetCallerIdentity&Version=2011-06-15", {"x-k8s-aws-id": "cluster"}, b"", {}),
]


def text(value):
    return json.dumps(value if isinstance(value, str) else value.decode())


def main():
    print("// Printed by tests/wire/sign_with_botocore.py.\n")
    print("const std::vector<Signed>& signed_by_botocore() {\n  static const std::vector<Signed> all = {")
    for name, auth, method, url, headers, body, context in CASES:
        request = AWSRequest(method, url, dict(headers), body)
        request.context.update(context)
        auth.add_auth(request)
        parts = urlsplit(request.url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        text = lambda v: v if isinstance(v, str) else v.decode()  # noqa: E731
        signed = [] if isinstance(auth, HmacV1QueryAuth) else request.headers.items()
        fields = [("Host", parts.netloc)] + [(n, text(v)) for n, v in signed]
        listed = ",\n        ".join(f"{{{text(n)}, {text(v)}}}" for n, v in fields)
        print(f"      {{{text(name)}, {text(method)},\n       {text(target)},\n       {{{listed}}},\n       {text(body)}}},")
    print("  };\n  return all;\n}")


main()
