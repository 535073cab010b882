"""Why: handlers are written in every style that AWS's runtimes take; one that runs there must run here, and what cannot be loaded must
say so in the words that people look up."""
import base64
import io
import json
import socket
import threading
import zipfile

import pytest

from .conftest import TRUST, zipped
from support.server import Server


@pytest.fixture
def node(functions, new_name, role):
    """node({file: text}, handler) -> the name of a function."""

    def make(files, handler="index.handler", **settings):
        name = new_name("node")
        functions.create_function(FunctionName=name, Runtime="nodejs20.x", Role=role, Handler=handler, Code={"ZipFile": zipped(files)},
                                  **{"Timeout": 20, "MemorySize": 256, **settings})
        return name

    return make


@pytest.mark.parametrize("style, files", [
    ("async", {"index.mjs": "export const handler = async (event) => ({ got: event.x });"}),
    ("callback", {"index.js": "exports.handler = (event, context, callback) => setTimeout(() => callback(null, { got: event.x }), 5);"}),
    ("context", {"index.js": "exports.handler = function (event, context) { context.succeed({ got: event.x }); };"}),
    ("promise", {"index.cjs": "exports.handler = (event) => new Promise((yes) => setImmediate(() => yes({ got: event.x })));"}),
    ("module type", {"package.json": '{"type": "module"}',
                     "index.js": "export async function handler(event) { return { got: event.x }; }"}),
])
def test_styles_of_node_handlers(node, call, style, files):
    name = node(files)
    assert [call(name, {"x": n})[0] for n in (1, 2)] == [{"got": 1}, {"got": 2}]


