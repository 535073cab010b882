"""botocore's own protocol cases run backwards: what its clients send is read, and what they expect is written.

A case's request must be read as its parameters; its result must be written as an answer that says the same. What cannot apply
to a server is listed below with the reason, and a reason that no longer holds fails the test.
"""

import json
import pathlib
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

import pytest
from botocore import parsers
from botocore.model import ServiceModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cases import FILES, suites  # noqa: E402
from fetch_cases import fetch  # noqa: E402
from parsing import parse  # noqa: E402
from probe import running  # noqa: E402

fetch()

# Cases that say nothing about a server, by what is in the way.
NO_BODY = "the case leaves out its body (its subject is the client's compression)"
NULLS = "an empty list or map, or an empty and an absent structure, look alike in the request"
ERROR_TEXT = "tarn's errors carry text members: none of a structure"
JOINED = "botocore takes neither quoted items nor several dates in a header apart"
FLAT_NAMES = "two flattened lists have one element's name; of AWS's services only SimpleDB names it, and means it"
SHAPE_NAME = "botocore gives a member its structure's own element name, the case the member's"
JSON_TEXT = "a JSON value is a document here, in the case its text"
SENT_OTHERWISE = {
    NO_BODY: [f"SDKAppliedContentEncoding_{protocol}" for protocol in ("awsJson1_0", "awsJson1_1", "awsQuery", "ec2Query",
                                                                        "restJson1", "restXml")]
           + [f"SDKAppendsGzipAndIgnoresHttpProvidedEncoding_{protocol}"
              for protocol in ("awsJson1_0", "awsJson1_1", "awsQuery", "ec2Query")]
           + ["SDKAppendedGzipAfterProvidedEncoding_restJson1", "SDKAppendedGzipAfterProvidedEncoding_restXml"],
    NULLS: ["QueryEmptyQueryMaps", "Ec2EmptyQueryLists", "RestJsonHttpPrefixHeadersAreNotPresent",
            "HttpPrefixHeadersAreNotPresent", "RestJsonOmitsEmptyListQueryValues", "RestJsonHttpWithEmptyStructurePayload",
            "RestJsonHttpWithHeadersButNoPayload"],
    "the client makes the token up": ["QueryProtocolIdempotencyTokenAutoFill", "Ec2ProtocolIdempotencyTokenAutoFill",
                                      "RestJsonQueryIdempotencyTokenAutoFill", "QueryIdempotencyTokenAutoFill"],
    "a member and a map name one parameter, which the client sends once": [
        "RestJsonAllQueryStringTypes", "RestJsonQueryStringEscaping", "RestJsonSupportsNaNFloatQueryValues",
        "RestJsonSupportsInfinityFloatQueryValues", "RestJsonSupportsNegativeInfinityFloatQueryValues",
        "RestJsonZeroAndFalseQueryValues", "RestJsonQueryPrecedence", "RestXmlQueryPrecedence"],
    JSON_TEXT: ["MediaTypeHeaderInputBase64", "serializes_string_shapes_with_jsonvalue_trait"],
    SHAPE_NAME: ["BodyWithXmlName"],
    "its path is one of the client's own endpoint": ["RestJsonHostWithPath"],
}  # fmt: skip
UNDERSTOOD_OTHERWISE = {
    ERROR_TEXT: ["QueryComplexError", "Ec2ComplexError", "RestJsonComplexErrorWithNoMessage", "ComplexError"],
    FLAT_NAMES: ["QueryXmlLists", "Ec2XmlLists", "XmlLists"],
    "the client makes an empty blob of no body": ["RestJsonHttpPayloadTraitsWithNoBlobBody", "HttpPayloadTraitsWithNoBlobBody"],
    "the client refuses what the case expects": ["RestJsonHttpPayloadWithUnsetUnion", "RestXmlHttpPayloadWithUnsetUnion"],
    "a prefix of all headers takes the request id's too": ["HttpPrefixHeadersResponse"],
    JOINED: ["RestJsonInputAndOutputWithQuotedStringHeaders", "RestJsonInputAndOutputWithTimestampHeaders",
             "InputAndOutputWithTimestampHeaders"],
}  # fmt: skip
WRITTEN_OTHERWISE = {
    "its time has an offset: tarn writes UTC": [
        f"{protocol}DateTimeWith{sign}Offset" for sign in ("Negative", "Positive")
        for protocol in ("AwsJson11", "AwsQuery", "Ec2Query", "RestJson", "RestXml")],
    "its body holds what clients pass over": [
        "handles_unexpected_json_output", "AwsJson10HandlesUnexpectedJsonOutput", "AwsJson11DeserializeIgnoreType",
        "AwsJson10DeserializeIgnoreType", "AwsJson10DeserializeAllowNulls", "RestJsonDeserializeIgnoreType",
        "RestJsonDeserializesDenseSetMapAndSkipsNull", "AwsJson11StructuresDontDeserializeNullValues",
        "RestJsonDoesntDeserializeNullStructureValues"],
    "a query answer always has its request id": ["QueryEmptyInputAndEmptyOutput", "QueryNoInputAndNoOutput", "QueryNoInputAndOutput"],
    "its header is the case's own": ["AwsJson11IntEnums", "parses_the_request_id_from_the_response"],
    JSON_TEXT: ["MediaTypeHeaderOutputBase64"],
    SHAPE_NAME: ["BodyWithXmlName"],
    FLAT_NAMES: ["QueryXmlLists", "Ec2XmlLists", "XmlLists"],
}  # fmt: skip


@pytest.fixture(scope="module")
def probe():
    with running() as ask:
        yield ask


