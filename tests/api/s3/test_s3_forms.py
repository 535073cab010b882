"""Forms that browsers post to a bucket: what boto3's generate_presigned_post makes must work, and what its policy does not allow must
not."""
import http.client
import json
import urllib.parse
import xml.etree.ElementTree as ET

import pytest
from botocore.config import Config

BOUNDARY = "tarn-form"


def encode(fields, body, file_name="a.txt"):
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    if body is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\nContent-Type: text/x-part\r\n\r\n'
        parts.append(head.encode() + body + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def post(server):
    """post(bucket, fields, body, **more) -> (status, headers, error code or body)"""

    def send(bucket, fields, body=b"bytes", **more):
        url = urllib.parse.urlsplit(server.endpoint)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        connection.request("POST", f"/{bucket}", encode(fields, body, **more),
                           {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status < 400:
            return answer.status, answer.headers, text
        error = ET.fromstring(text)
        return answer.status, error.findtext("Code"), error.findtext("Message")

    return send


@pytest.fixture(params=["s3v4", "s3"])
def signer(server, request):
    return server.client("s3", config=Config(signature_version=request.param))


def test_a_presigned_post(signer, s3, bucket, post):
    made = signer.generate_presigned_post(bucket, "up/${filename}", Fields={"x-amz-meta-by": "form", "Content-Type": "text/plain"},
                                          Conditions=[{"x-amz-meta-by": "form"}, ["starts-with", "$Content-Type", "text/"],
                                                      ["content-length-range", 1, 10]])
    status, headers, body = post(bucket, made["fields"], b"bytes", file_name="C:\\\\dir\\\\ü.txt")
    assert (status, body) == (204, b"")
    got = s3.get_object(Bucket=bucket, Key="up/ü.txt")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"bytes", "text/plain", {"by": "form"})
    assert headers["ETag"] == got["ETag"] and headers["Location"].endswith(f"/{bucket}/up/%C3%BC.txt")
    for body, code in ((b"x" * 11, "EntityTooLarge"), (b"", "EntityTooSmall")):
        assert post(bucket, made["fields"], body)[:2] == (400, code)


def test_what_the_policy_does_not_allow(signer, bucket, post, new_name):
    made = signer.generate_presigned_post(bucket, "key", ExpiresIn=60)
    for change, word in (({"key": "other"}, "Policy Condition failed"), ({"x-amz-meta-a": "b"}, "Extra input fields: x-amz-meta-a")):
        status, code, message = post(bucket, {**made["fields"], **change})
        assert (status, code) == (403, "AccessDenied") and message.startswith("Invalid according to Policy: " + word)
    status, code, message = post(new_name("none"), made["fields"])
    assert (status, code) == (403, "AccessDenied")
    late = signer.generate_presigned_post(bucket, "key", ExpiresIn=-10)
    assert post(bucket, late["fields"])[2] == "Invalid according to Policy: Policy expired."
    name = "x-amz-signature" if "x-amz-signature" in made["fields"] else "signature"
    signature = made["fields"][name]
    forged = ("b" if signature[0] == "a" else "a") + signature[1:]
    assert post(bucket, {**made["fields"], name: forged})[:2] == (403, "SignatureDoesNotMatch")
    first = "X-Amz-Algorithm" if name == "x-amz-signature" else "AWSAccessKeyId"
    for missing in ("policy", name, first):
        status, code, message = post(bucket, {n: v for n, v in made["fields"].items() if n.lower() != missing.lower()})
        assert (status, code) == (400, "InvalidArgument") and missing.lower() in message.lower()
    unsigned = {n: v for n, v in made["fields"].items() if n == "key"}
    assert post(bucket, unsigned)[:2] == (403, "AccessDenied")
    unknown = "x-amz-credential" if name == "x-amz-signature" else "AWSAccessKeyId"
    assert post(bucket, {**made["fields"], unknown: "A" + made["fields"][unknown]})[:2] == (403, "InvalidAccessKeyId")


def test_answers_to_browsers(s3, bucket, post):
    def made(**fields):
        return s3.generate_presigned_post(bucket, "key", Fields=fields, Conditions=[{n: v} for n, v in fields.items()])["fields"]

    assert post(bucket, made(success_action_status="200"))[0] == 200
    status, headers, body = post(bucket, made(success_action_status="201"))
    told = {e.tag: e.text for e in ET.fromstring(body)}
    assert status == 201 and (told["Bucket"], told["Key"], told["ETag"]) == (bucket, "key", headers["ETag"])
    status, headers, _ = post(bucket, made(success_action_redirect="http://example.com/done?x=1"))
    assert status == 303
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["Location"]).query)
    assert (query["x"], query["bucket"], query["key"]) == (["1"], [bucket], ["key"])


def test_rights_and_signers(server, user, bucket, post, open_bucket, s3):
    client = server.client("s3", credentials=user(None))
    made = client.generate_presigned_post(bucket, "key")
    status, code, message = post(bucket, made["fields"])
    assert (status, code) == (403, "AccessDenied") and "s3:PutObject" in message
    assert post(bucket, {"key": "k"})[:2] == (403, "AccessDenied")  # nobody's form, to a bucket that is not public
    public = open_bucket()
    s3.put_bucket_policy(Bucket=public, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{public}/*"}]}))
    assert post(public, {"key": "k"})[0] == 204


def test_forms_that_are_none(server, bucket, post):
    assert post(bucket, {"a": "b"})[1] == "InvalidArgument"
    assert post(bucket, {"key": "k"}, None)[2] == "POST requires exactly one file upload per request."
    url = urllib.parse.urlsplit(server.endpoint)
    for body in (b"", b"junk", f"--{BOUNDARY}\r\n".encode(), b"--" + b"x" * 1000):
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        connection.request("POST", f"/{bucket}", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        answer = connection.getresponse()
        assert answer.status == 400 and b"MalformedPOSTRequest" in answer.read()
        connection.close()


def test_tags_of_a_form(s3, signer, bucket, post):
    tags = "<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag><Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>"
    made = signer.generate_presigned_post(bucket, "k", Fields={"tagging": tags.replace("&amp;2", "")},
                                          Conditions=[{"tagging": tags.replace("&amp;2", "")}])
    assert post(bucket, made["fields"])[0] == 204
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a b", "Value": "1"}, {"Key": "c", "Value": ""}]
    for bad, code in ((tags, "InvalidTag"), ("<Tagging>", "MalformedXML"), ("a=b", "MalformedXML"), ("<Other/>", "MalformedXML")):
        made = signer.generate_presigned_post(bucket, "bad", Fields={"tagging": bad}, Conditions=[{"tagging": bad}])
        assert post(bucket, made["fields"])[:2] == (400, code), bad