@pytest.mark.parametrize("text, kind, message", [
    ("exports.handler = (event, context, callback) => callback(new RangeError('no'));", "RangeError", "no"),
    ("exports.handler = (event, context, callback) => { throw new TypeError('at once'); };", "TypeError", "at once"),
    ("exports.handler = async () => { throw 'a text'; };", "string", "a text"),
    ("exports.handler = async () => { setTimeout(() => { throw new Error('late'); }, 1); await new Promise(() => {}); };", "Error", "late"),
    ("exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise(() => {}); };",
     "Runtime.UnhandledPromiseRejection", "lost"),
    ("exports.other = 1;", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"),
    ("require('not-there');", "Runtime.ImportModuleError", "Cannot find module 'not-there'"),
    ("exports.handler = (;", "Runtime.UserCodeSyntaxError", ""),
    ("throw new EvalError('in the module');", "EvalError", "in the module"),
])
def test_errors_of_node_handlers(node, call, text, kind, message):
    value, answer = call(node({"index.js": text}))
    assert answer["FunctionError"] == "Unhandled" and value["errorType"] == kind and message in value["errorMessage"], value


def test_another_version_of_node_is_said(functions, new_name, role, call, logged):
    name = new_name("node")
    files = {"index.js": "exports.handler = async () => process.versions.node.split('.')[0];"}
    functions.create_function(FunctionName=name, Runtime="nodejs26.x", Role=role, Handler="index.handler", Timeout=20,
                              Code={"ZipFile": zipped(files)})
    value, _ = call(name)
    arn = functions.get_runtime_management_config(FunctionName=name)["RuntimeVersionArn"]
    if arn.endswith(":node"):
        pytest.skip("the headers of this machine's Node.js are not there: its version is not known")
    assert arn.endswith(f":node{value}")
    assert value == "26" or logged(name)[0] == f"nodejs26.x runs on Node.js {value}, the nearest on this machine.\n"


def test_a_layer_of_node_modules(functions, node, call, new_name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("nodejs/node_modules/doubles/package.json", '{"name": "doubles", "main": "main.js"}')
        out.writestr("nodejs/node_modules/doubles/main.js", "module.exports = (n) => 2 * n;")
    layer = functions.publish_layer_version(LayerName=new_name("layer"), Content={"ZipFile": buffer.getvalue()})["LayerVersionArn"]
    common = node({"index.js": "const doubles = require('doubles'); exports.handler = async (n) => doubles(n);"}, Layers=[layer])
    assert call(common, 21)[0] == 42
    inner = node({"src/app.js": "exports.run = { handler: async (n) => require('doubles')(n) };"}, "src/app.run.handler", Layers=[layer])
    assert call(inner, 4)[0] == 8


def test_a_custom_runtime_in_a_layer_and_its_errors(functions, new_name, role, call):
    """bootstrap in a layer, as custom runtimes are shipped; its error and its end are told."""
    buffer, name = io.BytesIO(), new_name("own")
    with zipfile.ZipFile(buffer, "w") as out:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        out.writestr(entry, """#!/bin/bash
API=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
  EVENT=$(curl -sS -D /tmp/head $API/invocation/next)
  ID=$(grep -i Lambda-Runtime-Aws-Request-Id /tmp/head | tr -d '\\r' | cut -d' ' -f2)
  case "$EVENT" in
    '"fail"') curl -sS -X POST $API/invocation/$ID/error -H 'Lambda-Runtime-Function-Error-Type: Own.Kind' \\
              -d '{"errorMessage": "own words", "errorType": "Own.Kind"}';;
    '"exit"') exit 7;;
    *) curl -sS -X POST $API/invocation/$ID/response -d "{\\"handler\\": \\"$_HANDLER\\", \\"root\\": \\"$LAMBDA_TASK_ROOT\\"}";;
  esac
done
""")
    layer = functions.publish_layer_version(LayerName=new_name("layer"), Content={"ZipFile": buffer.getvalue()})["LayerVersionArn"]
    functions.create_function(FunctionName=name, Runtime="provided.al2023", Role=role, Handler="my.own", Timeout=20, Layers=[layer],
                              Code={"ZipFile": zipped({"data": "x"})})
    assert call(name, {})[0] == {"handler": "my.own", "root": "/var/task"}
    value, answer = call(name, "fail")
    assert answer["FunctionError"] == "Unhandled" and value == {"errorMessage": "own words", "errorType": "Own.Kind"}
    value, answer = call(name, "exit", LogType="Tail")
    assert value["errorType"] == "Runtime.ExitError" and value["errorMessage"].endswith("Runtime exited with error: exit status 7")
    assert "REPORT" in base64.b64decode(answer["LogResult"]).decode()
    assert call(name, {})[0]["handler"] == "my.own"
    # A package without any bootstrap says so.
    bare = new_name("bare")
    functions.create_function(FunctionName=bare, Runtime="provided.al2023", Role=role, Handler="x", Code={"ZipFile": zipped({"data": "x"})})
    value, answer = call(bare)
    assert value["errorType"] == "Runtime.InvalidEntrypoint" and "bootstrap" in value["errorMessage"]


def test_the_machines_network(new_name):
    """With --task-network=host a function reaches what the machine reaches."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.sendall(b"from outside")
            connection.close()

    threading.Thread(target=greet, daemon=True).start()
    code = """
        import boto3, os, socket
        def handler(port, context):
            with socket.create_connection(("127.0.0.1", port), 5) as peer:
                heard = peer.recv(100).decode()
            return {"heard": heard, "who": boto3.client("sts").get_caller_identity()["Arn"]}
        """
    with Server(None, "--task-network", "host") as server:
        iam, functions = server.client("iam"), server.client("lambda")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        functions.create_function(FunctionName="out", Runtime="python3.11", Role=role, Handler="app.handler", Timeout=20, MemorySize=256,
                                  Code={"ZipFile": zipped({"app.py": code})})
        answers = [json.loads(functions.invoke(FunctionName="out", Payload=str(listener.getsockname()[1]))["Payload"].read())
                   for _ in range(2)]
        assert all(a == {"heard": "from outside", "who": f"arn:aws:sts::{server.account}:assumed-role/r/out"} for a in answers), answers
    listener.close()
