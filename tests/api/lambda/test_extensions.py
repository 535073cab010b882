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
