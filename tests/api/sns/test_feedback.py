"""Delivery status logging: whoever asks why a message did not arrive, or whether it did, reads it in the topic's log groups. They are
written as the role that the topic names, for the protocols that it names."""
import hashlib
import http.server
import json
import queue
import threading
import time

import pytest
from botocore.exceptions import ClientError

LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


@pytest.fixture
def role(client, new_name):
    iam, name = client("iam"), new_name("role")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": LOGS, "Resource": "*"}]}))
    return arn


@pytest.fixture
def entries(client):
    """entries(topic, count, failures=False) -> what its log group tells, waited for."""
    logs = client("logs")

    def read(topic, count, failures=False):
        _, _, _, region, account, name = topic.split(":")
        group, found = f"sns/{region}/{account}/{name}" + ("/Failure" if failures else ""), []
        for _ in range(1000):
            try:
                found = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=group)["events"]]
            except logs.exceptions.ResourceNotFoundException:
                pass
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    return read


def ask(sns, topic, word, role, rate=None):
    for end in ("SuccessFeedbackRoleArn", "FailureFeedbackRoleArn"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName=word + end, AttributeValue=role)
    if rate is not None:
        sns.set_topic_attributes(TopicArn=topic, AttributeName=word + "SuccessFeedbackSampleRate", AttributeValue=rate)


def test_what_came_to_a_queue_is_told(sns, topic, make_queue, received, role, entries):
    ask(sns, topic, "SQS", role, "100")
    told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert told["SQSSuccessFeedbackRoleArn"] == told["SQSFailureFeedbackRoleArn"] == role and told["SQSSuccessFeedbackSampleRate"] == "100"
    url, arn = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    id_ = sns.publish(TopicArn=topic, Message="hello")["MessageId"]
    (message,) = received(url, 1)
    (entry,) = entries(topic, 1)
    assert entry["status"] == "SUCCESS"
    assert entry["notification"] | {"timestamp": None} == {
        "messageMD5Sum": hashlib.md5(b"hello").hexdigest(), "messageId": id_, "topicArn": topic, "timestamp": None}
    delivery = entry["delivery"]
    assert (delivery["destination"], delivery["attempts"], delivery["statusCode"]) == (arn, 1, 200)
    assert json.loads(delivery["providerResponse"])["sqsMessageId"] == message["MessageId"]
    assert delivery["dwellTimeMs"] >= 0


def test_what_did_not_come_is_told_beside_it(sns, topic, make_queue, role, entries):
    ask(sns, topic, "SQS", role)
    _, arn = make_queue()  # whose policy does not let the topic
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    (entry,) = entries(topic, 1, failures=True)
    assert entry["status"] == "FAILURE" and entry["delivery"]["statusCode"] == 403
    response = json.loads(entry["delivery"]["providerResponse"])
    assert "AccessDenied" in response["ErrorCode"] and response["ErrorMessage"] and response["sqsRequestId"] == "Unrecoverable"


def test_endpoints_of_http_and_the_sample(sns, topic, role, entries):
    tokens = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if message["Type"] == "SubscriptionConfirmation":
                tokens.put(message["Token"])
            self.send_response(200 if self.path == "/good" else 400)
            self.end_headers()
            self.wfile.write(b"thanks")

        def log_message(self, *_):
            pass

    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        for path in ("good", "bad"):
            url = f"http://127.0.0.1:{receiver.server_port}/{path}"
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
            sns.confirm_subscription(TopicArn=topic, Token=tokens.get(timeout=20))
        ask(sns, topic, "HTTP", role, "100")
        sns.publish(TopicArn=topic, Message="one")
        (good,), (bad,) = entries(topic, 1), entries(topic, 1, failures=True)
        assert good["delivery"]["providerResponse"] == "thanks" and good["delivery"]["statusCode"] == 200
        assert bad["delivery"]["statusCode"] == 400 and bad["delivery"]["destination"].endswith("/bad")
        ask(sns, topic, "HTTP", role, "0")
        sns.publish(TopicArn=topic, Message="two")
        assert len(entries(topic, 2, failures=True)) == 2 and len(entries(topic, 1)) == 1
    finally:
        receiver.shutdown()


def test_attributes_that_are_refused(sns, topic, role):
    for name, value in (("SQSSuccessFeedbackSampleRate", "101"), ("SQSSuccessFeedbackSampleRate", "x"),
                        ("LambdaFailureFeedbackRoleArn", "x"), ("SQSFailureFeedbackSampleRate", "1"),
                        ("FirehoseSuccessFeedbackRoleArn", role)):
        with pytest.raises(ClientError, match="InvalidParameter"):
            sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SQSFailureFeedbackRoleArn", AttributeValue=role)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SQSFailureFeedbackRoleArn", AttributeValue="")
    assert "SQSFailureFeedbackRoleArn" not in sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def test_the_role_must_be_passed(topic, role, user_client, allow):
    with pytest.raises(ClientError, match="iam:PassRole"):
        user_client("sns", allow("sns:*")).set_topic_attributes(
            TopicArn=topic, AttributeName="SQSFailureFeedbackRoleArn", AttributeValue=role)
