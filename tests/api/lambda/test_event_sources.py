"""Why: a queue's messages must each reach the function, be deleted when it has done its work and not before, in order where the queue
has one, and as many at a time as its owner said."""
import json
import time

import pytest

ROLE = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage", "sqs:DeleteMessage",
        "sqs:GetQueueAttributes", "s3:PutObject", "s3:ListBucket"]
# Writes what it got, an object for each call, and fails for bodies that say so.
CODE = """
    import boto3, json, time, uuid
    def handler(event, context):
        records = event["Records"]
        boto3.client("s3").put_object(Bucket="BUCKET", Key=str(time.time_ns()), Body=json.dumps(records))
        if any("raise" in r["body"] for r in records):
            raise ValueError("asked to")
        return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in records if "fail" in r["body"]]}
    """


@pytest.fixture
def world(client, functions, deploy, make_role, allow, bucket, new_name):
    class World:
        sqs, s3 = client("sqs"), client("s3")

        def __init__(self):
            self.name = deploy(CODE.replace("BUCKET", bucket), Role=make_role(allow(ROLE)), Timeout=10, MemorySize=256)

        def queue(self, fifo=False, **attributes):
            attributes = {"VisibilityTimeout": "10", **({"FifoQueue": "true"} if fifo else {}), **attributes}
            self.url = self.sqs.create_queue(QueueName=new_name("q") + (".fifo" if fifo else ""), Attributes=attributes)["QueueUrl"]
            self.arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            return self.arn

        def map(self, **settings):
            return functions.create_event_source_mapping(EventSourceArn=self.arn, FunctionName=self.name, **settings)

        def send(self, *bodies, **more):
            for body in bodies:
                self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

        def calls(self):
            listed = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
            return [json.loads(self.s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read()) for o in listed]

        def bodies(self):
            return [r["body"] for records in self.calls() for r in records]

        def left(self):
            got = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
            return int(got["ApproximateNumberOfMessages"]), int(got["ApproximateNumberOfMessagesNotVisible"])

        def until(self, condition):
            for _ in range(1500):
                if condition():
                    return
                time.sleep(0.02)
            raise AssertionError((self.bodies(), self.left()))

    return World()


def test_messages_reach_the_function_and_go(world, functions, account):
    arn = world.queue()
    made = world.map(BatchSize=5)
    assert (made["BatchSize"], made["State"], made["EventSourceArn"]) == (5, "Creating", arn)
    shown = functions.get_event_source_mapping(UUID=made["UUID"])
    assert shown["State"] == "Enabled" and "LastProcessingResult" not in shown
    world.send("one", "two", "three", MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}})
    world.until(lambda: sorted(world.bodies()) == ["one", "three", "two"] and world.left() == (0, 0))
    record = world.calls()[0][0]
    assert record["eventSource"] == "aws:sqs" and record["eventSourceARN"] == arn and record["awsRegion"] == "us-east-1"
    assert record["messageAttributes"]["n"] == {"stringValue": "7", "stringListValues": [], "binaryListValues": [], "dataType": "Number"}
    assert {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(record["attributes"])
    assert functions.get_event_source_mapping(UUID=made["UUID"])["LastProcessingResult"] == "OK"
    assert functions.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
    assert not functions.list_event_source_mappings(FunctionName=world.name)["EventSourceMappings"]


def test_what_failed_stays_and_the_rest_goes(world):
    world.queue()
    world.map(FunctionResponseTypes=["ReportBatchItemFailures"], MaximumBatchingWindowInSeconds=1)
    world.send("good", "fail", "good too")
    world.until(lambda: len(world.bodies()) >= 3 and world.left() == (0, 1))


def test_an_error_keeps_the_whole_batch(world):
    world.queue()
    mapping = world.map()
    world.send("raise")
    world.until(lambda: world.bodies() == ["raise"] and world.left() == (0, 1))
    assert mapping["UUID"]


def test_a_throttled_batch_is_called_again_while_its_messages_are_away(world, functions):
    """Two queues share one function that may run once at a time: neither waits for its visibility timeout."""
    functions.put_function_concurrency(FunctionName=world.name, ReservedConcurrentExecutions=1)
    # On a busy machine a cold start takes seconds; what ran out of time would be away for the whole visibility timeout.
    functions.update_function_configuration(FunctionName=world.name, Timeout=60)
    urls = []
    for _ in range(2):
        world.queue(VisibilityTimeout="600")
        world.map(BatchSize=1)
        urls.append(world.url)
    for n in range(10):
        world.sqs.send_message(QueueUrl=urls[n % 2], MessageBody=f"{n}")
    world.until(lambda: len(world.bodies()) == 10)
    assert sorted(world.bodies()) == [f"{n}" for n in range(10)]  # each once


def test_a_mapping_is_tagged(world, functions, account):
    world.queue()
    arn = world.map(Tags={"team": "a"})["EventSourceMappingArn"]
    functions.tag_resource(Resource=arn, Tags={"more": "b"})
    assert functions.list_tags(Resource=arn)["Tags"] == {"team": "a", "more": "b"}
    functions.untag_resource(Resource=arn, TagKeys=["team"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"more": "b"}
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.tag_resource(Resource=arn[:-12] + "0" * 12, Tags={"a": "b"})


def test_filters_drop_what_they_do_not_let_through(world):
    world.queue()
    world.map(FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"kind": ["a"]}})}]})
    world.send('{"kind": "a"}', '{"kind": "b"}', "text")
    world.until(lambda: world.bodies() == ['{"kind": "a"}'] and world.left() == (0, 0))


