"""What matching costs: 10,000 events put on a bus with 1,000 rules of which each event matches one, beside the same events on a
bus with one rule. A last event that tells a queue says when all before it have been matched: they are, in order.
"""
import json
import statistics
import time

EVENTS, RULES, AT_ONCE = 10_000, 1_000, 10
MARK = json.dumps({"detail": {"mark": [{"exists": True}]}})


def bucket(i):
    return f"bucket-{i % RULES}"


def measure(rows, server_class, rounds):
    with server_class() as server:
        events, sqs = server.client("events"), server.client("sqs")
        url = sqs.create_queue(QueueName="mark")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]})})
        for bus, rules in (("few", 1), ("many", RULES)):
            events.create_event_bus(Name=bus)
            for i in range(rules):
                events.put_rule(Name=f"r{i}", EventBusName=bus, EventPattern=json.dumps({
                    "source": ["shop"], "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [bucket(i)]}, "object": {"key": [{"prefix": "in/"}], "size": [{"numeric": [">", 0]}]}}}))
            events.put_rule(Name="mark", EventBusName=bus, EventPattern=MARK)
            events.put_targets(Rule="mark", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])

        def put(bus, details):
            answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "Object Created", "EventBusName": bus,
                                                 "Detail": json.dumps(detail)} for detail in details])
            assert answer["FailedEntryCount"] == 0

        def timed(bus):
            started = time.perf_counter()
            for first in range(0, EVENTS, AT_ONCE):
                put(bus, [{"version": "0", "bucket": {"name": bucket(i)}, "request-id": f"{i:016x}", "requester": "123456789012",
                           "object": {"key": f"in/{i}.csv", "size": i + 1, "etag": "d41d8cd98f00b204e9800998ecf8427e"}}
                          for i in range(first, first + AT_ONCE)])
            put(bus, [{"mark": 1}])
            while not (got := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages")):
                pass
            elapsed = time.perf_counter() - started
            sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])
            return elapsed * 1e6 / EVENTS

        timed("few"), timed("many")  # warm
        pairs = [(timed("few"), timed("many")) for _ in range(rounds)]
        few, many = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
        rows.append((f"matching an event against {RULES:,} rules more", f"{many - few:.1f} µs", "20 µs", (many - few) / 20))
        rows.append((f"an event put, durable, and matched ({RULES:,} rules)", f"{many:.0f} µs", f"{few:.0f} µs with one rule", many / few))
