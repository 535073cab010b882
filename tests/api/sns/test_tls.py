"""What leaves over TLS: mail with STARTTLS or TLS from the first byte and a login, and HTTPS endpoints. A certificate that no
trusted authority has signed is refused: then nothing is said to the other side."""
import base64
import contextlib
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import urllib.request

import pytest

from support.models import tarn_client
from support.server import Server


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "certificate"],
                   capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return str(folder / "certificate"), context


@contextlib.contextmanager
def serving(*options, **environment):
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        server = Server(None, *options)
        with server:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
            yield server
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


class Smtp:
    """Takes mail over TLS of whoever logs in: `logins` and `came` are what it got."""

    def __init__(self, context, whole):
        self.context, self.whole = context, whole
        self.logins, self.came, self.changed = [], [], threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.guarded, args=(connection,), daemon=True).start()

    def guarded(self, connection):
        with contextlib.suppress(OSError):
            self.talk(connection)

    def talk(self, connection):
        encrypted = self.whole
        if encrypted:
            connection = self.context.wrap_socket(connection, server_side=True)
        lines = connection.makefile("rwb", buffering=0)
        say = lambda text: lines.write(text.encode() + b"\r\n")
        say("220 test")
        while raw := lines.readline():
            word = raw.decode().strip()
            if word.startswith("EHLO"):
                say("250-test\r\n250 AUTH PLAIN" if encrypted else "250-test\r\n250 STARTTLS")
            elif word == "STARTTLS":
                say("220 go on")
                connection = self.context.wrap_socket(connection, server_side=True)
                lines, encrypted = connection.makefile("rwb", buffering=0), True
            elif word.startswith("AUTH PLAIN"):
                text = word.removeprefix("AUTH PLAIN").strip()
                if not text:
                    say("334 ")
                    text = lines.readline().decode().strip()
                self.logins.append(base64.b64decode(text).split(b"\0")[1:])
                say("235 ok")
            elif word == "DATA":
                say("354 go on")
                message = b""
                while (part := lines.readline()) != b".\r\n":
                    message += part
                with self.changed:
                    self.came.append(message)
                    self.changed.notify_all()
                say("250 ok")
            elif word == "QUIT":
                return say("221 bye")
            else:
                say("250 ok")

    def wait(self, count=1):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.came) >= count, 20), "no mail came"
            return self.came[count - 1]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_mail_with_tls_and_a_login(authority, tls):
    trusted, context = authority
    smtp = Smtp(context, whole=tls == "tls")
    with serving("--smtp", f"127.0.0.1:{smtp.port}", "--smtp-tls", tls, "--smtp-user", "who", SSL_CERT_FILE=trusted,
                 TARN_SMTP_PASSWORD="pass word") as server:
        sns = server.client("sns")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.org")
        assert b"To: <a@example.org>" in smtp.wait()
    assert smtp.logins == [[b"who", b"pass word"]]


def test_mail_does_not_go_to_a_server_that_nobody_vouches_for(authority):
    smtp = Smtp(authority[1], whole=False)
    with serving("--clock", "virtual", "--smtp", f"127.0.0.1:{smtp.port}", "--smtp-user", "who", TARN_SMTP_PASSWORD="secret") as server:
        sns = server.client("sns")
        sns.subscribe(TopicArn=sns.create_topic(Name="t")["TopicArn"], Protocol="email", Endpoint="a@example.org")
        tarn_client(server).advance_clock(Seconds=86_400 * 2)
        [letter] = tarn_client(server).list_mail()["Letters"]
        assert letter["State"] == "failed" and "certificate" in letter["Why"]
    assert smtp.logins == [] and smtp.came == []


@pytest.fixture
def receiver(authority):
    """An HTTPS server: (its URL, the messages that it got)."""
    came, changed = [], threading.Condition()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with changed:
                came.append(json.loads(body))
                changed.notify_all()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):  # a client that does not believe the certificate
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = authority[1].wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def wait(count):
        with changed:
            assert changed.wait_for(lambda: len(came) >= count, 20), f"{len(came)} of {count} came"
            return came[count - 1]

    yield f"https://127.0.0.1:{server.server_port}/hook", wait, came
    server.shutdown()


def test_an_https_endpoint(authority, receiver):
    url, wait, _ = receiver
    with serving(SSL_CERT_FILE=authority[0]) as server:
        sns = server.client("sns")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=url)
        urllib.request.urlopen(wait(1)["SubscribeURL"]).read()
        sns.publish(TopicArn=topic, Message="safe")
        assert wait(2)["Message"] == "safe"


def test_an_endpoint_that_nobody_vouches_for_gets_nothing(receiver):
    url, _, came = receiver
    with serving("--clock", "virtual") as server:
        sns, sqs = server.client("sns"), server.client("sqs")
        topic = sns.create_topic(Name="t")["TopicArn"]
        queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{server.account}:dead"
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
        asked = sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=url, ReturnSubscriptionArn=True,
                              Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})})["SubscriptionArn"]
        tarn_client(server).advance_clock(Seconds=3600)
        assert came == []
        assert sns.get_subscription_attributes(SubscriptionArn=asked)["Attributes"]["PendingConfirmation"] == "true"
