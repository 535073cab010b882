"""Why: a burst must cost time, not memory: a queue of ten thousand messages and a hundred functions at once, on a small machine, leave the
server's own memory and that of the functions within bounds."""
import concurrent.futures
import json
import pathlib
import time

import pytest
from botocore.config import Config

from .conftest import TRUST, zipped
from support.server import Server

MESSAGES, FUNCTIONS, LONG_MEMORY = 10_000, 100, 128
SERVER_MIB = 120     # at its highest, with a hundred environments
FUNCTION_MIB = 12    # of each: an interpreter and what it has imported, what is shared counted once

pytestmark = pytest.mark.own_server


def status_kb(pid, field):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(field + ":")), 0)


def task_kb():
    """The memory of all functions of this test, what they share counted once."""
    total = 0
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and b"AWS_LAMBDA_FUNCTION_NAME=load" in (folder / "environ").read_bytes():
                text = (folder / "smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        except OSError:
            continue  # it has ended meanwhile
    return total


@pytest.fixture(scope="module")
def server():
    with Server() as it:
        iam = it.client("iam")
        it.role = iam.create_role(RoleName="load", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName="load", PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}))
        yield it


def deploy(server, name, code):
    server.client("lambda").create_function(FunctionName=name, Runtime="python3.11", Role=server.role, Handler="app.handler", Timeout=30,
                                            MemorySize=LONG_MEMORY, Code={"ZipFile": zipped({"app.py": code})})


def test_a_hundred_functions_at_once(server):
    deploy(server, "load-many", "import time\ndef handler(e, c):\n    time.sleep(4)\n    return e\n")
    functions = server.client("lambda", config=Config(max_pool_connections=FUNCTIONS))
    with concurrent.futures.ThreadPoolExecutor(FUNCTIONS) as pool:
        calls = [pool.submit(functions.invoke, FunctionName="load-many", Payload=str(n)) for n in range(FUNCTIONS)]
        most = 0
        while not all(call.done() for call in calls):
            most = max(most, task_kb())
            time.sleep(0.1)
        assert sorted(int(call.result()["Payload"].read()) for call in calls) == list(range(FUNCTIONS))
    own = status_kb(server.process.pid, "VmHWM")
    print(f"{FUNCTIONS} functions at once: the server's peak {own >> 10} MiB, the functions' {most >> 10} MiB")
    assert own < SERVER_MIB << 10 and most < FUNCTION_MIB * FUNCTIONS << 10
    assert most > 3 * FUNCTIONS << 10, "they did not run at once: the test has shown nothing"


def test_a_long_queue(server):
    deploy(server, "load-queue", "def handler(event, context): return len(event['Records'])\n")
    sqs, functions = server.client("sqs"), server.client("lambda")
    url = sqs.create_queue(QueueName="long", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def send(batch):
        server.client("sqs").send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": f"{batch} {n} " + "x" * 1000} for n in range(10)])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(MESSAGES // 10)))
    before = status_kb(server.process.pid, "VmRSS")
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="load-queue", BatchSize=10)
    deadline, left = time.monotonic() + 60, None
    while left != (0, 0) and time.monotonic() < deadline:
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        left = int(got["ApproximateNumberOfMessages"]), int(got["ApproximateNumberOfMessagesNotVisible"])
        time.sleep(0.1)
    own, functions_kb = status_kb(server.process.pid, "VmHWM"), task_kb()
    print(f"{MESSAGES} messages: the server from {before >> 10} to {own >> 10} MiB at most, the functions {functions_kb >> 10} MiB")
    assert left == (0, 0) and own < SERVER_MIB << 10 and functions_kb < FUNCTION_MIB * FUNCTIONS << 10
