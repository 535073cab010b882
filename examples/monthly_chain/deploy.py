#!/usr/bin/env python3
"""Sets up the monthly chain: bucket, roles, warehouse, functions, schedules, rules. What is there is brought up to date.

    python deploy.py [--regions outlines.zip]

The five steps are deployed twice: as the chain "scheduled", started by schedules an hour apart on the second day of each
month, and as the chain "chained", where each step is started by the object that the one before it wrote.
"""
import argparse
import io
import json
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "occurrence_summary"))

import boto3  # noqa: E402

import regions  # noqa: E402
import setup  # noqa: E402
from run_sql import Redshift, fill  # noqa: E402

NAME = "bison"  # of the workgroup, the schedule group, and what functions, roles and rules begin with
STEPS = ("look", "load", "subset", "place", "count")
CHAINS = ("scheduled", "chained")
RUNTIME = "python3.12"


class Deployment:
    def __init__(self, bucket="", outlines=None, species=()):
        self.account = setup.account()
        self.bucket = bucket or f"bison-{self.account}"
        self.outlines = outlines or regions.made_up()
        self.species = species
        self.region = boto3.session.Session().region_name

    def steps(self):
        return [
            ("bucket that tells of its objects", self.make_bucket),
            ("roles", self.make_roles),
            ("namespace and workgroup", self.make_warehouse),
            ("outlines and status of species", self.put_ancillary),
            ("functions", self.make_functions),
            ("schedules", self.make_schedules),
            ("rules", self.make_rules),
        ]

    def make_bucket(self):
        setup.make_bucket(self.bucket)
        boto3.client("s3").put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        return self.bucket

    def make_roles(self):
        self.roles = {}
        for name, trust, access in (
            ("look", "function_trust.json", "look_access.json"),
            ("sql", "function_trust.json", "sql_access.json"),
            ("redshift", "redshift_trust.json", "redshift_access.json"),
            ("scheduler", "scheduler_trust.json", "scheduler_access.json"),
        ):
            self.roles[name] = self._role(f"{NAME}-{name}", trust, access)
        return ", ".join(f"{NAME}-{name}" for name in self.roles)

    def _role(self, name, *policies):
        values = {"account": self.account, "bucket": self.bucket}
        return setup.make_plain_role(name, *(fill((HERE / "policies" / file).read_text(), **values) for file in policies))

    def make_warehouse(self):
        """The functions' role is a database user of its own, who may make the schemas that the months are mounted in."""
        setup.make_warehouse(NAME, self.roles["redshift"])
        redshift, user = Redshift(NAME), f"IAMR:{NAME}-sql"
        if not redshift.run(f"SELECT COUNT(*) FROM pg_user WHERE usename = '{user}'").value():
            redshift.run(f'CREATE USER "{user}" PASSWORD DISABLE')
        redshift.run(f'GRANT CREATE ON DATABASE dev TO "{user}"')
        return f"{NAME}, with the database user {user}"

    def put_ancillary(self):
        s3 = boto3.client("s3")
        for ending, body in self.outlines.items():
            s3.put_object(Bucket=self.bucket, Key=f"ancillary/regions.{ending}", Body=body)
        lines = ["species,status"] + [f"{name},introduced" for name in self.species]
        s3.put_object(Bucket=self.bucket, Key="ancillary/status.csv", Body="\n".join(lines) + "\n")
        return f"{len(self.species)} introduced species"

    def make_functions(self):
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            for path in sorted((HERE / "functions").glob("*.py")):
                archive.write(path, path.name)
        client = boto3.client("lambda")
        self.functions = {}
        for chain in CHAINS:
            for step in STEPS:
                name = f"{NAME}-{chain}-{step}"
                how = {"Runtime": RUNTIME, "Handler": f"{step}.handler", "Timeout": 600, "MemorySize": 256,
                       "Role": self.roles["look" if step == "look" else "sql"],
                       "Environment": {"Variables": {"BUCKET": self.bucket, "CHAIN": chain, "WORKGROUP": NAME}}}  # fmt: skip
                code = package.getvalue()
                if _unless_there(client.create_function, FunctionName=name, Code={"ZipFile": code}, **how) is None:
                    client.update_function_code(FunctionName=name, ZipFile=code)
                    client.get_waiter("function_updated_v2").wait(FunctionName=name)
                    client.update_function_configuration(FunctionName=name, **how)
                client.get_waiter("function_active_v2").wait(FunctionName=name)
                self.functions[chain, step] = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        return f"{len(self.functions)} functions"

    def make_schedules(self):
        scheduler = boto3.client("scheduler")
        queues = boto3.client("sqs")
        queue = queues.create_queue(QueueName=f"{NAME}-failed")["QueueUrl"]
        queue_arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("iam").put_role_policy(
            RoleName=f"{NAME}-scheduler", PolicyName="failed",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn}]}),
        )  # fmt: skip
        _unless_there(scheduler.create_schedule_group, Name=NAME)
        for hour, step in enumerate(STEPS):
            schedule = {
                "Name": f"{NAME}-{step}", "GroupName": NAME,
                "ScheduleExpression": f"cron(0 {hour} 2 * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": self.functions["scheduled", step], "RoleArn": self.roles["scheduler"],
                    "Input": json.dumps({"scheduled": "<aws.scheduler.scheduled-time>"}),
                    "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
                    "DeadLetterConfig": {"Arn": queue_arn},
                },
            }  # fmt: skip
            if _unless_there(scheduler.create_schedule, **schedule) is None:
                scheduler.update_schedule(**schedule)
        return f"{len(STEPS)}, on the second of each month, an hour apart"

    def make_rules(self):
        """Each step of the other chain is started by what the one before it wrote; the first by the month's file."""
        events, functions = boto3.client("events"), boto3.client("lambda")
        keys = [{"wildcard": "occurrence/*/occurrence.parquet/000000"}] + [{"prefix": f"chained/{step}/"} for step in STEPS[:-1]]
        for step, key in zip(STEPS, keys):
            pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"],
                       "detail": {"bucket": {"name": [self.bucket]}, "object": {"key": [key]}}}  # fmt: skip
            name, function = f"{NAME}-{step}", self.functions["chained", step]
            rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
            events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": function}])
            _unless_there(functions.add_permission, FunctionName=function, StatementId=f"rule-{name}",
                          Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn=rule)  # fmt: skip
        return f"{len(STEPS)}, each by an object's key"


def _unless_there(call, **arguments):
    return setup.unless_there({"ResourceConflictException", "ConflictException"}, call, **arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", help="a zipped shapefile with columns STUSPS or code, and NAME")
    parser.add_argument("--bucket", default="", help="default: bison-<account>")
    given = parser.parse_args()
    deployment = Deployment(given.bucket, regions.of_archive(given.regions) if given.regions else None)
    for name, step in deployment.steps():
        print(f"{name}: {step()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
