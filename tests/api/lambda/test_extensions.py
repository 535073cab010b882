"""Why: an extension is told of every call before the function runs, and the call's environment waits for it: what it collects must be
whole."""
import io
import zipfile

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
