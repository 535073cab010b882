"""Pages of other origins: a browser asks before it sends, and reads an answer only if its headers say so. What AWS answers to each
question was recorded there."""
import http.client
import urllib.parse
import xml.etree.ElementTree as ET

import pytest

VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
HERE = "https://localhost:4200"


@pytest.fixture
def cors(s3, open_bucket):
    """cors(rule, ..) -> a bucket with those rules and an object k."""

    def make(*rules):
        bucket = open_bucket()
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": list(rules)})
        s3.put_object(Bucket=bucket, Key="k", Body=b"here")
        return bucket

    return make


@pytest.fixture
def ask(raw):
    """ask(bucket, origin, method, headers, path="/k") -> (status, CORS headers) or (status, error's members)"""

    def send(bucket, origin=HERE, method="GET", wanted=None, path="/k"):
        headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": wanted}
        status, headers, body = raw("OPTIONS", f"/{bucket}{path}", headers={k: v for k, v in headers.items() if v is not None}, sign=False)
        if status != 200:
            return status, {each.tag: each.text for each in ET.fromstring(body)}
        assert body == b"" and headers["x-amz-request-id"]
        return status, told(headers)

    return send


def told(headers):
    return {name.lower().removeprefix("access-control-"): value for name, value in headers.items()
            if name.lower().startswith("access-control") or name.lower() == "vary"}


