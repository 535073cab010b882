"""Buckets as websites: pages that anybody may read, at the bucket's own host, with its index, error pages and redirects."""
import http.client
import json
import urllib.parse

import pytest


@pytest.fixture
def visit(server):
    """visit(bucket, path, method="GET", **headers) -> (status, headers, body), as a browser without credentials."""

    def send(bucket, path, method="GET", **headers):
        url = urllib.parse.urlsplit(server.endpoint)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        connection.request(method, path, headers={"Host": f"{bucket}.s3-website.us-east-1.localhost:{url.port}", **headers})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    return send


@pytest.fixture
def site(s3, open_bucket):
    """site(**configuration) -> a bucket that everybody may read, with pages."""

    def make(**configuration):
        bucket = open_bucket()
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]}))
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration or {"IndexDocument": {"Suffix": "index.html"}})
        for key in ("index.html", "docs/index.html", "a b/ü.html", "big"):
            body = b"x" * 300_000 if key == "big" else f"<p>{key}".encode()
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/html")
        return bucket

    return make


def test_settings(s3, bucket, refused):
    with refused("NoSuchWebsiteConfiguration", 404):
        s3.get_bucket_website(Bucket=bucket)
    whole = {"IndexDocument": {"Suffix": "i.html"}, "ErrorDocument": {"Key": "e.html"}, "RoutingRules": [
        {"Condition": {"KeyPrefixEquals": "old/", "HttpErrorCodeReturnedEquals": "404"},
         "Redirect": {"HostName": "h", "Protocol": "https", "HttpRedirectCode": "302", "ReplaceKeyPrefixWith": "new/"}},
        {"Redirect": {"ReplaceKeyWith": "x"}}]}
    for settings in (whole, {"RedirectAllRequestsTo": {"HostName": "other.org", "Protocol": "https"}}):
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=settings)
        told = s3.get_bucket_website(Bucket=bucket)
        assert {k: v for k, v in told.items() if k != "ResponseMetadata"} == settings
    assert s3.delete_bucket_website(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("NoSuchWebsiteConfiguration", 404):
        s3.get_bucket_website(Bucket=bucket)


@pytest.mark.parametrize("settings, code, message", [
    ({}, "InvalidArgument", "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"),
    ({"IndexDocument": {"Suffix": "a/b"}}, "InvalidArgument", "The IndexDocument Suffix is not well formed"),
    ({"IndexDocument": {"Suffix": "i"}, "RedirectAllRequestsTo": {"HostName": "h"}}, "InvalidArgument",
     "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."),
    ({"IndexDocument": {"Suffix": "i"}, "RoutingRules": [{"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}]},
     "InvalidRequest", "You can only define ReplaceKeyPrefix or ReplaceKey but not both."),
    ({"IndexDocument": {"Suffix": "i"}, "RoutingRules": [{"Condition": {}, "Redirect": {"HostName": "b"}}]},
     "InvalidRequest", "Condition cannot be empty."),
    ({"IndexDocument": {"Suffix": "i"}, "RoutingRules": [{"Redirect": {"Protocol": "ftp"}}]}, "InvalidRequest",
     "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically."),
    ({"RedirectAllRequestsTo": {"HostName": "h", "Protocol": "ftp"}}, "InvalidRequest", "Invalid protocol"),
])
def test_settings_that_are_none(s3, bucket, refused, settings, code, message):
    with refused(code, 400) as error:
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=settings)
    assert message in error.response["Error"]["Message"]


def test_pages(s3, site, visit):
    bucket = site()
    for path, body in (("/", b"<p>index.html"), ("/docs/", b"<p>docs/index.html"), ("/a%20b/%C3%BC.html", "<p>a b/ü.html".encode())):
        status, headers, got = visit(bucket, path)
        assert (status, got, headers["Content-Type"]) == (200, body, "text/html"), path
    assert visit(bucket, "/big")[2] == b"x" * 300_000
    status, headers, got = visit(bucket, "/index.html", "HEAD")
    assert (status, got, headers["Content-Length"]) == (200, b"", "13")
    assert visit(bucket, "/index.html", **{"If-None-Match": headers["ETag"]})[0] == 304
    assert visit(bucket, "/big", Range="bytes=0-9")[::2] == (206, b"x" * 10)
    status, headers, _ = visit(bucket, "/docs")
    assert (status, headers["Location"]) == (302, "/docs/")
    s3.put_object(Bucket=bucket, Key="moved", WebsiteRedirectLocation="https://other.org/x")
    assert (visit(bucket, "/moved")[0], visit(bucket, "/moved")[1]["Location"]) == (301, "https://other.org/x")
    assert visit(bucket, "/index.html", "PUT")[0] == 405


def test_errors(s3, site, visit, bucket, new_name):
    public = site()
    status, headers, body = visit(public, "/no<ne>")
    assert status == 403 and b"<h1>403 Forbidden</h1>" in body and b"<li>Code: AccessDenied</li>" in body  # not even whether it is there
    assert b"<li>Message: Access Denied</li>" in body
    assert headers["x-amz-error-code"] == "AccessDenied" and headers["Content-Type"].startswith("text/html")
    s3.put_bucket_policy(Bucket=public, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": [f"arn:aws:s3:::{public}/*", f"arn:aws:s3:::{public}"]}]}))
    status, headers, body = visit(public, "/no%3Cne%3E")
    assert status == 404 and b"<li>Code: NoSuchKey</li>" in body and b"<li>Key: no&lt;ne&gt;</li>" in body
    s3.put_bucket_website(Bucket=public, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"},
                                                               "ErrorDocument": {"Key": "sorry"}})
    _, _, body = visit(public, "/none")
    assert b"<li>Key: none</li>" in body and b"<li>Key: sorry</li>" in body
    assert b"<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>" in body
    s3.put_object(Bucket=public, Key="sorry", Body=b"sorry", ContentType="text/plain")
    status, headers, body = visit(public, "/none")
    assert (status, headers["Content-Type"], body) == (404, "text/plain", b"sorry")
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"private")
    assert visit(bucket, "/")[0] == 403
    s3.delete_bucket_website(Bucket=bucket)
    status, _, body = visit(bucket, "/")
    assert status == 404 and b"NoSuchWebsiteConfiguration" in body
    status, _, body = visit(new_name("none"), "/")
    assert status == 404 and b"NoSuchBucket" in body


def test_pages_of_other_origins(s3, site, visit):
    bucket = site()
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["http://a.org"], "AllowedMethods": ["GET"]}]})
    for path, status in (("/", 200), ("/none", 403)):
        got, headers, _ = visit(bucket, path, Origin="http://a.org")
        assert (got, headers["Access-Control-Allow-Origin"]) == (status, "http://a.org")
        assert "Access-Control-Allow-Origin" not in visit(bucket, path, Origin="http://b.org")[1]
    status, headers, _ = visit(bucket, "/", "OPTIONS", Origin="http://a.org", **{"Access-Control-Request-Method": "GET"})
    assert (status, headers["Access-Control-Allow-Methods"]) == (200, "GET")


def test_redirects(site, visit):
    bucket = site(IndexDocument={"Suffix": "index.html"}, RoutingRules=[
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "docs/"}},
        {"Condition": {"KeyPrefixEquals": "out/", "HttpErrorCodeReturnedEquals": "403"},
         "Redirect": {"HostName": "other.org", "Protocol": "https", "HttpRedirectCode": "307", "ReplaceKeyWith": "gone"}}])
    status, headers, _ = visit(bucket, "/old/a%20b")
    assert status == 301 and headers["Location"].startswith(f"http://{bucket}.s3-website.") and headers["Location"].endswith("/docs/a%20b")
    status, headers, _ = visit(bucket, "/out/x")
    assert (status, headers["Location"]) == (307, "https://other.org/gone")
    assert visit(bucket, "/docs/")[0] == 200
    everything = site(RedirectAllRequestsTo={"HostName": "other.org"})
    status, headers, _ = visit(everything, "/a/b")
    assert (status, headers["Location"]) == (301, "http://other.org/a/b")
