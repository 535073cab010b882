"""What matching costs: build/bench_match_events asks 10,000 events of 1,000 rules, without the server around it. Then the whole
way: events put, durable, matched and told to a queue, on a bus with 1,000 rules beside a bus with one. A last event that tells
the queue says when all before it have been matched: they are, in order.
"""
import json
import pathlib
import statistics
import subprocess
import time

EVENTS, RULES, AT_ONCE = 3_000, 1_000, 10
MATCH = pathlib.Path(__file__).resolve().parents[1] / "build" / "bench_match_events"
MARK = json.dumps({"detail": {"mark": [{"exists": True}]}})


def bucket(i):
    return f"bucket-{i % RULES}"


def measure_matching(rows, rounds):
    if not MATCH.exists():
        raise RuntimeError("build/bench_match_events is not built")
    runs = [json.loads(subprocess.run([MATCH], capture_output=True, check=True).stdout) for _ in range(rounds)]
    sets = (("bucket", "each of another bucket"), ("source", "each of another source"), ("prefix", "that differ by a prefix only"))
    for name, what in sets:
        micros = statistics.median(run[name]["micros"] for run in runs)
        rows.append((f"an event matched against 1,000 rules, {what}", f"{micros:.1f} µs", "20 µs", micros / 20))


def measure(rows, server_class, rounds):
    measure_matching(rows, rounds)
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
                    "detail": {"bucket": {"name": [bucket(i)]}, "object": {"key": [{"prefix": "in/"}]}}}))
            events.put_rule(Name="mark", EventBusName=bus, EventPattern=MARK)
            events.put_targets(Rule="mark", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])

        def put(bus, details):
            answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "Object Created", "EventBusName": bus,
                                                 "Detail": json.dumps(detail)} for detail in details])
            assert answer["FailedEntryCount"] == 0

        def timed(bus):
            started = time.perf_counter()
            for first in range(0, EVENTS, AT_ONCE):
                put(bus, [{"bucket": {"name": bucket(i)}, "object": {"key": f"in/{i}.csv", "size": i + 1}}
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
        rows.append(("an event put, durable, and matched against 1,000 rules", f"{many:.0f} µs", f"{few:.0f} µs against one", many / few))
