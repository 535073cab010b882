"""Why: a Java handler that runs on Lambda must run here unchanged: by a method's name, by the interfaces of aws-lambda-java-core, with its
errors and logs told as AWS tells them. Needs a JDK; what is missing is said."""
import io
import json
import pathlib
import shutil
import subprocess
import time
import zipfile

import pytest

CLIENT = pathlib.Path(__file__).resolve().parents[3] / ".deps" / "lambda-java"
pytestmark = pytest.mark.skipif(not shutil.which("javac") or not CLIENT.is_dir(),
                                reason="no JDK, or no .deps/lambda-java (tools/setup.sh makes it where javac and mvn are)")

SOURCES = {"Hello.java": """
package own;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
public class Hello implements RequestHandler<Map<String, Object>, Map<String, Object>> {
  public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
    context.getLogger().log("seen " + event.get("name"));
    if ("raise".equals(event.get("name"))) throw new IllegalStateException("asked to");
    return Map.of("hello", event.get("name"), "id", context.getAwsRequestId(), "memory", context.getMemoryLimitInMB(),
                  "java", System.getProperty("java.specification.version"));
  }
}
""", "Doubled.java": """
package own;
public class Doubled {
  public int twice(int number) { return 2 * number; }
}
""", "Echo.java": """
package own;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.*;
public class Echo implements RequestStreamHandler {
  public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException { in.transferTo(out); }
}
"""}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The classes of SOURCES, in a jar: a deployment package as AWS takes it."""
    folder = tmp_path_factory.mktemp("java")
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    subprocess.run(["javac", "--release", "11", "-cp", f"{CLIENT}/*", "-d", "classes", *SOURCES], cwd=folder, check=True,
                   capture_output=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        for path in (folder / "classes").rglob("*.class"):
            jar.write(path, path.relative_to(folder / "classes"))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def java(functions, new_name, role, package):
    """java(handler) -> the name of a function of it."""

    def make(handler, runtime="java17"):
        name = new_name("java")
        functions.create_function(FunctionName=name, Runtime=runtime, Role=role, Handler=handler, Code={"ZipFile": package}, Timeout=30,
                                  MemorySize=512)
        return name

    return make


def test_the_interfaces_of_handlers(java, call, functions):
    name = java("own.Hello::handleRequest")
    value, answer = call(name, {"name": "tarn"}, LogType="Tail")
    assert (value["hello"], value["memory"]) == ("tarn", 512)
    assert value["id"] == answer["ResponseMetadata"]["RequestId"]
    value, answer = call(name, {"name": "raise"})
    assert answer["FunctionError"] == "Unhandled" and (value["errorType"], value["errorMessage"]) == (
        "java.lang.IllegalStateException", "asked to")
    assert any("own.Hello.handleRequest" in line for line in value["stackTrace"])
    assert call(java("own.Echo"), {"a": [1, "é"]})[0] == {"a": [1, "é"]}


def test_a_method_by_its_name(java, call):
    assert call(java("own.Doubled::twice", "java11"), 21)[0] == 42
    value, answer = call(java("own.None::twice"), 21)
    assert answer["FunctionError"] == "Unhandled" and "own.None" in json.dumps(value)


def test_what_is_written_is_logged(java, call, client):
    name = java("own.Hello")
    call(name, {"name": "log"})
    logs = client("logs")
    for _ in range(200):
        if logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"] and logs.filter_log_events(
                logGroupName=f"/aws/lambda/{name}", filterPattern='"seen log"')["events"]:
            return
        time.sleep(0.02)
    raise AssertionError("nothing was logged")
