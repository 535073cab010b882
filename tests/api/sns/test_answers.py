"""Error codes, texts and shapes as SNS answers them: programs match the texts, since most of its errors share one code. The
rows are answers that were recorded from AWS."""
import json

import pytest
from botocore.exceptions import ClientError

PARAMETER, VALUE = "InvalidParameter", "ParameterValueInvalid"
NO_JSON = ("failed to parse JSON. Unexpected character ('i' (code 105)): was expecting double-quote to start field name\n at [Source: "
           "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]")
HELD = {"DataType": "String", "StringValue": "x"}
RETRIES = {"minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
           "numMinDelayRetries": 0, "backoffFunction": "linear"}


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("name, value, text", [
    ("a", {"DataType": "String", "StringValue": ""},
     "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'."),
    ("a", {"DataType": "String", "BinaryValue": b"x"}, "The message attribute 'a' with type 'String' must use field 'String'."),
    ("a", {"DataType": "Binary", "StringValue": "x"}, "The message attribute 'a' with type 'Binary' must use field 'Binary'."),
    ("a", {"DataType": "Number1", "StringValue": "1"}, "The message attribute 'a' has an invalid message attribute type, the set "
     "of supported type prefixes is Binary, Number, and String."),
    ("a" * 257, HELD, "Length of message attribute name must be less than 256 bytes."),
    ("a^b", HELD, "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include "
     "alphanumeric characters, hyphens, underscores, or dots."),
    (".a", HELD, "Invalid message attribute name starting with character '.' was found."),
    ("a.", HELD, "Invalid message attribute name ending with character '.' was found."),
    ("a..b", HELD, "Message attribute name can not have successive '.' character."),
])
def test_message_attributes(sns, topic, name, value, text):
    given = {"Message": "x", "MessageAttributes": {name: value}}
    assert refused(sns.publish, TopicArn=topic, **given) == (VALUE, text)
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", **given}]) == (VALUE, text)


