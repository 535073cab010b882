"""API destinations: an HTTP endpoint gets the event as its connection says, and what is secret is shown to nobody."""
import base64
import http.server
import json
import queue as queues
import threading
import time

import pytest
from botocore.exceptions import ClientError

SECRET = "passw0rd-7"


@pytest.fixture
def endpoint():
    """An HTTP server that answers what `answers` says, else 200; and the requests that it got."""
    got, answers = queues.Queue(), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            got.put((self.command, self.path, dict(self.headers), body))
            status, text = (200, '{"access_token": "token-1"}') if not answers else answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_PUT = do_GET = handle_any

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got, answers
    server.shutdown()


@pytest.fixture
def role(client, new_name, account):
    name = new_name("role")
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                "Principal": {"Service": "events.amazonaws.com"}}]}))
    client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": "*"}]}))
    return f"arn:aws:iam::{account}:role/{name}"


def send(events, bus, role, connection, url, new_name, detail=None, **target):
    destination = events.create_api_destination(Name=new_name("api"), ConnectionArn=connection, InvocationEndpoint=url,
                                                HttpMethod="POST")["ApiDestinationArn"]
    events.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "1", "Arn": destination, "RoleArn": role, **target}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "sold", "EventBusName": bus, "Detail": json.dumps(detail or {"n": 1})}])


def test_basic(events, bus, role, endpoint, new_name):
    url, got, _ = endpoint
    name = new_name("connection")
    made = events.create_connection(Name=name, AuthorizationType="BASIC", AuthParameters={
        "BasicAuthParameters": {"Username": "u", "Password": SECRET},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "X-A", "Value": "a"}, {"Key": "X-S", "Value": SECRET, "IsValueSecret": True}],
            "QueryStringParameters": [{"Key": "q", "Value": "1 2"}],
            "BodyParameters": [{"Key": "extra", "Value": "b"}]}})
    assert made["ConnectionState"] == "AUTHORIZED"
    shown = events.describe_connection(Name=name)
    assert shown["AuthParameters"]["BasicAuthParameters"] == {"Username": "u"}
    assert SECRET not in json.dumps(shown, default=str)
    assert [c["Name"] for c in events.list_connections(NamePrefix=name)["Connections"]] == [name]
    send(events, bus, role, made["ConnectionArn"], url + "/orders/*", new_name, {"id": "7", "n": 1},
         HttpParameters={"PathParameterValues": ["$.detail.id"], "HeaderParameters": {"X-B": "b"}})
    method, path, headers, body = got.get(timeout=20)
    assert (method, path) == ("POST", "/orders/7?q=1%202")
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"u:{SECRET}".encode()).decode()
    assert (headers["X-A"], headers["X-S"], headers["X-B"]) == ("a", SECRET, "b")
    told = json.loads(body)
    assert told["detail"] == {"id": "7", "n": 1} and told["extra"] == "b"


def test_api_key_and_retry(events, bus, role, endpoint, new_name):
    url, got, answers = endpoint
    answers.append((503, "later"))
    arn = events.create_connection(Name=new_name("connection"), AuthorizationType="API_KEY", AuthParameters={
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}})["ConnectionArn"]
    send(events, bus, role, arn, url, new_name)
    for _ in range(2):  # the second one after the pause
        assert got.get(timeout=30)[2]["X-Key"] == "k"


