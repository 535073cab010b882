"""HTTP endpoints: the handshake by a token, signed messages, retries by the policy. The clock is virtual: its pauses pass at once."""
import base64
import contextlib
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import urllib.request

import pytest

from support.models import tarn_client
from support.server import Server


class Receiver:
    """Answers what `statuses` says (the last one from then on), and keeps what came."""

    def __init__(self):
        self.statuses, self.came, self.changed = [200], [], threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.changed:
                    status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                    receiver.came.append((dict(self.headers), body.decode()))
                    receiver.changed.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.came) >= count, 20), f"{len(self.came)} of {count} came"
            return self.came[count - 1]


@pytest.fixture
def receiver():
    one = Receiver()
    with contextlib.closing(one.server.socket):
        yield one
        one.server.shutdown()


SIGNED = {"Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
          **{f"{kind}Confirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
             for kind in ("Subscription", "Unsubscribe")}}


def check_signature(message):
    text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED[message["Type"]] if name in message)
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        (at / "certificate").write_bytes(urllib.request.urlopen(message["SigningCertURL"]).read())
        (at / "signature").write_bytes(base64.b64decode(message["Signature"]))
        (at / "text").write_text(text)
        key = subprocess.run(["openssl", "x509", "-in", at / "certificate", "-pubkey", "-noout"], capture_output=True, check=True).stdout
        (at / "key").write_bytes(key)
        digest = "-sha256" if message["SignatureVersion"] == "2" else "-sha1"
        subprocess.run(["openssl", "dgst", digest, "-verify", at / "key", "-signature", at / "signature", at / "text"],
                       capture_output=True, check=True)


def confirmed(sns, topic, receiver, **attributes):
    asked = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url, Attributes=attributes)
    assert asked["SubscriptionArn"] == "pending confirmation"
    headers, body = receiver.wait(1)
    message = json.loads(body)
    assert headers["x-amz-sns-message-type"] == message["Type"] == "SubscriptionConfirmation"
    assert headers["Accept-Encoding"] == "gzip,deflate" and "x-amz-sns-subscription-arn" not in headers
    check_signature(message)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    assert b"<SubscriptionArn>" in urllib.request.urlopen(message["SubscribeURL"]).read()
    return sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"]


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_handshake_and_a_signed_message(virtual, receiver, new_name, version):
    sns = virtual.client("sns")
    topic = sns.create_topic(Name=new_name("topic"), Attributes={"SignatureVersion": version})["TopicArn"]
    subscription = confirmed(sns, topic, receiver)
    sns.publish(TopicArn=topic, Message="hello", Subject="s")
    headers, body = receiver.wait(2)
    message = json.loads(body)
    assert headers["x-amz-sns-subscription-arn"] == subscription and message["Message"] == "hello"
    check_signature(message)
    urllib.request.urlopen(message["UnsubscribeURL"]).read()
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_who_left_by_the_link_is_told_and_comes_back(virtual, receiver, new_name):
    sns = virtual.client("sns")
    topic = sns.create_topic(Name=new_name("topic"))["TopicArn"]
    subscription = confirmed(sns, topic, receiver)
    sns.publish(TopicArn=topic, Message="first")
    urllib.request.urlopen(json.loads(receiver.wait(2)[1])["UnsubscribeURL"]).read()
    headers, body = receiver.wait(3)
    last = json.loads(body)
    assert headers["x-amz-sns-message-type"] == last["Type"] == "UnsubscribeConfirmation"
    assert headers["x-amz-sns-subscription-arn"] == subscription
    assert subscription in last["Message"] and last["SubscribeURL"].endswith(last["Token"])
    check_signature(last)
    sns.publish(TopicArn=topic, Message="nobody hears it")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_subscription_attributes(SubscriptionArn=subscription)
    urllib.request.urlopen(last["SubscribeURL"]).read()
    sns.publish(TopicArn=topic, Message="again")
    assert json.loads(receiver.wait(4)[1])["Message"] == "again"
    sns.unsubscribe(SubscriptionArn=subscription)  # signed: nothing is said
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "0"


def test_nothing_comes_before_the_confirmation(virtual, receiver, new_name):
    sns = virtual.client("sns")
    topic = sns.create_topic(Name=new_name("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    token = json.loads(receiver.wait(1)[1])["Token"]
    sns.publish(TopicArn=topic, Message="early")
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.confirm_subscription(TopicArn=topic, Token="wrong")
    sns.confirm_subscription(TopicArn=topic, Token=token)
    sns.publish(TopicArn=topic, Message="late")
    assert json.loads(receiver.wait(2)[1])["Message"] == "late"


def test_raw_with_retries(virtual, receiver, new_name):
    sns = virtual.client("sns")
    topic = sns.create_topic(Name=new_name("topic"))["TopicArn"]
    confirmed(sns, topic, receiver, RawMessageDelivery="true", DeliveryPolicy=json.dumps({
        "healthyRetryPolicy": {"minDelayTarget": 60, "maxDelayTarget": 60, "numRetries": 2},
        "requestPolicy": {"headerContentType": "application/json"}}))
    receiver.statuses = [503, 503, 200]
    sns.publish(TopicArn=topic, Message="{}")
    receiver.wait(2)
    tarn_client(virtual).advance_clock(Seconds=61)
    receiver.wait(3)
    tarn_client(virtual).advance_clock(Seconds=61)
    headers, body = receiver.wait(4)
    assert body == "{}" and headers["Content-Type"] == "application/json" and headers["x-amz-sns-rawdelivery"] == "true"


def test_what_is_refused_is_a_dead_letter(virtual, receiver, new_name):
    sns, sqs = virtual.client("sns"), virtual.client("sqs")
    topic = sns.create_topic(Name=new_name("topic"))["TopicArn"]
    url = sqs.create_queue(QueueName=new_name("queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    confirmed(sns, topic, receiver, RedrivePolicy=json.dumps({"deadLetterTargetArn": arn}))
    receiver.statuses = [403]
    sns.publish(TopicArn=topic, Message="no")
    [got] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(got["Body"])["Message"] == "no"


def test_another_accounts_queue_is_asked(new_name):
    with Server(None, "--account", "111111111111", "--account", "222222222222") as server:
        topics, queues = server.client("sns", account="111111111111"), server.client("sqs", account="222222222222")
        topic = topics.create_topic(Name="t")["TopicArn"]
        url = queues.create_queue(QueueName="q")["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:222222222222:q"
        queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
        assert topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"] == "pending confirmation"
        [got] = queues.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        urllib.request.urlopen(json.loads(got["Body"])["SubscribeURL"]).read()
        topics.publish(TopicArn=topic, Message="x")
        messages = []
        while len(messages) < 1:
            came = queues.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
            messages += [message for message in came if message["MessageId"] != got["MessageId"]]
        assert json.loads(messages[0]["Body"])["Message"] == "x"
