"""SQS by the query protocol that older SDKs speak: forms go in, XML comes out, names are as they were."""
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture(scope="module")
def ask(server):
    """ask(Action, path="/", **parameters) -> (status, root element)."""
    entry = server.accounts()[0]

    def send(action, path="/", **parameters):
        form = urllib.parse.urlencode({"Action": action, "Version": "2012-11-05", **parameters})
        request = AWSRequest("POST", server.endpoint + path, data=form,
                             headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
        SigV4Auth(Credentials(entry["access_key_id"], entry["secret_access_key"]), "sqs", "us-east-1").add_auth(request)
        try:
            with urllib.request.urlopen(urllib.request.Request(request.url, form.encode(), dict(request.headers))) as answer:
                return answer.status, ElementTree.fromstring(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, ElementTree.fromstring(error.read())

    return send


def text(root, path):
    return root.findtext("/".join(SPACE + step for step in path.split("/")))


def test_a_message_there_and_back(ask, new_name, sqs):
    name = new_name("old")
    status, made = ask("CreateQueue", QueueName=name, **{
        "Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "7", "Tag.1.Key": "k", "Tag.1.Value": "v"})
    assert status == 200
    url = text(made, "CreateQueueResult/QueueUrl")
    assert url.endswith(name) and text(made, "ResponseMetadata/RequestId")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"k": "v"}

    _, sent = ask("SendMessage", QueueUrl=url, MessageBody="a <&> b", **{
        "MessageAttribute.1.Name": "n", "MessageAttribute.1.Value.DataType": "String", "MessageAttribute.1.Value.StringValue": "x"})
    _, got = ask("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages="10", **{
        "AttributeName.1": "All", "MessageAttributeName.1": "All"})
    message = got.find(f"{SPACE}ReceiveMessageResult/{SPACE}Message")
    assert text(message, "Body") == "a <&> b" and text(message, "MessageId") == text(sent, "SendMessageResult/MessageId")
    assert text(message, "MD5OfMessageAttributes") == text(sent, "SendMessageResult/MD5OfMessageAttributes")
    assert text(message, "MessageAttribute/Value/StringValue") == "x"
    names = [one.findtext(f"{SPACE}Name") for one in message.findall(f"{SPACE}Attribute")]
    assert "ApproximateReceiveCount" in names
    status, gone = ask("DeleteMessage", QueueUrl=url, ReceiptHandle=text(message, "ReceiptHandle"))
    assert status == 200 and gone.tag == SPACE + "DeleteMessageResponse"
    _, told = ask("GetQueueAttributes", QueueUrl=url, **{"AttributeName.1": "VisibilityTimeout"})
    assert text(told, "GetQueueAttributesResult/Attribute/Value") == "7"


def test_the_path_names_the_queue(ask, new_name, account):
    name = new_name("old")
    ask("CreateQueue", QueueName=name)
    status, sent = ask("SendMessage", path=f"/{account}/{name}", MessageBody="x")
    assert status == 200 and text(sent, "SendMessageResult/MessageId")


def test_batches(ask, new_name):
    _, made = ask("CreateQueue", QueueName=new_name("old"))
    url = text(made, "CreateQueueResult/QueueUrl")
    _, sent = ask("SendMessageBatch", QueueUrl=url, **{
        "SendMessageBatchRequestEntry.1.Id": "a", "SendMessageBatchRequestEntry.1.MessageBody": "1",
        "SendMessageBatchRequestEntry.2.Id": "b", "SendMessageBatchRequestEntry.2.MessageBody": ""})
    assert text(sent, "SendMessageBatchResult/SendMessageBatchResultEntry/Id") == "a"
    assert text(sent, "SendMessageBatchResult/BatchResultErrorEntry/Id") == "b"


def test_errors(ask, account):
    status, error = ask("SendMessage", QueueUrl=f"http://x/{account}/none", MessageBody="x")
    assert status == 400 and text(error, "Error/Code") == "AWS.SimpleQueueService.NonExistentQueue"
    assert text(error, "Error/Type") == "Sender"
    status, error = ask("Nothing")
    assert status == 400 and text(error, "Error/Code") == "InvalidAction"
