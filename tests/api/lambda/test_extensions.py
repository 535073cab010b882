"""Why: an extension is told of every call before the function runs, and the call's environment waits for it: what it collects must be
whole."""
import io
import json
import time
import zipfile

import pytest

from .conftest import TRUST, zipped
from support.server import Server

EXTENSION = """#!/usr/bin/python3
import http.client, json, os
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def ask(method, path, body=None, headers={}):
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = connection.getresponse()
    return answer.headers, json.loads(answer.read())
headers, facts = ask("POST", "register", json.dumps({"events": ["INVOKE", "SHUTDOWN"]}), {"Lambda-Extension-Name": "seen"})
mine = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}
while True:
    _, event = ask("GET", "event/next", headers=mine)
    if event["eventType"] == "SHUTDOWN":
        print("shut down:", event["shutdownReason"], flush=True)
        break
    with open("/tmp/seen", "a") as out:
        out.write(facts["functionName"] + " " + event["requestId"] + "\\n")
"""


def layer_of(functions, new_name, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        entry = zipfile.ZipInfo("extensions/seen")
        entry.external_attr = 0o100755 << 16
        out.writestr(entry, text)
    return functions.publish_layer_version(LayerName=new_name("extension"), Content={"ZipFile": buffer.getvalue()})["LayerVersionArn"]


def test_an_extension_is_told_of_calls(functions, deploy, call, new_name):
    name = deploy("def handler(e, c):\n    return open('/tmp/seen').read().splitlines() if e else []\n", Timeout=10, MemorySize=256,
                  Layers=[layer_of(functions, new_name, EXTENSION)])
    ids = [call(name)[1]["ResponseMetadata"]["RequestId"] for _ in range(2)]
    seen = call(name, True)[0]
    assert seen[:2] == [f"{name} {one}" for one in ids]


def test_an_extension_that_fails_is_told(functions, deploy, call, new_name):
    failing = 'ask("POST", "init/error", "{}", {**mine, "Lambda-Extension-Function-Error-Type": "Own.Reason"})\n'
    broken = EXTENSION.split("while True")[0] + failing
    name = deploy("def handler(e, c): return 1\n", Timeout=10, MemorySize=256, Layers=[layer_of(functions, new_name, broken)])
    value, answer = call(name)
    assert answer["FunctionError"] == "Unhandled" and value["errorType"] == "Own.Reason"


TELEMETRY = """#!/usr/bin/python3
import http.client, http.server, json, os, threading
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        batch = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/tmp/telemetry", "ab") as out:
            out.write(batch + b"\\n")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *a): pass
server = http.server.HTTPServer(("sandbox.localdomain", 4243), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def ask(method, path, body=None, headers={}):
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()
_, headers, _ = ask("POST", "/2020-01-01/extension/register", json.dumps({"events": ["INVOKE"]}), {"Lambda-Extension-Name": "seen"})
mine = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}
def subscribe(**more):
    asked = {"schemaVersion": "2022-12-13", "types": ["platform", "function", "extension"], "buffering": {"timeoutMs": 25},
             "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4243/t"}}
    status, _, body = ask("PUT", "/2022-07-01/telemetry", json.dumps({**asked, **more}), mine)
    return [status, body.decode() if status == 200 else json.loads(body)["errorType"]]
answers = [subscribe(schemaVersion="1"), subscribe(types=["metrics"]), subscribe(buffering={"timeoutMs": 1}),
           subscribe(destination={"protocol": "TCP", "URI": "http://sandbox.localdomain:1"}),
           subscribe(destination={"protocol": "HTTP", "URI": "http://example.com/"}), subscribe()]
print("extension ready", flush=True)
told = False
while True:
    ask("GET", "/2020-01-01/extension/event/next", headers=mine)
    if not told:
        told = True
        answers.append(subscribe())
        with open("/tmp/answers", "w") as out:
            json.dump(answers, out)
"""

TELLING = """import json, os, time
def handler(event, context):
    if "until" not in event:
        print("hello", event.get("n"))
        if "fail" in event: raise ValueError("no")
        return {"id": context.aws_request_id}
    end = time.time() + 8
    while time.time() < end:
        batches = [json.loads(line) for line in open("/tmp/telemetry")] if os.path.exists("/tmp/telemetry") else []
        told = [one for batch in batches for one in batch]
        if sum(one["type"] == "platform.report" for one in told) >= event["until"]: break
        time.sleep(0.02)
    return {"told": told, "answers": json.load(open("/tmp/answers"))}
"""


def test_telemetry_is_told_to_an_extension(functions, deploy, call, new_name):
    """Init, calls, lines of the function and of the extension, each by itself; what is asked wrongly is refused by its name."""
    name = deploy(TELLING, Timeout=10, MemorySize=256, Layers=[layer_of(functions, new_name, TELEMETRY)])
    good = call(name, {"n": 1})[0]["id"]
    call(name, {"fail": True})
    seen = call(name, {"until": 2})[0]
    assert seen["answers"] == [[400, "ValidationError"]] * 5 + [[200, "OK"], [403, "Telemetry.SubscriptionClosed"]]
    told = seen["told"]
    kinds = [one["type"] for one in told]
    assert kinds[:1] == ["platform.initStart"] and set(kinds) >= {
        "platform.telemetrySubscription", "platform.initRuntimeDone", "platform.extension", "platform.initReport", "platform.start",
        "platform.runtimeDone", "platform.report", "function", "extension"}
    (subscribed,) = [one["record"] for one in told if one["type"] == "platform.telemetrySubscription"]
    assert subscribed == {"name": "seen", "state": "Subscribed", "types": ["platform", "function", "extension"]}
    assert [one["record"] for one in told if one["type"] == "platform.extension"] == [
        {"name": "seen", "state": "Ready", "events": ["INVOKE"]}]
    assert [one["record"] for one in told if one["type"] == "extension"] == ["extension ready\n"]
    lines = [one["record"] for one in told if one["type"] == "function"]
    assert "hello 1\n" in lines and "extension ready\n" not in lines
    mine = [one for one in told if isinstance(one["record"], dict) and one["record"].get("requestId") == good]
    assert [one["type"] for one in mine] == ["platform.start", "platform.runtimeDone", "platform.report"]
    report = mine[2]["record"]
    assert report["status"] == "success" and report["metrics"]["memorySizeMB"] == 256 and report["metrics"]["initDurationMs"] > 0
    assert report["metrics"]["billedDurationMs"] >= report["metrics"]["durationMs"] > 0
    assert [one["record"]["status"] for one in told if one["type"] == "platform.report"][:2] == ["success", "error"]
    times = [one["time"] for one in told]
    assert times == sorted(times)


@pytest.fixture(scope="module")
def own():
    with Server() as server:
        yield server


@pytest.mark.parametrize("reason", ["timeout", "spindown"])
def test_an_extension_is_told_of_the_end(own, reason, new_name):
    """By its time, and by the server's stop: what it has collected is written then."""
    functions, iam, logs = own.client("lambda"), own.client("iam"), own.client("logs")
    role = iam.create_role(RoleName=reason, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=reason, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}))
    code = "import time\ndef handler(e, c): time.sleep(e)\n"
    functions.create_function(FunctionName=reason, Code={"ZipFile": zipped({"app.py": code})}, Runtime="python3.11", Role=role,
                              Handler="app.handler", Timeout=2, MemorySize=256, Layers=[layer_of(functions, new_name, EXTENSION)])
    answer = functions.invoke(FunctionName=reason, Payload=b"5" if reason == "timeout" else b"0")
    if reason == "timeout":
        assert "Task timed out after 2.00 seconds" in json.loads(answer["Payload"].read())["errorMessage"]
    else:
        own.restart()
    found = []
    for _ in range(500):  # behind the call
        if logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{reason}")["logGroups"]:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{reason}", filterPattern='"shut down"')["events"]
        if found:
            break
        time.sleep(0.02)
    assert [e["message"] for e in found] == [f"shut down: {reason}\n"]