def test_oauth(events, bus, role, endpoint, new_name):
    url, got, _ = endpoint
    arn = events.create_connection(Name=new_name("connection"), AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters={
        "OAuthParameters": {"ClientParameters": {"ClientID": "id", "ClientSecret": SECRET}, "AuthorizationEndpoint": url + "/token",
                            "HttpMethod": "POST", "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "s"}]}}},
    )["ConnectionArn"]
    send(events, bus, role, arn, url + "/in", new_name)
    _, path, _, body = got.get(timeout=20)
    assert path == "/token" and "grant_type=client_credentials" in body and "client_id=id" in body and "scope=s" in body
    _, path, headers, _ = got.get(timeout=20)
    assert path == "/in" and headers["Authorization"] == "Bearer token-1"


def test_a_token_is_asked_for_once_and_again_when_it_is_refused(events, bus, role, endpoint, new_name):
    url, got, answers = endpoint
    answers += [(200, '{"access_token": "token-1", "expires_in": 3600}'), (200, "{}"), (200, "{}"), (401, "{}"),
                (200, '{"access_token": "token-2", "expires_in": "30"}'), (200, "{}")]
    arn = events.create_connection(Name=new_name("connection"), AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters={
        "OAuthParameters": {"ClientParameters": {"ClientID": "id", "ClientSecret": SECRET}, "AuthorizationEndpoint": url + "/token",
                            "HttpMethod": "POST"}})["ConnectionArn"]
    send(events, bus, role, arn, url + "/in", new_name)
    seen = lambda: (lambda method, path, headers, body: (path, headers.get("Authorization")))(*got.get(timeout=20))
    assert [seen(), seen()] == [("/token", None), ("/in", "Bearer token-1")]
    again = lambda: events.put_events(Entries=[{"Source": "shop", "DetailType": "sold", "EventBusName": bus, "Detail": "{}"}])
    again()
    assert seen() == ("/in", "Bearer token-1")
    again()  # refused: a new one, at once
    assert [seen(), seen(), seen()] == [("/in", "Bearer token-1"), ("/token", None), ("/in", "Bearer token-2")]
    again()  # that one ends too soon to be used again
    assert seen() == ("/token", None)


def test_a_destinations_rate_is_held_to(events, bus, role, endpoint, new_name):
    url, got, _ = endpoint
    connection = events.create_connection(Name=new_name("connection"), AuthorizationType="API_KEY", AuthParameters={
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}})["ConnectionArn"]
    destination = events.create_api_destination(Name=new_name("api"), ConnectionArn=connection, InvocationEndpoint=url, HttpMethod="POST",
                                                InvocationRateLimitPerSecond=8)["ApiDestinationArn"]
    events.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "1", "Arn": destination, "RoleArn": role}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "t", "EventBusName": bus, "Detail": "{}"}] * 5)
    got.get(timeout=20)
    begun = time.monotonic()
    for _ in range(4):
        got.get(timeout=20)
    assert time.monotonic() - begun > 4 / 8 - 0.05


def test_what_is_refused_ends_in_the_dead_letter_queue(events, bus, role, endpoint, new_name, queue):
    url, got, answers = endpoint
    answers.append((400, "no"))
    arn = events.create_connection(Name=new_name("connection"), AuthorizationType="API_KEY", AuthParameters={
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}})["ConnectionArn"]
    send(events, bus, role, arn, url, new_name, DeadLetterConfig={"Arn": queue.arn})
    [message] = queue.messages()
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "ERROR_FROM_TARGET"
    assert "400" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_connections_change_and_go(events, new_name):
    name = new_name("connection")
    events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters={
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}})
    with pytest.raises(ClientError, match="AuthParameters"):
        events.update_connection(Name=name, AuthorizationType="BASIC")
    arn = events.update_connection(Name=name, AuthorizationType="BASIC", AuthParameters={
        "BasicAuthParameters": {"Username": "u", "Password": "p"}})["ConnectionArn"]
    destination = new_name("api")
    events.create_api_destination(Name=destination, ConnectionArn=arn, InvocationEndpoint="https://example.org/", HttpMethod="PUT")
    assert events.describe_api_destination(Name=destination)["ApiDestinationState"] == "ACTIVE"
    assert events.deauthorize_connection(Name=name)["ConnectionState"] == "DEAUTHORIZED"
    assert events.describe_api_destination(Name=destination)["ApiDestinationState"] == "INACTIVE"
    assert [d["Name"] for d in events.list_api_destinations(ConnectionArn=arn)["ApiDestinations"]] == [destination]
    events.update_api_destination(Name=destination, InvocationEndpoint="https://example.org/b", InvocationRateLimitPerSecond=5)
    assert events.describe_api_destination(Name=destination)["InvocationEndpoint"] == "https://example.org/b"
    events.delete_api_destination(Name=destination)
    events.delete_connection(Name=name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.describe_connection(Name=name)