def cases(end):
    return [pytest.param(namespace, suite, case, id=f"{file}-{case['id']}")
            for file in FILES for namespace, suite in suites(end, file) for case in suite["cases"]]  # fmt: skip


def expect_failure(case, check, reasons):
    """Runs the check; of a case that is not ours it must fail, else its reason is out of date."""
    reason = {case: reason for reason, cases in reasons.items() for case in cases}.get(case["id"])
    if reason is None:
        return check()
    try:
        check()
    except (AssertionError, parsers.ResponseParserError):
        pytest.skip(reason)
    pytest.fail(f"this case passes, but is listed as not ours: {reason}")


@pytest.mark.parametrize("end, reasons", [("input", SENT_OTHERWISE), ("output", {**UNDERSTOOD_OTHERWISE, **WRITTEN_OTHERWISE})])
def test_listed_cases_exist(end, reasons):
    known = {case.values[2]["id"] for case in cases(end)}
    assert [name for names in reasons.values() for name in names if name not in known] == []


# --- requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace, suite, case", cases("input"))
def test_request_is_read(probe, namespace, suite, case):
    serialized = case["serialized"]
    parts = urllib.parse.urlsplit(serialized.get("uri", "/"))
    answer = probe(do="read", suite=namespace, operation=case["given"]["name"], method=serialized["method"], path=parts.path,
                   query=parts.query, headers=serialized.get("headers", {}), body=serialized.get("body") or "")  # fmt: skip

    def check():
        assert answer.get("params") == normal(case["params"]), answer

    expect_failure(case, check, SENT_OTHERWISE)


def normal(value):
    """Parameters as the probe says them: a member that is null was never sent."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items() if item is not None}
    return [normal(item) for item in value] if isinstance(value, list) else value


# --- answers: what botocore's own parser makes of them -------------------------------------------------------------


@pytest.mark.parametrize("namespace, suite, case", cases("output"))
def test_answer_is_understood(probe, namespace, suite, case):
    answer = answer_of(probe, namespace, suite, case)

    def check():
        parsed = parse_case(suite, case, answer)
        if "error" in case:
            assert parsed["Error"]["Code"] == case["errorCode"]
            assert (parsed["Error"]["Message"] or "") == case.get("errorMessage", "")
            members = {name: value for name, value in parsed.items() if name not in ("Error", "ResponseMetadata")}
            assert {**members, **lower_message(members)} == {**members, **lower_message(normal(case["error"]))}
        else:
            parsed.pop("ResponseMetadata", None)
            assert parsed == normal(case["result"])

    expect_failure(case, check, UNDERSTOOD_OTHERWISE)


def lower_message(members):
    return {("message" if name.lower() == "message" else name): value for name, value in members.items()}


def parse_case(suite, case, answer):
    model = {"metadata": suite["metadata"], "shapes": suite["shapes"], "operations": {case["given"]["name"]: case["given"]}}
    service = ServiceModel(model, "probe")
    errors = service.shape_for_error_code if "error" in case else None
    return parse(suite["metadata"]["protocol"], service.operation_model(case["given"]["name"]).output_shape, answer, errors)


# --- answers: what they are, byte for byte but for what no client sees ----------------------------------------------


@pytest.mark.parametrize("namespace, suite, case", [case for case in cases("output") if "error" not in case.values[2]])
def test_answer_is_written(probe, namespace, suite, case):
    expected = case["response"]
    answer = answer_of(probe, namespace, suite, case)

    def check():
        assert answer["status"] == expected["status_code"]
        check_headers(answer["headers"], expected.get("headers", {}))
        check_body(suite["metadata"]["protocol"], answer["body"], expected.get("body", ""))

    expect_failure(case, check, WRITTEN_OTHERWISE)


def answer_of(probe, namespace, suite, case):
    if "error" not in case:
        return probe(do="write", suite=namespace, operation=case["given"]["name"], params=case["result"])
    members = {name: value for name, value in case["error"].items() if name.lower() != "message"}
    return probe(do="fail", suite=namespace, code=case["errorCode"], message=case.get("errorMessage", ""),
                 status=case["response"]["status_code"], members=wire_members(suite, case, members))  # fmt: skip


def wire_members(suite, case, members):
    """A handler names an error's members as they travel."""
    (shape,) = [suite["shapes"][error["shape"]] for error in case["given"]["errors"]]
    return {shape["members"][name].get("locationName", name): value for name, value in members.items()}


def check_headers(answered, expected):
    answered = {name.lower(): value for name, value in answered.items()}
    for name, value in expected.items():
        name = name.lower()
        if name in ("content-length", "content-type"):  # the server's; the type is checked by each service's own client
            continue
        assert name in answered
        assert answered[name] == value


def check_body(protocol, answered, expected):
    if protocol in ("json", "rest-json"):
        assert answered == expected or json_of(answered) == json_of(expected)
    elif not expected.lstrip().startswith("<"):
        assert answered == expected
    else:
        wanted = ElementTree.fromstring(expected.strip().encode())
        assert tree(ElementTree.fromstring(answered.encode()), True) == tree(wanted, True)


def json_of(text):
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return text


def tree(element, root=False):
    """An element without what clients pass over: namespaces, the root's name, request ids, order among different names."""
    children = [child for child in element if local(child) not in ("ResponseMetadata", "RequestId", "requestId", "RequestID")]
    content = sorted((tree(child) for child in children), key=lambda pair: pair[0])
    attributes = {re.sub(r"\{.*\}", "", name): value for name, value in element.attrib.items()}
    text = element.text or ""
    return ("" if root else local(element), attributes, content or ("" if "\n" in text and not text.strip() else text))


def local(element):
    return element.tag.rpartition("}")[2]
