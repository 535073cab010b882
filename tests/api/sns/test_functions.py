"""A function that subscribes is called with the event that AWS would call it with, if its policy lets the topic."""
import io
import json
import zipfile

import pytest

CODE = """
import json, os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


@pytest.fixture
def forwarder(client, new_name, account, allow, make_queue):
    """(a function's ARN, the URL of the queue that it sends its events to)."""
    url, arn = make_queue()
    name = new_name("fn")
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(allow("sqs:SendMessage", arn)))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", CODE)
    made = client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role=f"arn:aws:iam::{account}:role/{name}", Handler="app.handler", Timeout=20,
        Environment={"Variables": {"QUEUE": url}}, Code={"ZipFile": archive.getvalue()})
    return made["FunctionArn"], url


def test_a_function_is_called(sns, client, topic, forwarder, received):
    function, url = forwarder
    client("lambda").add_permission(FunctionName=function, StatementId="sns", Action="lambda:InvokeFunction",
                                    Principal="sns.amazonaws.com", SourceArn=topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    sent = sns.publish(TopicArn=topic, Message="hello", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    [record] = json.loads(received(url, 1)[0]["Body"])["Records"]
    assert (record["EventSource"], record["EventVersion"], record["EventSubscriptionArn"]) == ("aws:sns", "1.0", subscription)
    told = record["Sns"]
    assert (told["MessageId"], told["Message"], told["Subject"], told["TopicArn"]) == (sent["MessageId"], "hello", None, topic)
    assert told["MessageAttributes"] == {"a": {"Type": "String", "Value": "b"}}
    assert told["SigningCertUrl"] and told["UnsubscribeUrl"] and told["Signature"]


def test_a_function_that_does_not_let_it_is_not_called(sns, topic, forwarder, make_queue, received):
    function, _ = forwarder
    url, arn = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})})
    sns.publish(TopicArn=topic, Message="barred")
    assert json.loads(received(url, 1)[0]["Body"])["Message"] == "barred"
