"""Why: that a function which is said to have run has run, with its own rights, within its limits, and that its end is told as
AWS tells it."""
import base64
import json
import platform
import re
import time

import pytest


def test_it_runs_with_event_context_and_log(deploy, call, account):
    name = deploy("""
        def handler(event, context):
            print("seen", event["x"])
            return {"x": event["x"] + 1, "id": context.aws_request_id, "arn": context.invoked_function_arn,
                    "memory": context.memory_limit_in_mb,
                    "left": context.get_remaining_time_in_millis(), "client": context.client_context.custom["k"]}
        """, MemorySize=192)
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    value, answer = call(name, {"x": 1}, LogType="Tail", ClientContext=context)
    assert (value["x"], value["memory"], value["client"]) == (2, "192", "v")
    assert value["arn"] == f"arn:aws:lambda:us-east-1:{account}:function:{name}" and 2000 < value["left"] <= 3000
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST") and "FunctionError" not in answer
    assert value["id"] == answer["ResponseMetadata"]["RequestId"]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert re.fullmatch(
        r"START RequestId: (\S+) Version: \$LATEST\nseen 1\nEND RequestId: \1\nREPORT RequestId: \1\tDuration: [\d.]+ ms\t"
        r"Billed Duration: \d+ ms\tMemory Size: 192 MB\tMax Memory Used: [1-9]\d* MB\tInit Duration: [\d.]+ ms\t\n", log), log


def test_a_function_for_another_processor_runs_on_this_one(deploy, functions, call, logged):
    """Python is the same on all; the log says what runs it, for whoever packed native code."""
    other = "arm64" if platform.machine() == "x86_64" else "x86_64"
    name = deploy("def handler(e, c):\n    return 1\n", Architectures=[other])
    assert functions.get_function_configuration(FunctionName=name)["Architectures"] == [other]
    assert call(name)[0] == 1
    assert f"The function is for {other} and runs on" in logged(name)[0]


def test_an_environment_is_kept_warm(deploy, call):
    name = deploy("calls = 0\ndef handler(e, c):\n    global calls\n    calls += 1\n    return calls\n")
    assert [call(name)[0] for _ in range(3)] == [1, 2, 3]


def test_errors_as_aws_tells_them(deploy, call):
    value, answer = call(deploy("def handler(e, c):\n    raise ValueError('no good')\n"))
    assert answer["FunctionError"] == "Unhandled" and answer["StatusCode"] == 200
    assert (value["errorType"], value["errorMessage"]) == ("ValueError", "no good") and "requestId" in value
    assert value["stackTrace"] == ['  File "/var/task/app.py", line 2, in handler\n    raise ValueError(\'no good\')\n']
    value, answer = call(deploy("import nothing_of_that_name\n"))
    assert value["errorType"] == "Runtime.ImportModuleError"
    assert "Unable to import module 'app': No module named 'nothing_of_that_name'" in value["errorMessage"]
    value, _ = call(deploy("x = 1\n"))
    assert value["errorType"] == "Runtime.HandlerNotFound" and "Handler 'handler' missing on module 'app'" in value["errorMessage"]
    value, _ = call(deploy("def handler(e, c): return object()\n"))
    assert value["errorType"] == "Runtime.MarshalError"


