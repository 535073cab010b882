"""Why: a function's own address is called by browsers and webhooks, which know nothing of AWS: what they send must reach the function in
AWS's form, and what it returns must become a plain HTTP answer, for those alone who may."""
import concurrent.futures
import http.client
import io
import json
import time
import urllib.parse
import zipfile

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.config import Config

from support.models import tarn_client

ECHO = """
    def handler(event, context):
        if event.get("rawPath") == "/raise":
            raise ValueError("no")
        if event.get("rawPath") == "/plain":
            return {"a": 1}
        if event.get("rawPath") == "/bytes":
            return {"statusCode": 201, "headers": {"content-type": "image/x", "x-own": "v"}, "cookies": ["a=1", "b=2"],
                    "body": "AAEC", "isBase64Encoded": True}
        return {"statusCode": 200, "body": event}
    """


def ask(url, method="GET", path="/", body=None, headers=None, credentials=None):
    """The URL's host goes into the Host field: names below localhost need not resolve for this."""
    host = urllib.parse.urlsplit(url).netloc
    headers = dict(headers or {})
    if credentials:
        request = botocore.awsrequest.AWSRequest(method, f"http://{host}{path}", data=body, headers=headers)
        keys = botocore.credentials.Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"])
        botocore.auth.SigV4Auth(keys, "lambda", "us-east-1").add_auth(request)
        headers = dict(request.headers)
    connection = http.client.HTTPConnection("127.0.0.1", int(host.rsplit(":", 1)[1]), timeout=30)
    connection.request(method, path, body=body, headers={"Host": host, **headers})
    answer = connection.getresponse()
    return answer.status, answer, answer.read()


@pytest.fixture
def public(functions, deploy):
    """public(**settings) -> (function, URL) that everybody may call."""

    def make(**settings):
        name = deploy(ECHO)
        url = functions.create_function_url_config(FunctionName=name, AuthType="NONE", **settings)["FunctionUrl"]
        functions.add_permission(FunctionName=name, StatementId="all", Action="lambda:InvokeFunctionUrl", Principal="*",
                                 FunctionUrlAuthType="NONE")
        functions.add_permission(FunctionName=name, StatementId="function", Action="lambda:InvokeFunction", Principal="*",
                                 InvokedViaFunctionUrl=True)
        return name, url

    return make


def test_a_request_becomes_an_event(public):
    name, url = public()
    status, answer, body = ask(url, "POST", "/a%20b/c?x=1&x=2&y=%26", b'{"k": "v"}',
                               {"Content-Type": "application/json", "Cookie": "one=1; two=2", "X-Twice": "yes"})
    event = json.loads(body)
    assert status == 200 and answer.headers["Content-Type"] == "application/json"
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert (event["rawPath"], event["rawQueryString"]) == ("/a b/c", "x=1&x=2&y=%26")
    assert event["queryStringParameters"] == {"x": "1,2", "y": "&"} and event["cookies"] == ["one=1", "two=2"]
    assert event["headers"]["x-twice"] == "yes" and (event["body"], event["isBase64Encoded"]) == ('{"k": "v"}', False)
    context = event["requestContext"]
    assert context["accountId"] == "anonymous" and context["http"]["method"] == "POST" and context["domainName"].endswith(".localhost")
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]
    event = json.loads(ask(url, "POST", "/", b"\x00\x01", {"Content-Type": "application/octet-stream"})[2])
    assert (event["body"], event["isBase64Encoded"]) == ("AAE=", True)


def test_what_it_returns_becomes_an_answer(public):
    _, url = public()
    assert ask(url, path="/plain")[::2] == (200, b'{"a": 1}')
    status, answer, body = ask(url, path="/bytes")
    assert (status, body, answer.headers["x-own"], answer.headers["content-type"]) == (201, b"\x00\x01\x02", "v", "image/x")
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert ask(url, path="/raise")[::2] == (502, b'{"Message":"Internal Server Error"}')


def test_who_may(functions, deploy, user, allow, public, account):
    name = deploy(ECHO)
    made = functions.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    url, arn = made["FunctionUrl"], made["FunctionArn"]
    assert ask(url)[::2] == (403, b'{"Message":"Forbidden"}')
    assert ask(url, credentials=user())[0] == 403
    on_url = allow("lambda:InvokeFunctionUrl", arn, Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}})
    on_function = allow("lambda:InvokeFunction", arn, Condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})
    assert ask(url, credentials=user(on_url))[0] == 403  # AWS: since October 2025 both are needed
    assert ask(url, credentials=user(on_function))[0] == 403
    credentials = user({**on_url, "Statement": on_url["Statement"] + on_function["Statement"]})
    status, _, body = ask(url, credentials=credentials)
    identity = json.loads(body)["requestContext"]["authorizer"]["iam"]
    assert status == 200 and identity["userArn"] == f"arn:aws:iam::{account}:user/{credentials['UserName']}"
    assert ask(url, credentials={**credentials, "SecretAccessKey": "wrong"})[0] == 403
    closed = deploy(ECHO)
    url = functions.create_function_url_config(FunctionName=closed, AuthType="NONE")["FunctionUrl"]
    assert ask(url)[0] == 403  # AuthType NONE alone lets nobody in
    assert ask(url.replace(url[7:12], "aaaaa"))[0] == 404


def test_a_call_is_audited(public, server, account):
    name, url = public()
    request_id = ask(url)[1].headers["x-amzn-RequestId"]
    [record] = [r for r in tarn_client(server).list_audit_records(RequestId=request_id)["Records"]]
    assert (record["Operation"], record["Allowed"], record["Account"]) == ("InvokeFunctionUrl", True, account)
    assert record["Resources"] and all(r.endswith(":function:" + name) for r in record["Resources"])


