"""Topics as clients keep them: made, set up, shared, deleted."""
import json

import pytest
from botocore.exceptions import ClientError


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_topic_is_made_once(sns, new_name, account):
    name = new_name("topic")
    arn = sns.create_topic(Name=name, Attributes={"DisplayName": "d"}, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{account}:{name}"
    assert sns.create_topic(Name=name)["TopicArn"] == arn
    assert code_of(sns.create_topic, Name=name, Attributes={"DisplayName": "other"}) == "InvalidParameter"
    assert {"TopicArn": arn} in [t for page in sns.get_paginator("list_topics").paginate() for t in page["Topics"]]
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert code_of(sns.get_topic_attributes, TopicArn=arn) == "NotFound"


@pytest.mark.parametrize("name", ["", "a b", "x" * 257, "wrong.fifo"])
def test_names_that_are_none(sns, name):
    assert code_of(sns.create_topic, Name=name) == "InvalidParameter"


def test_attributes(sns, topic, account):
    told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert told["Owner"] == account and told["SubscriptionsConfirmed"] == "0" and told["DisplayName"] == ""
    assert json.loads(told["Policy"])["Statement"][0]["Sid"] == "__default_statement_ID"
    assert json.loads(told["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Name")
    told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert told["SignatureVersion"] == "2" and told["DisplayName"] == "Name"


@pytest.mark.parametrize("name, value", [
    ("SignatureVersion", "3"), ("Policy", "{"), ("Nonsense", "x"), ("DeliveryPolicy", "[]"), ("ContentBasedDeduplication", "true"),
    ("MaximumMessageSize", "1")])
def test_attributes_that_are_refused(sns, topic, name, value):
    assert code_of(sns.set_topic_attributes, TopicArn=topic, AttributeName=name, AttributeValue=value) == "InvalidParameter"


def test_tags(sns, topic):
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_permissions(sns, topic):
    sns.add_permission(TopicArn=topic, Label="one", AWSAccountId=["123456789012"], ActionName=["Publish"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert policy["Statement"][-1] == {"Sid": "one", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                                       "Action": "SNS:Publish", "Resource": topic}
    sns.add_permission(TopicArn=topic, Label="two", AWSAccountId=["123456789012", "210987654321"], ActionName=["Publish", "Subscribe"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert policy["Statement"][-1]["Action"] == ["SNS:Publish", "SNS:Subscribe"]
    sns.remove_permission(TopicArn=topic, Label="two")
    assert code_of(sns.add_permission, TopicArn=topic, Label="one", AWSAccountId=["123456789012"],
                   ActionName=["Publish"]) == "InvalidParameter"
    sns.remove_permission(TopicArn=topic, Label="one")
    assert len(json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]) == 1


def test_a_topics_policy_decides(sns, topic, user_client):
    them = user_client("sns")
    assert code_of(them.publish, TopicArn=topic, Message="x") == "AuthorizationError"
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": topic}]}))
    assert them.publish(TopicArn=topic, Message="x")["MessageId"]


def test_platforms(sns, new_name):
    made = sns.create_platform_application(Name=new_name("app"), Platform="GCM", Attributes={"PlatformCredential": "secret"})
    application = made["PlatformApplicationArn"]
    assert sns.get_platform_application_attributes(PlatformApplicationArn=application)["Attributes"] == {"Enabled": "true"}
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t")["EndpointArn"]
    assert sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t")["EndpointArn"] == endpoint
    assert sns.publish(TargetArn=endpoint, Message="x")["MessageId"]
    sns.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "false"})
    assert code_of(sns.publish, TargetArn=endpoint, Message="x") == "EndpointDisabled"
    listed = sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)["Endpoints"]
    assert [one["EndpointArn"] for one in listed] == [endpoint]
    sns.delete_platform_application(PlatformApplicationArn=application)
    assert code_of(sns.get_endpoint_attributes, EndpointArn=endpoint) == "NotFound"


def test_a_platforms_settings(sns, new_name):
    made = sns.create_platform_application(Name=new_name("app"), Platform="APNS", Attributes={"PlatformCredential": "s"})
    application = made["PlatformApplicationArn"]
    sns.set_platform_application_attributes(PlatformApplicationArn=application, Attributes={
        "Enabled": "false", "PlatformCredential": "secret"})
    pages = sns.get_paginator("list_platform_applications").paginate()
    listed = [one for page in pages for one in page["PlatformApplications"]]
    assert {"PlatformApplicationArn": application, "Attributes": {"Enabled": "false"}} in listed
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t", CustomUserData="me")["EndpointArn"]
    assert sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"] == {"Enabled": "true", "Token": "t", "CustomUserData": "me"}
    assert code_of(sns.create_platform_endpoint, PlatformApplicationArn=application, Token="t") == "InvalidParameter"
    sns.delete_endpoint(EndpointArn=endpoint)
    assert code_of(sns.publish, TargetArn=endpoint, Message="x") == "InvalidParameter"


def test_text_messages(sns):
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional"})
    assert sns.get_sms_attributes(attributes=["DefaultSMSType"])["attributes"] == {"DefaultSMSType": "Transactional"}
    assert code_of(sns.set_sms_attributes, attributes={"Nonsense": "x"}) == "InvalidParameter"
    assert sns.check_if_phone_number_is_opted_out(phoneNumber="+4912345678")["isOptedOut"] is False
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == []
    sns.opt_in_phone_number(phoneNumber="+4912345678")
    assert sns.get_sms_sandbox_account_status()["IsInSandbox"] is False