def test_rules_come_back_as_they_were(s3, bucket, refused):
    s3.delete_bucket_cors(Bucket=bucket)
    rules = [{"AllowedMethods": ["GET", "PUT", "HEAD"], "AllowedOrigins": ["https://test.com", "http://*.test.com:80"],
              "AllowedHeaders": ["x-amz-*", "X-Other"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 3000, "ID": "one"},
             {"AllowedMethods": ["DELETE"], "AllowedOrigins": [""]}]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == rules
    assert s3.delete_bucket_cors(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("NoSuchCORSConfiguration", 404) as error:
        s3.get_bucket_cors(Bucket=bucket)
    assert error.response["Error"]["BucketName"] == bucket


@pytest.mark.parametrize("rules, code, message", [
    ([], "MalformedXML", "did not validate"),
    ([{"AllowedMethods": [], "AllowedOrigins": ["*"]}], "MalformedXML", "did not validate"),
    ([{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}] * 101, "MalformedXML", "did not validate"),
    ([{"AllowedMethods": ["MYMETHOD"], "AllowedOrigins": ["*"]}], "InvalidRequest",
     "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD"),
    ([{"AllowedMethods": ["GET"], "AllowedOrigins": ["*example*.com"]}], "InvalidRequest",
     'AllowedOrigin "*example*.com" can not have more than one wildcard.'),
    ([{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "AllowedHeaders": ["x-*-*"]}], "InvalidRequest",
     'AllowedHeader "x-*-*" can not have more than one wildcard.'),
    ([{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["*"]}], "InvalidRequest",
     'ExposeHeader "*" contains wildcard. We currently do not support wildcard for ExposeHeader.'),
])
def test_rules_that_are_none(s3, bucket, refused, rules, code, message):
    with refused(code, 400) as error:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert message in error.response["Error"]["Message"]


def test_questions_without_rules(ask, bucket, raw, new_name):
    status, error = ask(bucket, method="PUT", path="")
    assert (status, error["Code"], error["Method"], error["ResourceType"]) == (403, "AccessForbidden", "PUT", "BUCKET")
    assert error["Message"] == "CORSResponse: CORS is not enabled for this bucket."
    assert ask(bucket, method=None)[1]["Method"] == "OPTIONS"
    status, error = ask(new_name("none"), method=None)
    assert (status, error["Message"]) == (403, "CORSResponse: Bucket not found")
    status, error = ask(bucket, origin=None)
    assert (status, error["Code"], error["Message"]) == (
        400, "BadRequest", "Insufficient information. Origin request header needed.")
    assert told(raw("GET", f"/{bucket}/k", headers={"Origin": HERE})[1]) == {}


def test_origins(cors, ask, raw):
    bucket = cors({"AllowedOrigins": [HERE, "http://*.origin.com"], "AllowedMethods": ["GET", "PUT"], "MaxAgeSeconds": 3000})
    yes = {"allow-origin": HERE, "allow-credentials": "true", "allow-methods": "GET, PUT", "max-age": "3000", "vary": VARY}
    assert ask(bucket, method="PUT") == (200, yes)
    assert told(raw("GET", f"/{bucket}/k", headers={"Origin": HERE})[1]) == yes
    assert ask(bucket, "http://test.origin.com", path="")[1]["allow-origin"] == "http://test.origin.com"
    for origin in ("http://test.origin.com.evil.org", "http://origin.com", "https://localhost:4201"):
        status, error = ask(bucket, origin, "PUT")
        assert (status, error["Code"], error["Method"], error["ResourceType"]) == (403, "AccessForbidden", "PUT", "OBJECT")
        assert error["Message"].startswith("CORSResponse: This CORS request is not allowed. This is usually because the evalution of ")
        status, headers, body = raw("GET", f"/{bucket}/k", headers={"Origin": origin})
        assert (status, body, told(headers)) == (200, b"here", {})
    anyone = cors({"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "ExposeHeaders": ["x-amz-id-2", "ETag"]})
    assert ask(anyone, "http://who.knows") == (200, {"allow-origin": "*", "allow-methods": "GET", "expose-headers": "x-amz-id-2, ETag",
                                                     "vary": VARY})


def test_methods_and_headers(cors, ask, raw):
    bucket = cors({"AllowedOrigins": [HERE], "AllowedMethods": ["GET"], "AllowedHeaders": ["x-AMZ-meta-*", "x-amz-acl"]},
                  {"AllowedOrigins": [HERE], "AllowedMethods": ["HEAD"]})
    assert ask(bucket, method="PUT")[0] == 403
    assert ask(bucket, method="HEAD")[1]["allow-methods"] == "HEAD"
    assert ask(bucket, method="HEAD", wanted="x-amz-acl")[0] == 403
    assert ask(bucket, wanted="X-Amz-Meta-A, x-amz-acl")[1]["allow-headers"] == "x-amz-meta-a, x-amz-acl"
    assert ask(bucket, wanted="x-amz-acl,authorization")[0] == 403
    assert told(raw("GET", f"/{bucket}/k", headers={"Origin": HERE, "Access-Control-Request-Method": "PUT"})[1]) == {}
    assert told(raw("GET", f"/{bucket}/k", headers={"Origin": HERE, "Access-Control-Request-Headers": "other"})[1]) == {}
    status, headers, _ = raw("PUT", f"/{bucket}/new", headers={"Origin": HERE})
    assert status == 200 and told(headers) == {}


def test_errors_can_be_read_too(cors, raw):
    bucket = cors({"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]})
    status, headers, _ = raw("GET", f"/{bucket}/none", headers={"Origin": HERE})
    assert status == 404 and told(headers)["allow-origin"] == "*"
    assert raw("GET", f"/{bucket}/k", headers={"Origin": HERE}, sign=False)[1]["Access-Control-Allow-Origin"] == "*"


def test_the_bucket_may_be_in_the_host(cors, server):
    bucket = cors({"AllowedOrigins": [HERE], "AllowedMethods": ["GET"]})
    url = urllib.parse.urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connection.request("OPTIONS", "/k", headers={"Host": f"{bucket}.localhost:{url.port}", "Origin": HERE,
                                                 "Access-Control-Request-Method": "GET"})
    assert connection.getresponse().status == 200
    connection.close()


def test_rules_go_with_their_bucket(s3, cors, refused):
    bucket = cors({"AllowedOrigins": [HERE], "AllowedMethods": ["GET"]})
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    with refused("NoSuchCORSConfiguration", 404):
        s3.get_bucket_cors(Bucket=bucket)