def test_cors(public):
    _, url = public(Cors={"AllowOrigins": ["https://a.example"], "AllowMethods": ["POST"], "AllowHeaders": ["x-own"],
                          "ExposeHeaders": ["x-seen"], "MaxAge": 60, "AllowCredentials": True})
    _, answer, _ = ask(url, "OPTIONS", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example" and answer.headers["Access-Control-Max-Age"] == "60"
    assert answer.headers["Access-Control-Allow-Methods"] == "POST" and answer.headers["Access-Control-Allow-Credentials"] == "true"
    _, answer, _ = ask(url, "OPTIONS", headers={"Origin": "https://b.example", "Access-Control-Request-Method": "POST"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    _, answer, _ = ask(url, "POST", headers={"Origin": "https://a.example"})
    assert answer.headers["Access-Control-Expose-Headers"] == "x-seen"


def test_settings(functions, deploy, refused):
    name = deploy(ECHO)
    made = functions.create_function_url_config(FunctionName=name, AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    refused("ResourceConflictException", "FunctionUrlConfig exists", functions.create_function_url_config, FunctionName=name,
            AuthType="NONE")
    shown = functions.get_function_url_config(FunctionName=name)
    assert (shown["FunctionUrl"], shown["Cors"], shown["InvokeMode"]) == (made["FunctionUrl"], {"AllowOrigins": ["*"]}, "BUFFERED")
    functions.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert [u["AuthType"] for u in functions.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]] == ["AWS_IAM"]
    functions.delete_function_url_config(FunctionName=name)
    refused("ResourceNotFoundException", "does not exist", functions.get_function_url_config, FunctionName=name)
    assert ask(made["FunctionUrl"])[0] == 404


def test_a_streamed_answer(functions, new_name, role):
    buffer, name = io.BytesIO(), new_name("stream")
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("index.mjs", """
            export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
              if (event.rawPath === '/raise') throw new Error('no');
              if (event.half) { stream.write('half'); await new Promise((r) => setTimeout(r, 20)); throw new TypeError('way'); }
              stream = awslambda.HttpResponseStream.from(stream, { statusCode: 203, headers: { 'x-own': 'v' } });
              for (let i = 0; i < 3; ++i) { stream.write(`piece ${i}\\n`); await new Promise((r) => setTimeout(r, 20)); }
              stream.end();
            });
            """)
    functions.create_function(FunctionName=name, Runtime="nodejs20.x", Role=role, Handler="index.handler", Timeout=20,
                              MemorySize=256, Code={"ZipFile": buffer.getvalue()})
    url = functions.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")["FunctionUrl"]
    functions.add_permission(FunctionName=name, StatementId="all", Action="lambda:InvokeFunctionUrl", Principal="*",
                             FunctionUrlAuthType="NONE")
    functions.add_permission(FunctionName=name, StatementId="function", Action="lambda:InvokeFunction", Principal="*",
                             InvokedViaFunctionUrl=True)
    for _ in range(2):
        status, answer, body = ask(url)
        assert (status, answer.headers["x-own"], body) == (203, "v", b"piece 0\npiece 1\npiece 2\n")
    assert ask(url, path="/raise")[0] == 502
    assert ask(url)[0] == 203  # the environment goes on
    events = list(functions.invoke_with_response_stream(FunctionName=name, Payload=b"{}", LogType="Tail")["EventStream"])
    assert b"".join(e["PayloadChunk"]["Payload"] for e in events[:-1]).endswith(b"piece 0\npiece 1\npiece 2\n")
    assert "LogResult" in events[-1]["InvokeComplete"] and "ErrorCode" not in events[-1]["InvokeComplete"]
    events = list(functions.invoke_with_response_stream(FunctionName=name, Payload=b'{"half": true}')["EventStream"])
    assert events[0]["PayloadChunk"]["Payload"] == b"half" and events[-1]["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(events[-1]["InvokeComplete"]["ErrorDetails"])["errorType"] == "TypeError"  # told in the trailers
    events = list(functions.invoke_with_response_stream(FunctionName=name, Payload=b'{"rawPath": "/raise"}')["EventStream"])
    assert events[-1]["InvokeComplete"]["ErrorCode"] == "Unhandled" and '"no"' in events[-1]["InvokeComplete"]["ErrorDetails"]


def test_many_streamed_answers_at_once(functions, new_name, role, server):
    """More than there are threads that send: each waits for its function, none for another."""
    buffer, name = io.BytesIO(), new_name("stream")
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("index.mjs", """
            export const handler = awslambda.streamifyResponse(async (event, stream) => {
              stream.write(`begin ${event.n} `);
              await new Promise((r) => setTimeout(r, 1500));
              stream.end(`end ${event.n}`);
            });
            """)
    functions.create_function(FunctionName=name, Runtime="nodejs20.x", Role=role, Handler="index.handler", Timeout=20,
                              MemorySize=256, Code={"ZipFile": buffer.getvalue()})
    boto = server.client("lambda", config=Config(max_pool_connections=12))

    def stream(n):
        events = boto.invoke_with_response_stream(FunctionName=name, Payload=json.dumps({"n": n}))["EventStream"]
        return b"".join(e.get("PayloadChunk", {}).get("Payload", b"") for e in events).decode()

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(stream, range(12)))  # the environments are there
        began = time.monotonic()
        assert list(pool.map(stream, range(12))) == [f"begin {n} end {n}" for n in range(12)]
        assert time.monotonic() - began < 5  # three at once, as there are threads, would take six seconds