def test_timeouts_crashes_and_memory(deploy, call):
    value, answer = call(deploy("import time\ndef handler(e, c): time.sleep(60)\n", Timeout=1), LogType="Tail")
    assert value["errorType"] == "Sandbox.Timedout" and value["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in base64.b64decode(answer["LogResult"]).decode()
    value, answer = call(deploy("import os\ndef handler(e, c): os._exit(3)\n", Timeout=20))
    assert value["errorType"] == "Runtime.ExitError" and value["errorMessage"].endswith("Runtime exited with error: exit status 3")
    value, answer = call(deploy("def handler(e, c): return len(bytearray(400 << 20))\n", Timeout=20))
    assert answer["FunctionError"] == "Unhandled" and "signal: killed" in value["errorMessage"]


def test_it_acts_with_its_roles_rights(deploy, call, make_role, allow, client, new_name):
    bucket = new_name("data")
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="in", Body=b"bytes")
    code = """
        import boto3, os
        def handler(event, context):
            s3 = boto3.client("s3")
            try:
                return s3.get_object(Bucket=event["bucket"], Key="in")["Body"].read().decode()
            except Exception as problem:
                return [str(problem), boto3.client("sts").get_caller_identity()["Arn"]]
        """
    may = make_role(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    assert call(deploy(code, Role=may, Timeout=20, MemorySize=256), {"bucket": bucket})[0] == "bytes"
    name = deploy(code, Timeout=20, MemorySize=256)
    problem, arn = call(name, {"bucket": bucket})[0]
    assert "AccessDenied" in problem and "s3:GetObject" in problem
    assert ":assumed-role/" in arn and arn.endswith("/" + name)


def test_it_sees_its_code_and_nothing_of_the_server(deploy, call, server):
    code = """
        import os, socket
        def handler(event, context):
            def tried(f):
                try: return f()
                except OSError as e: return e.strerror
            return {"task": sorted(os.listdir("/var/task")), "data": tried(lambda: os.listdir(event["data"])),
                    "write": tried(lambda: open("/var/task/x", "w")), "tmp": tried(lambda: open("/tmp/x", "w").write("y")),
                    "out": tried(lambda: socket.create_connection(("192.0.2.1", 80), 1)), "user": os.getuid()}
        """
    seen = call(deploy(code), {"data": str(server.data_dir)})[0]
    assert seen["task"] == ["app.py"] and seen["data"] == "No such file or directory" and seen["write"] == "Read-only file system"
    assert seen["tmp"] == 1 and seen["out"] == "Network is unreachable" and seen["user"] != 0


def test_the_log_says_why_there_is_no_network(deploy, call):
    name = deploy("import socket\ndef handler(e, c): socket.create_connection(('192.0.2.1', 80), 1)\n")
    value, answer = call(name, LogType="Tail")
    assert "Network is unreachable" in value["errorMessage"]
    assert "--task-network=host" in base64.b64decode(answer["LogResult"]).decode()


def test_a_log_group_has_what_it_wrote(deploy, call, client, functions):
    name = deploy("def handler(e, c): print('line of ' + e)\n")
    call(name, "mine")
    logs = client("logs")
    for _ in range(200):  # behind the call
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            events = []
        if len(events) >= 4:
            break
        time.sleep(0.02)
    messages = [e["message"].split(" ")[0] for e in events]
    assert messages == ["START", "line", "END", "REPORT"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", events[0]["logStreamName"])


def test_asynchronous_calls_happen(deploy, functions, client, new_name, make_role, allow):
    bucket = new_name("out")
    s3 = client("s3")
    s3.create_bucket(Bucket=bucket)
    role = make_role(allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    name = deploy("import boto3\ndef handler(e, c): boto3.client('s3').put_object(Bucket=e['bucket'], Key='done', Body=b'')\n",
                  Role=role, Timeout=20, MemorySize=256)
    answer = functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"bucket": bucket}))
    assert answer["StatusCode"] == 202
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="done", WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})


def test_dry_runs_payloads_and_concurrency(deploy, functions, refused):
    name = deploy("def handler(e, c): return e\n")
    assert functions.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    refused("InvalidRequestContentException", "Could not parse request body into json", functions.invoke, FunctionName=name, Payload=b"{")
    refused("RequestTooLargeException", "too large", functions.invoke, FunctionName=name, Payload=b'"' + b"x" * (6 << 20) + b'"')
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    response = refused("TooManyRequestsException", "Rate Exceeded", functions.invoke, FunctionName=name)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    functions.delete_function_concurrency(FunctionName=name)
    assert functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") is None
    assert functions.invoke(FunctionName=name, Payload=b'{"a":1}')["Payload"].read() == b'{"a": 1}'


def test_node(functions, new_name, role, call):
    import io
    import zipfile
    buffer, name = io.BytesIO(), new_name("node")
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("index.mjs", "export const handler = async (event, context) => {\n"
                                  "  if (event.fail) throw new TypeError('no');\n  console.log('seen', event.x);\n"
                                  "  return { x: event.x + 1, id: context.awsRequestId };\n};\n")
    functions.create_function(FunctionName=name, Runtime="nodejs20.x", Role=role, Handler="index.handler", Timeout=20,
                              MemorySize=256, Code={"ZipFile": buffer.getvalue()})
    value, answer = call(name, {"x": 1}, LogType="Tail")
    assert value == {"x": 2, "id": answer["ResponseMetadata"]["RequestId"]}
    assert "INFO\tseen 1\n" in base64.b64decode(answer["LogResult"]).decode()
    value, answer = call(name, {"fail": True})
    assert answer["FunctionError"] == "Unhandled" and (value["errorType"], value["errorMessage"]) == ("TypeError", "no")


def test_a_custom_runtime(functions, new_name, role, call):
    import io
    import zipfile
    buffer, name = io.BytesIO(), new_name("own")
    with zipfile.ZipFile(buffer, "w") as out:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        out.writestr(entry, "#!/bin/bash\nwhile true; do\n"
                            "  EVENT=$(curl -sS -D /tmp/head http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next)\n"
                            "  ID=$(grep -i Lambda-Runtime-Aws-Request-Id /tmp/head | tr -d '\\r' | cut -d' ' -f2)\n"
                            "  curl -sS -X POST http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$ID/response -d \"[$EVENT]\"\n"
                            "done\n")
    functions.create_function(FunctionName=name, Runtime="provided.al2023", Role=role, Handler="any", Timeout=20,
                              Code={"ZipFile": buffer.getvalue()})
    assert call(name, {"a": 1})[0] == [{"a": 1}]