def test_a_fifo_queue_keeps_its_order(world):
    world.queue(fifo=True, ContentBasedDeduplication="true")
    world.map(BatchSize=3)
    for n in range(12):
        world.send(f"{n}", MessageGroupId=f"g{n % 2}")
    world.until(lambda: len(world.bodies()) == 12)
    seen = [(r["attributes"]["MessageGroupId"], int(r["body"])) for records in world.calls() for r in records]
    for group in ("g0", "g1"):
        numbers = [n for g, n in seen if g == group]
        assert numbers == sorted(numbers)


def test_it_can_be_turned_off_and_changed(world, functions):
    world.queue()
    uuid = world.map(Enabled=False)["UUID"]
    world.send("waiting")
    assert functions.get_event_source_mapping(UUID=uuid)["State"] == "Disabled" and world.left() == (1, 0)
    changed = functions.update_event_source_mapping(UUID=uuid, Enabled=True, ScalingConfig={"MaximumConcurrency": 2})
    assert changed["ScalingConfig"] == {"MaximumConcurrency": 2} and changed["State"] == "Enabling"
    assert functions.update_event_source_mapping(UUID=uuid, BatchSize=5)["State"] == "Updating"
    world.until(lambda: world.bodies() == ["waiting"])


def test_what_is_refused(world, functions, refused, make_role, deploy, account):
    arn = world.queue()
    create = functions.create_event_source_mapping
    for source in (f"arn:aws:kinesis:us-east-1:{account}:stream/s", f"arn:aws:dynamodb:us-east-1:{account}:table/t/stream/s"):
        refused("InvalidParameterValueException", "queues of SQS", create, EventSourceArn=source, FunctionName=world.name)
    refused("InvalidParameterValueException", "must be greater than 0", create, EventSourceArn=arn, FunctionName=world.name, BatchSize=11)
    refused("InvalidParameterValueException", "Invalid filter pattern", create, EventSourceArn=arn, FunctionName=world.name,
            FilterCriteria={"Filters": [{"Pattern": '{"body": 1}'}]})
    refused("InvalidParameterValueException", "Queue visibility timeout: 10 seconds is less than Function timeout: 60", create,
            EventSourceArn=arn, FunctionName=functions.update_function_configuration(FunctionName=world.name, Timeout=60)["FunctionName"])
    poor = deploy("def handler(e, c): pass\n", Role=make_role())
    refused("InvalidParameterValueException", "permissions to call ReceiveMessage on SQS", create, EventSourceArn=arn, FunctionName=poor)
    functions.update_function_configuration(FunctionName=world.name, Timeout=10)
    uuid = create(EventSourceArn=arn, FunctionName=world.name)["UUID"]
    refused("ResourceConflictException", uuid, create, EventSourceArn=arn, FunctionName=world.name)
    refused("ResourceNotFoundException", "does not exist", functions.get_event_source_mapping, UUID=uuid[:-4] + "none")
