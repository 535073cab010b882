"""A queue that EventBridge may tell, and what it was told."""
import json


class Queue:
    """A queue that EventBridge may send to."""

    def __init__(self, sqs, name, **attributes):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": self.arn}]})})

    def messages(self, count=1, wait=15):
        """So many messages, waited for; fewer where they do not come."""
        found = []
        while len(found) < count:
            got = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=wait,
                                           MessageAttributeNames=["All"], AttributeNames=["All"]).get("Messages", [])
            if not got:
                break
            for message in got:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            found += got
        return found

    def bodies(self, count=1, wait=15):
        return [json.loads(message["Body"]) for message in self.messages(count, wait)]

    def waiting(self):
        """How many messages there are for a receiver now."""
        name = "ApproximateNumberOfMessages"
        return int(self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])["Attributes"][name])
