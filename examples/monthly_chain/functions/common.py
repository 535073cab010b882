"""What the functions of the chain share: which month is meant, running SQL, and leaving word of what was done."""
import json
import os
import re
import time

import boto3

BUCKET = os.environ["BUCKET"]
CHAIN = os.environ["CHAIN"]  # "scheduled" or "chained": each has tables and objects of its own
WORKGROUP, DATABASE = os.environ.get("WORKGROUP", ""), "dev"


class StatementFailed(Exception):
    pass


def month_of(event):
    """The first day of the month that an event is about, as 2024-11-01: by the time that a schedule gives, or by the key of
    the object that landed."""
    if "scheduled" in event:
        return event["scheduled"][:7] + "-01"
    key = event["detail"]["object"]["key"]
    return re.search(r"\d{4}-\d{2}-\d{2}", key).group()


def table(name, month):
    return f"public.{CHAIN}_{name}_{month.replace('-', '_')}"


def occurrences_of(month):
    return f"occurrence/{month}/occurrence.parquet/"


def run(*statements):
    """Runs the statements one after the other; the rows of the last."""
    client, rows = boto3.client("redshift-data"), []
    for sql in statements:
        print(sql)
        statement = client.execute_statement(WorkgroupName=WORKGROUP, Database=DATABASE, Sql=sql)["Id"]
        pause = 0.02
        while (state := client.describe_statement(Id=statement))["Status"] != "FINISHED":
            if state["Status"] in ("FAILED", "ABORTED"):
                raise StatementFailed(f"{state['Status']}: {state.get('Error', 'no reason was given')}\n{sql}")
            time.sleep(pause)
            pause = min(pause * 1.5, 2)
        rows = []
        if state["HasResultSet"]:
            for page in client.get_paginator("get_statement_result").paginate(Id=statement):
                rows += [[None if "isNull" in field else next(iter(field.values())) for field in row] for row in page["Records"]]
    return rows


def tables_like(pattern):
    """The names of the tables that match: the third column of what SHOW TABLES gives."""
    return [row[2] for row in run(f"SHOW TABLES FROM SCHEMA {DATABASE}.public LIKE '{pattern}'")]


def leave_word(step, month, **facts):
    """An object that says that the step is done for the month: in a chain by objects it starts the next."""
    body = json.dumps({"step": step, "month": month, **facts})
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{CHAIN}/{step}/{month}.json", Body=body)
    print(f"{step} {month}: {body}")
    return {"step": step, "month": month, **facts}
