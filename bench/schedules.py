"""A year of 1,000 monthly schedules on the virtual clock: 12,000 durable firings, each a message in a queue. What else the
limit of ten seconds leaves room for is the machine's: each message is a commit, and each moment of the clock is synced."""
import datetime
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from support.models import tarn_client

SCHEDULES, MONTHS, LIMIT = 1_000, 12, 10.0
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                  "Principal": {"Service": "scheduler.amazonaws.com"}}]}
SEND = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}


def first_of(month):
    return datetime.datetime(2030 + month // 12, month % 12 + 1, 1, tzinfo=datetime.timezone.utc)


def a_year(server_class):
    """The seconds that it takes. Each schedule has a minute of its own, so the clock makes 12,000 steps."""
    with server_class(None, "--clock", "virtual") as server:
        iam, scheduler, tarn = server.client("iam"), server.client("scheduler"), tarn_client(server)
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(SEND))
        server.client("sqs").create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "1209600"})
        arn = f"arn:aws:sqs:us-east-1:{server.account}:q"
        tarn.set_clock(Time=first_of(0))

        def make(i):
            scheduler.create_schedule(
                Name=f"s{i}", ScheduleExpression=f"cron({i % 60} {i // 60} 1 * ? *)", FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": arn, "RoleArn": role, "Input": "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time>"})

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(make, range(SCHEDULES)))
        started = time.perf_counter()
        for month in range(1, MONTHS + 1):
            tarn.set_clock(Time=first_of(month))
        elapsed = time.perf_counter() - started
        sent = tarn.list_audit_records(Operation="SendMessage", MaxResults=1)["Records"]
        assert sent, "nothing was sent"
        return elapsed


def measure(rows, server_class, rounds):
    took = statistics.median(a_year(server_class) for _ in range(min(rounds, 3)))
    rows.append(("a year of 1,000 monthly schedules into a queue (12,000 firings)", f"{took:.1f} s", f"{LIMIT:.0f} s",
                 took / LIMIT))
