"""Why: a function that feeds what calls it runs for ever, and takes the machine with it. It is stopped after sixteen calls of one chain,
its event ends where failures end, and a chain that is meant goes on."""
import json
import time

import pytest
from botocore.config import Config

TELLS = "import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n"
# Feeds what called it, and counts its runs by objects. A client's import is most of a cold start: one for each environment.
FEEDS = """
    import boto3, json, os
    s3, FEED = boto3.client("s3"), boto3.client("SERVICE")
    def handler(event, context):
        s3.put_object(Bucket="BUCKET", Key=context.aws_request_id, Body=os.environ["_X_AMZN_TRACE_ID"])
        if len(s3.list_objects_v2(Bucket="BUCKET").get("Contents", [])) < MOST:
            feed(event, context)
    """
FEED = {"sqs": """
    def feed(event, context):
        FEED.send_message(QueueUrl=os.environ["QUEUE"], MessageBody="again")
    """, "lambda": """
    def feed(event, context):
        FEED.invoke(FunctionName=context.function_name, InvocationType="Event", Payload=json.dumps(event))
    """}
RIGHTS = ["logs:*", "s3:*", "sqs:*", "lambda:InvokeFunction"]


def traced(client, trace):
    """A client each of whose calls carries that header."""
    client.meta.events.register("before-sign.*", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", trace))
    return client


@pytest.fixture
def queue(client, new_name):
    """queue(**attributes) -> (URL, ARN)"""
    sqs = client("sqs")

    def make(**attributes):
        url = sqs.create_queue(QueueName=new_name("q"), Attributes=attributes)["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    return make


@pytest.fixture
def feeding(deploy, make_role, allow, bucket):
    """feeding(service, most) -> the name of a function that calls itself that way until it has run so often."""

    def make(service, most=40, **settings):
        code = (FEEDS + FEED[service]).replace("SERVICE", service).replace("BUCKET", bucket).replace("MOST", str(most))
        return deploy(code, Role=make_role(allow(RIGHTS)), **{"Timeout": 20, "MemorySize": 256, **settings})

    return make


def letter(client, url):
    """The one message that comes there."""
    for _ in range(4):
        if found := client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=10, MessageAttributeNames=["All"]).get("Messages"):
            return found[0]
    raise AssertionError("no message came")


def runs(client, bucket):
    return client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])


def test_the_seventeenth_call_of_a_chain_is_refused(server, deploy, functions, refused):
    name = deploy(TELLS)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    for _ in range(16):
        client = traced(server.client("lambda"), trace)
        trace = json.loads(client.invoke(FunctionName=name)["Payload"].read())
    assert trace.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=") and ":16" in trace
    refused("RecursiveInvocationException", "recursive loop", traced(server.client("lambda"), trace).invoke, FunctionName=name)
    assert functions.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert functions.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")["RecursiveLoop"] == "Allow"
    assert functions.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    assert ":17" in json.loads(traced(server.client("lambda"), trace).invoke(FunctionName=name)["Payload"].read())
    assert ":1" in json.loads(functions.invoke(FunctionName=name)["Payload"].read())  # another chain


def test_a_loop_over_a_queue_ends_in_its_dead_letters(client, functions, feeding, queue, bucket):
    dead_url, dead = queue()
    url, arn = queue(VisibilityTimeout="6", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1}))
    name = feeding("sqs", Environment={"Variables": {"QUEUE": url}}, Timeout=6)
    uuid = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)["UUID"]
    client("sqs").send_message(QueueUrl=url, MessageBody="begin")
    assert letter(client, dead_url)["Body"] == "again"
    assert len(runs(client, bucket)) == 16
    functions.delete_event_source_mapping(UUID=uuid)


def test_a_loop_of_asynchronous_calls_is_told_its_destination(client, functions, feeding, queue, bucket):
    failed_url, failed = queue()
    dead_url, dead = queue()
    name = feeding("lambda", DeadLetterConfig={"TargetArn": dead})
    functions.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": failed}})
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b"7")
    told = json.loads(letter(client, failed_url)["Body"])
    assert told["requestPayload"] == 7 and told["requestContext"]["condition"] == "RecursiveInvocation"
    assert "recursive loop" in letter(client, dead_url)["MessageAttributes"]["ErrorMessage"]["StringValue"]
    assert len(runs(client, bucket)) == 16


def test_a_chain_that_is_meant_goes_on(client, functions, feeding, bucket):
    name = feeding("lambda", most=19)
    functions.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    deadline = time.monotonic() + 30
    while len(runs(client, bucket)) < 19 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(runs(client, bucket)) == 19


@pytest.mark.parametrize("service", ["s3", "sns", "sqs"])
def test_a_trace_goes_along(service, server, client, functions, deploy, queue, bucket, new_name, make_role, allow):
    """What a service passes on to a function belongs to the chain of who called the service."""
    url, arn = queue()
    name = deploy("""
        import boto3, os
        def handler(event, context):
            boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=os.environ["_X_AMZN_TRACE_ID"])
        """, Role=make_role(allow(RIGHTS)), Timeout=20, MemorySize=256, Environment={"Variables": {"OUT": url}})
    function = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    trace = f"Root=1-5759e988-{new_name('x')[-8:]:0>24};Lineage=0123abcd:3"
    sender = traced(server.client(service), trace)
    if service != "sqs":
        functions.add_permission(FunctionName=name, StatementId="it", Action="lambda:InvokeFunction", Principal=f"{service}.amazonaws.com")
    if service == "s3":
        client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [
            {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}]})
        sender.put_object(Bucket=bucket, Key="k", Body=b"")
    elif service == "sns":
        topic = client("sns").create_topic(Name=new_name("t"))["TopicArn"]
        client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
        sender.publish(TopicArn=topic, Message="m")
    else:
        source_url, source = queue(VisibilityTimeout="20")
        functions.create_event_source_mapping(EventSourceArn=source, FunctionName=name)
        sender.send_message(QueueUrl=source_url, MessageBody="m")
    seen = letter(client, url)["Body"]
    assert seen.startswith(trace.split(";")[0]) and "Lineage=0123abcd:3|" in seen and seen.endswith(":1")