@pytest.mark.parametrize("given, text", [
    ({"TopicArn": "some"}, "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
    ({"TopicArn": "some:1"}, "TopicArn Reason: An ARN must have at least 6 elements, not 2"),
    ({"TargetArn": "arn:aws:sns:us-east-1:123456789012:endpoint/APNS/app/0f7d5971"},
     "TargetArn Reason: No endpoint found for the target arn specified"),
    ({"PhoneNumber": "+1a234"}, "PhoneNumber Reason: +1a234 is not valid to publish to"),
    ({"PhoneNumber": "NAA+15551234567"}, "PhoneNumber Reason: NAA+15551234567 is not valid to publish to"),
])
def test_where_nothing_is_published(sns, given, text):
    assert refused(sns.publish, Message="x", **given) == (PARAMETER, "Invalid parameter: " + text)


def test_a_topic_of_another_region(sns, topic, client):
    there = client("sns", region="us-west-2")
    for call, more in ((there.publish, {"Message": "x"}), (there.delete_topic, {}), (there.list_subscriptions_by_topic, {})):
        assert refused(call, TopicArn=topic, **more) == (PARAMETER, "Invalid parameter: TopicArn")


@pytest.mark.parametrize("entries, code, text", [
    ([{"Id": str(i), "Message": "x"} for i in range(11)], "TooManyEntriesInBatchRequest",
     "The batch request contains more entries than permissible."),
    ([{"Id": "1", "Message": "x"}] * 2, "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."),
    ([{"Id": "1", "Message": "x" * 262143}, {"Id": "2", "Message": "x", "MessageAttributes": {"k": HELD}}], "BatchRequestTooLong",
     "The length of all the messages put together is more than the limit."),
    ([{"Id": "1", "Message": '{"sqs": "x"}', "MessageStructure": "json"}], PARAMETER,
     "Invalid parameter: Message Structure - No default entry in JSON message body"),
], ids=["many", "same", "long", "structure"])
def test_batches(sns, topic, entries, code, text):
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == (code, text)


def test_tags_and_tokens(sns, topic, new_name):
    twice = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    wanted = PARAMETER, "Invalid parameter: Duplicated keys are not allowed."
    assert refused(sns.create_topic, Name=new_name("topic"), Tags=twice) == wanted
    assert refused(sns.tag_resource, ResourceArn=topic, Tags=twice) == wanted
    assert refused(sns.confirm_subscription, TopicArn=topic, Token="short") == (PARAMETER, "Invalid token")
    assert refused(sns.confirm_subscription, TopicArn=topic + "x", Token="5" * 96) == (PARAMETER, "Invalid parameter: Token")
    for arn, text in (("some", "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"),
                      ("", "SubscriptionArn Reason: no value for required parameter"),
                      ("arn:aws:sns:us-east-1:123456789012:some", "SubscriptionId")):
        assert refused(sns.unsubscribe, SubscriptionArn=arn) == (PARAMETER, "Invalid parameter: " + text)


def test_endpoints(sns, topic, make_queue):
    url, _ = make_queue()
    _, fifo = make_queue(fifo=True)
    subscribe = lambda protocol, endpoint: refused(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert subscribe("sqs", url) == (PARAMETER, "Invalid parameter: SQS endpoint ARN")
    for wrong in ("NAA+15551234567", "+15--551234567", "+1555.", "+/1555"):
        assert subscribe("sms", wrong) == (PARAMETER, f"Invalid SMS endpoint: {wrong}")
    assert sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15/55-123.4567")["SubscriptionArn"].startswith(topic)
    gone = "arn:aws:sns:us-east-1:{}:endpoint/GCM/app/c1f76c42-192a-4e75-b04f-a9268ce2abf3".format(topic.split(":")[4])
    assert subscribe("application", gone) == (
        PARAMETER, f"Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint arn{gone}")
    assert subscribe("smoke", "x") == (PARAMETER, "Invalid parameter: Amazon SNS does not support this protocol string: smoke")
    assert subscribe("sqs", fifo) == (PARAMETER, "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be "
                                                 "subscribed to standard SNS topics")


def test_a_subscriptions_attributes(sns, topic, make_queue, account):
    _, arn = make_queue(topic)
    asked = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn}
    bad = "RawMessageDelivery: Invalid value [maybe]. Must be true or false."
    assert refused(sns.subscribe, **asked, Attributes={"RawMessageDelivery": "maybe"}) == (
        PARAMETER, "Invalid parameter: Attributes Reason: " + bad)
    one = sns.subscribe(**asked, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    assert sns.get_subscription_attributes(SubscriptionArn=one)["Attributes"] == {
        "ConfirmationWasAuthenticated": "true", "Endpoint": arn, "Owner": account, "PendingConfirmation": "false", "Protocol": "sqs",
        "RawMessageDelivery": "true", "SubscriptionArn": one, "SubscriptionPrincipal": f"arn:aws:iam::{account}:root", "TopicArn": topic}
    setting = lambda name, value: refused(sns.set_subscription_attributes, SubscriptionArn=one, AttributeName=name, AttributeValue=value)
    assert setting("RawMessageDelivery", "maybe") == (PARAMETER, "Invalid parameter: " + bad)
    assert setting("Fake", "x") == (PARAMETER, "Invalid parameter: AttributeName")
    assert setting("RedrivePolicy", '{"deadLetterTargetArn": "fake"}') == (
        PARAMETER, "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn")
    for name in ("RedrivePolicy", "FilterPolicy"):
        assert setting(name, "{invalidjson}") == (PARAMETER, f"Invalid parameter: {name}: {NO_JSON}")
    raw = "Invalid parameter: RawMessageDelivery: Invalid value []. Must be true or false."
    assert setting("RawMessageDelivery", "") == (PARAMETER, raw)
    assert setting("FilterPolicyScope", "Some") == (
        PARAMETER, "Invalid parameter: FilterPolicyScope: Invalid value [Some]. Please use either MessageBody or MessageAttributes")
    # Asked again it is the same one, as long as what is given fits.
    for more in ({}, {"Attributes": {"RawMessageDelivery": "true"}}):
        assert sns.subscribe(**asked, **more)["SubscriptionArn"] == one
    assert refused(sns.subscribe, **asked, Attributes={"RawMessageDelivery": "false"}) == (
        PARAMETER, "Invalid parameter: Attributes Reason: Subscription already exists with different attributes")


def test_a_topic_becomes_no_fifo_topic(sns, topic):
    assert refused(sns.set_topic_attributes, TopicArn=topic, AttributeName="FifoTopic", AttributeValue="false") == (
        PARAMETER, "Invalid parameter: AttributeName")


def test_a_fifo_subscriptions_dead_letters(sns, fifo_topic, make_queue):
    _, arn = make_queue(fifo_topic, fifo=True)
    _, plain = make_queue()
    one = sns.subscribe(TopicArn=fifo_topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    assert refused(sns.set_subscription_attributes, SubscriptionArn=one, AttributeName="RedrivePolicy",
                   AttributeValue=json.dumps({"deadLetterTargetArn": plain})) == (
        PARAMETER, "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")


@pytest.mark.parametrize("policy, reason, column", [
    ({"key": [["value"]]}, "Match value must be String, number, true, false, or null", 10),
    ({"key": [{"wrong-operator": True}]}, "Unrecognized match type wrong-operator", 31),
    ({"key": [{"suffix": "value", "prefix": "value2"}]}, "Only one key allowed in match expression", 37),
    ({"key": [{"suffix": 100}]}, "suffix match pattern must be a string", 22),
    ({"key": {"suffix": "value"}}, '"suffix" must be an object or an array', 19),
    ({"key": [{"numeric": ["operator"]}]}, "Unrecognized numeric range operator: operator", 32),
    ({"key": [{"numeric": [">="]}]}, "Value of >= must be numeric", 26),
    ({"key": [{"numeric": [">", 3, "<", 1]}]}, "Bottom must be less than top", 33),
    ({"key": [{"numeric": [">", 20, "<", 30, "<", 50]}]}, "Too many terms in numeric range expression", 36),
    ({"key": [{"exists": "no"}]}, "exists match pattern must be either true or false.", 20),
    ({"key": [f"v{i}" for i in range(200)]}, "Filter policy is too complex", None),
    ({f"key{i}": ["v"] for i in range(6)}, "Filter policy can not have more than 5 keys", None),
    ("{invalidjson}", NO_JSON, None),
    ("invalid", "failed to parse JSON. Unrecognized token 'invalid': was expecting (JSON String, Number, Array, Object or token 'null', "
     "'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 8]", None),
], ids=lambda v: "" if isinstance(v, (dict, int)) else str(v)[:30])
def test_filter_policies_that_are_none(sns, topic, make_queue, policy, reason, column):
    _, arn = make_queue()
    text = policy if isinstance(policy, str) else json.dumps(policy, separators=(",", ":"))
    place = f'\n at [Source: (String)"{text}"; line: 1, column: {column}]' if column else ""
    assert refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": text}) == (
        PARAMETER, f"Invalid parameter: Attributes Reason: FilterPolicy: {reason}{place}")


def test_depth_counts_in_policies_of_bodies(sns, topic, make_queue):
    _, arn = make_queue()
    nested = json.dumps({"a": {"b": {"c": ["1", "2", "3", "4"]}}, "d": {"e": ["1", "2", "3"]}, "f": ["1", "2", "3"]})
    assert refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": nested}) == (
        PARAMETER, "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy")
    one = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicyScope": "MessageBody"})["SubscriptionArn"]
    assert refused(sns.set_subscription_attributes, SubscriptionArn=one, AttributeName="FilterPolicy", AttributeValue=nested) == (
        PARAMETER, "Invalid parameter: FilterPolicy: Filter policy is too complex")


def test_delivery_policies_are_told_as_they_hold(sns, topic):
    def told():
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        return json.loads(attributes.get("DeliveryPolicy", "null")), json.loads(attributes["EffectiveDeliveryPolicy"])["http"]

    own = {"minDelayTarget": 5, "maxDelayTarget": 6, "numRetries": 1}
    put = lambda text: sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=text)
    request = {"headerContentType": "text/plain; charset=UTF-8"}
    assert told() == (None, {"defaultHealthyRetryPolicy": RETRIES, "disableSubscriptionOverrides": False, "defaultRequestPolicy": request})
    put(json.dumps({"http": {"defaultHealthyRetryPolicy": own}}))
    assert told() == ({"http": {"defaultHealthyRetryPolicy": own, "disableSubscriptionOverrides": False}}, {
        "defaultHealthyRetryPolicy": {**RETRIES, **own}, "disableSubscriptionOverrides": False, "defaultRequestPolicy": request})
    put("")
    assert told()[0] is None
    given = {"requestPolicy": {"headerContentType": "text/csv"}, "throttlePolicy": {"maxReceivesPerSecond": 10}}
    one = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/x", ReturnSubscriptionArn=True,
                        Attributes={"DeliveryPolicy": json.dumps(given)})["SubscriptionArn"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=one)["Attributes"]
    wanted = {"healthyRetryPolicy": None, "sicklyRetryPolicy": None, **given, "guaranteed": False}
    assert json.loads(attributes["DeliveryPolicy"]) == wanted
    assert json.loads(attributes["EffectiveDeliveryPolicy"]) == {**wanted, "healthyRetryPolicy": RETRIES}
