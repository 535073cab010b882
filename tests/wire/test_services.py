"""Every operation that tarn answers, through botocore and back: what its serializer sends is read as it was meant, and what tarn
writes its parser takes for what was meant. Values are made up from the service model, seeded by the operation's name."""

import pathlib
import random
import re
import sys
import urllib.parse

import botocore.session
import pytest
from botocore import serialize

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from parsing import parse  # noqa: E402
from probe import running  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 3
SESSION = botocore.session.Session()
TEXT = ["a", "B", "7", "-", "_", ".", "/", " ", "<", "&", "\"", "'", "%", "+", "=", "?", "#", ";", ":", "\\", "\u00e4", "\u20ac",
        "\U0001f639"]  # fmt: skip
HEADER_TEXT = ["a", "B", "7", "-", "_", ".", "/", "%", "+", "=", "?", ";", ":"]


def operations():
    for manifest in sorted(ROOT.glob("src/services/*/*.ops")):
        text = manifest.read_text()
        model = re.search(r"^model\s+(\S+)", text, re.M)
        name = model[1] if model else manifest.parent.name.replace("_", "-")
        if name.endswith(".json"):
            continue  # tarn's own: botocore has no model of it
        service = SESSION.get_service_model(name)
        for match in re.finditer(r"^([A-Z]\w+)\s+(read|write|body-in|body-out|events|steps|wait)\s", text, re.M):
            yield pytest.param(manifest.parent.name, service.operation_model(match[1]), id=f"{manifest.parent.name}-{match[1]}")


@pytest.fixture(scope="module")
def probe():
    with running() as ask:
        yield ask


class Maker:
    """Values of a shape. Bytes are ASCII and times whole seconds, as the probe speaks of them in JSON."""

    def __init__(self, name):
        self.random = random.Random(name)

    def structure(self, shape, depth=0, skip=()):
        members = [name for name in shape.members if name not in skip]
        if getattr(shape, "is_tagged_union", False):
            members = [self.random.choice(members)]
        chosen = {}
        for member in members:
            target = shape.members[member]
            place = target.serialization.get("location")
            # A payload that is absent, and an empty structure in a form, look like something else.
            must = place == "uri" or member in shape.required_members or shape.serialization.get("payload") == member
            must = must or (depth > 0 and member == members[0])
            if must or (place != "statusCode" and depth < 6 and self.random.random() < (0.8 if depth < 2 else 0.2)):
                chosen[member] = self.value(target, depth + 1, place)
        return chosen

    def value(self, shape, depth, place=None):
        kind = shape.type_name
        if kind == "structure":
            if getattr(shape, "is_document_type", False):
                return {"any": [1, "x", None, {"deep": True}]}
            return self.structure(shape, depth)
        if kind == "list":
            return [self.value(shape.member, depth + 1, place) for _ in range(self.random.randint(1, 3))]
        if kind == "map":
            return {self.text(place): self.value(shape.value, depth + 1, place) for _ in range(self.random.randint(1, 3))}
        if kind == "string":
            return shape.enum[0] if getattr(shape, "enum", None) else self.text(place)
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind in ("integer", "long"):
            return self.random.randint(0, 100) if kind == "integer" else self.random.randint(-(2**53), 2**53)
        if kind in ("float", "double"):
            return self.random.randint(-1000, 1000) / 8
        if kind == "timestamp":
            return self.random.randint(0, 2**32)
        assert kind == "blob", kind
        return self.text("header")

    def text(self, place):
        letters = HEADER_TEXT if place in ("header", "headers") else TEXT
        return "x" + "".join(self.random.choice(letters) for _ in range(self.random.randint(0, 12))) + "z"


def streamed(operation, shape):
    """The member that the generator leaves out: a body of bytes, or a stream of events."""
    if shape is None:
        return ()
    names = [name for name, member in shape.members.items()
             if member.serialization.get("streaming") or getattr(member, "is_eventstream", False)
             or member.serialization.get("eventstream")]  # fmt: skip
    payload = shape.serialization.get("payload")
    has_stream = operation.has_streaming_input or operation.has_streaming_output or operation.has_event_stream_output
    return names + ([payload] if payload and has_stream and shape.members[payload].type_name in ("blob", "string") else [])


@pytest.mark.parametrize("service, operation", list(operations()))
def test_request_is_read(probe, service, operation):
    if operation.input_shape is None:
        return
    for number in range(ROUNDS):
        maker = Maker(f"{operation.name}-{number}")
        params = maker.structure(operation.input_shape, skip=streamed(operation, operation.input_shape))
        protocol = operation.service_model.metadata["protocol"]
        request = serialize.create_serializer(protocol, False).serialize_to_request(params, operation)
        path, query = split_target(request)
        body = form(request["body"])
        answer = probe(do="read", suite=service, operation=operation.name, method=request["method"], path=path, query=query,
                       headers={name: str(value) for name, value in request["headers"].items()}, body=body)  # fmt: skip
        assert answer.get("params") == params, answer


def split_target(request):
    parts = urllib.parse.urlsplit(request["url_path"])
    query = [parts.query] if parts.query else []
    for name, value in (request.get("query_string") or {}).items():
        for one in value if isinstance(value, list) else [value]:
            query.append(urllib.parse.quote(name, safe="") + "=" + urllib.parse.quote(str(one), safe=""))
    return parts.path, "&".join(query)


def form(body):
    if isinstance(body, dict):
        return urllib.parse.urlencode(body)
    return body.decode() if isinstance(body, bytes) else body or ""


@pytest.mark.parametrize("service, operation", list(operations()))
def test_answer_is_understood(probe, service, operation):
    shape = operation.output_shape
    if shape is None or (operation.has_event_stream_output and operation.service_model.metadata["protocol"] == "json"):
        return  # of an event stream in JSON the output is its first event, which the tests of the operation read
    for number in range(ROUNDS):
        skip = streamed(operation, shape)
        result = Maker(f"{operation.name}-{number}").structure(shape, skip=skip)
        answer = probe(do="write", suite=service, operation=operation.name, params=result)
        if skip:  # its body is streamed: the head is what is written
            answer["body"] = ""
        if operation.name == "GetBucketLocation":  # which botocore takes apart outside its parser
            assert answer["body"].endswith(f">{result.get('LocationConstraint', '')}</LocationConstraint>")
            continue
        parsed = parse(operation.service_model.metadata["protocol"], shape, answer)
        parsed.pop("ResponseMetadata", None)
        for name, member in shape.members.items():  # botocore fills these from what every answer has, said or not
            place, header = member.serialization.get("location"), member.serialization.get("name", "").lower()
            if name not in result and (place == "statusCode" or (place == "header" and header == "content-type")):
                parsed.pop(name, None)
        for name in skip:
            parsed.pop(name, None)
        assert parsed == result, answer
