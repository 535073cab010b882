"""Mail: through an SMTP server where there is one, else kept for `tarn mail`, as text messages and pushes always are."""
import email
import email.policy
import json
import socket
import subprocess
import threading

import pytest

from support.models import tarn_client
from support.server import TARN, Server


class Smtp:
    """Just enough of a server to take mail; keeps (sender, receivers, message)."""

    def __init__(self, refuse=False):
        self.came, self.changed, self.refuse = [], threading.Condition(), refuse
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        lines = connection.makefile("rwb")

        def say(text):
            lines.write(text.encode() + b"\r\n")
            lines.flush()

        say("220 test")
        sender, receivers = None, []
        for raw in lines:
            line = raw.decode().strip()
            word = line.upper()
            if word.startswith("MAIL FROM"):
                sender = line[10:]
                say("250 ok")
            elif word.startswith("RCPT TO"):
                receivers.append(line[8:])
                say("550 no" if self.refuse else "250 ok")
            elif word == "DATA":
                say("354 go on")
                message = b""
                for part in lines:
                    if part == b".\r\n":
                        break
                    message += part
                with self.changed:
                    self.came.append((sender, receivers, message))
                    self.changed.notify_all()
                say("250 ok")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.came) >= count, 20)
            return self.came[count - 1]


def text_of(message):
    return email.message_from_bytes(message, policy=email.policy.default).get_content()


def confirm(sns, topic, text):
    token = text.split("Token=")[1].split()[0]
    return sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]


def test_mail_leaves_through_the_server(new_name):
    smtp = Smtp()
    with Server(None, "--smtp", f"127.0.0.1:{smtp.port}", "--smtp-tls", "none", "--smtp-from", "tarn@example.org") as server:
        sns = server.client("sns")
        topic = sns.create_topic(Name="t", Attributes={"DisplayName": "Örders"})["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.org")
        sender, receivers, message = smtp.wait(1)
        assert (sender, receivers) == ("<tarn@example.org>", ["<a@example.org>"])
        confirm(sns, topic, text_of(message))
        sns.publish(TopicArn=topic, Message="böo\n.\nend", Subject="the subject")
        parsed = email.message_from_bytes(smtp.wait(2)[2], policy=email.policy.default)
        assert parsed["Subject"] == "the subject" and "Örders" in parsed["From"]
        assert parsed.get_content().startswith("böo\n.\nend")


def test_without_a_server_it_is_kept(server, client, new_name):
    sns = client("sns")
    topic = sns.create_topic(Name=new_name("topic"))["TopicArn"]
    address = new_name("who") + "@example.org"
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    sns.publish(PhoneNumber="+4912345678", Message="a text")
    letters = tarn_client(server).list_mail(MaxResults=1000)["Letters"]
    mine = next(letter for letter in letters if letter["To"] == address)
    assert mine["State"] == "kept" and "confirm" in mine["Body"]
    confirm(sns, topic, mine["Body"])
    sns.publish(TopicArn=topic, Message="kept too")
    assert tarn_client(server).get_mail(Number=mine["Number"])["Letter"] == mine
    listed = subprocess.run([TARN, "mail", "--data-dir", server.data_dir], capture_output=True, text=True, check=True).stdout
    line = next(line for line in listed.splitlines() if address in line)
    whole = subprocess.run([TARN, "mail", line.split()[0], "--data-dir", server.data_dir],
                           capture_output=True, text=True, check=True).stdout
    assert "kept too" in whole and "+4912345678" in listed


def test_mail_as_json_and_text_messages_of_topics(server, client, new_name):
    sns = client("sns")
    topic = sns.create_topic(Name=new_name("topic"))["TopicArn"]
    address = new_name("who") + "@example.org"
    sns.subscribe(TopicArn=topic, Protocol="email-json", Endpoint=address)
    assert sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+4987654321")["SubscriptionArn"].startswith(topic)

    def letters():
        return [one for one in tarn_client(server).list_mail(MaxResults=1000)["Letters"] if one.get("Source") == topic]

    [asked] = letters()
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(asked["Body"])["Token"])
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "long", "sms": "short"}), MessageStructure="json", Subject="s")
    told = {one["Kind"]: one for one in letters() if one["Number"] != asked["Number"]}
    assert told["sms"]["To"] == "+4987654321" and told["sms"]["Body"] == "short"
    assert json.loads(told["email"]["Body"])["Message"] == "long" and told["email"]["Subject"] == "s"


def test_a_refused_mail_says_so():
    smtp = Smtp(refuse=True)
    with Server(None, "--smtp", f"127.0.0.1:{smtp.port}", "--smtp-tls", "none") as server:
        sns = server.client("sns")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.org")
        for _ in range(200):
            [letter] = tarn_client(server).list_mail()["Letters"]
            if letter["State"] == "failed":
                break
        assert letter["State"] == "failed" and "550" in letter["Why"]


def test_a_number_that_is_none(server):
    done = subprocess.run([TARN, "mail", "17", "--data-dir", server.data_dir], capture_output=True, text=True)
    assert done.returncode == 1 and "NoSuchLetter" in done.stderr
