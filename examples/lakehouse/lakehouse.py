#!/usr/bin/env python3
"""One lake, two engines: a crawler finds what lies in S3, Athena and Redshift answer the same questions over it and agree.

    python lakehouse.py --sample 20000                 made-up occurrences and usage reports
    python lakehouse.py --gbif-table download.tsv --report 3_TR.parquet

Region and credentials are those of the environment, and so is the endpoint (AWS_ENDPOINT_URL).
"""
import argparse
import dataclasses
import datetime
import io
import itertools
import os
import pathlib
import random
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "occurrence_summary"))

import boto3  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as parquet  # noqa: E402

import archives  # noqa: E402
import load  # noqa: E402
import setup  # noqa: E402
import summarize  # noqa: E402
from run_sql import Redshift, StatementFailed, fill  # noqa: E402
from workflow import StepFailed, run  # noqa: E402

CRAWLER_ROLE, REDSHIFT_ROLE = "lakehouse-crawler", "lakehouse-redshift"


@dataclasses.dataclass
class Options:
    archives: list = dataclasses.field(default_factory=list)
    gbif_tables: list = dataclasses.field(default_factory=list)
    reports: list = dataclasses.field(default_factory=list)  # COUNTER title reports as Parquet
    sample: int = 0
    month: datetime.date = dataclasses.field(default_factory=lambda: datetime.date.today().replace(day=1))
    bucket: str = ""  # lakehouse-<account> where empty
    name: str = "lakehouse"  # of the database, the crawler, the workgroups


class Lakehouse:
    """The steps in their order, as workflow.run takes them."""

    def __init__(self, options):
        self.options = options
        self.bucket = options.bucket
        self.checked, self.tables = [], []
        self.note = lambda text: None

    def steps(self):
        return [
            ("bucket", self.make_bucket),
            ("roles, each with what it needs", self.make_roles),
            ("occurrences to S3", self.load_occurrences),
            ("usage reports to S3", self.load_usage),
            ("crawl", self.crawl),
            ("ask Athena", self.ask_athena),
            ("ask Redshift", self.ask_redshift),
            ("compare", self.compare),
            ("psql", self.ask_psql),
        ]

    # --- what is there first ---

    def make_bucket(self):
        self.account = setup.account()
        self.bucket = self.bucket or f"lakehouse-{self.account}"
        setup.make_bucket(self.bucket)
        return self.bucket

    def make_roles(self):
        self.crawler_role = self._role(CRAWLER_ROLE, "crawler_trust.json", "crawler_access.json")
        self.redshift_role = self._role(REDSHIFT_ROLE, "redshift_trust.json", "redshift_access.json")
        return f"{CRAWLER_ROLE}, {REDSHIFT_ROLE}"

    def _role(self, name, *policies):
        values = {"account": self.account, "bucket": self.bucket, "database": self.options.name}
        return setup.make_plain_role(name, *(fill((HERE / "policies" / file).read_text(), **values) for file in policies))

    def load_occurrences(self):
        options = self.options
        readers = [archives.read_archive(path) for path in options.archives]
        readers += [archives.read_gbif_table(path) for path in options.gbif_tables]
        if options.sample or not readers:
            readers.append(archives.generate(options.sample or 5000))
        self.loaded = load.load(itertools.chain(*readers), self.bucket, options.month.isoformat(),
                                progress=lambda loaded: self.note(f"{loaded.rows:,} records"))  # fmt: skip
        return f"{self.loaded.rows:,} records in {self.loaded.parts} parts"

    def load_usage(self):
        s3 = boto3.client("s3")
        reports = {pathlib.Path(path).name: pathlib.Path(path).read_bytes() for path in self.options.reports}
        if not reports:
            reports = {f"{source}_TR_2020-01-31.parquet": made_up_report(source) for source in (1, 2)}
        for name, body in reports.items():
            s3.put_object(Bucket=self.bucket, Key=f"usage/TR/{name}", Body=body)
        self.usage_rows = sum(parquet.read_metadata(io.BytesIO(body)).num_rows for body in reports.values())
        return f"{self.usage_rows:,} rows in {len(reports)} reports"

    # --- the catalog ---

    def crawl(self):
        glue, name = boto3.client("glue"), self.options.name
        setup.unless_there({"AlreadyExistsException"}, glue.create_database, DatabaseInput={"Name": name})
        folder = load.prefix_of(self.options.month.isoformat())
        targets = {"S3Targets": [{"Path": f"s3://{self.bucket}/{folder}"}, {"Path": f"s3://{self.bucket}/usage/TR/"}]}
        setup.unless_there({"AlreadyExistsException"}, glue.create_crawler,
                      Name=name, Role=self.crawler_role, DatabaseName=name, Targets=targets)  # fmt: skip
        glue.update_crawler(Name=name, Role=self.crawler_role, Targets=targets)
        glue.start_crawler(Name=name)
        setup.wait(lambda: glue.get_crawler(Name=name)["Crawler"]["State"], "READY", f"crawler {name}")
        last = glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
        if last["Status"] != "SUCCEEDED":
            raise StatementFailed(f"the crawl {last['Status']}: {last.get('ErrorMessage', '')}\n"
                                  f"its log: {last['LogGroup']} {last['LogStream']}")  # fmt: skip
        found = {table["StorageDescriptor"]["Location"]: table for table in glue.get_tables(DatabaseName=name)["TableList"]}
        self.occurrences = found[f"s3://{self.bucket}/{folder}"]["Name"]
        self.usage = found[f"s3://{self.bucket}/usage/TR/"]["Name"]
        columns = found[f"s3://{self.bucket}/{folder}"]["StorageDescriptor"]["Columns"]
        self.checked.append(summarize.check("the crawler found all columns of the occurrences", len(columns), 50))
        return f"{name}.{self.occurrences}, {name}.{self.usage}"

    # --- the questions ---

    def _question(self, file):
        return fill((HERE / "sql" / file).read_text(), database=self.options.name, occurrences=self.occurrences,
                    usage=self.usage)  # fmt: skip

    def ask_athena(self):
        athena, name = boto3.client("athena"), self.options.name
        where = {"ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"}}
        setup.unless_there({"InvalidRequestException"}, athena.create_work_group, Name=name, Configuration=where)
        scanned = 0
        self.from_athena = {}
        for question in ("species", "usage"):
            sql = self._question(f"{question}_athena.sql")
            query = athena.start_query_execution(QueryString=sql, WorkGroup=name)["QueryExecutionId"]
            setup.wait(lambda: _state_of(athena, query), "SUCCEEDED", f"query {question}", pause=0.02)
            pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
            rows = [[value.get("VarCharValue") for value in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
            self.from_athena[question] = (rows[0], rows[1:])
            statistics = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Statistics"]
            scanned += statistics["DataScannedInBytes"]
        return f"2 questions, {scanned / 1e6:.2f} MB scanned"

    def ask_redshift(self):
        name = self.options.name
        setup.make_warehouse(name, self.redshift_role)
        redshift = Redshift(name)
        there = redshift.run("SELECT COUNT(*) FROM svv_external_schemas WHERE schemaname = 'lakehouse'").value()
        if not there:
            redshift.run(f"CREATE EXTERNAL SCHEMA lakehouse FROM DATA CATALOG DATABASE '{name}' IAM_ROLE DEFAULT")
        self.from_redshift = {q: redshift.run(self._question(f"{q}_redshift.sql")) for q in ("species", "usage")}
        counted = redshift.run(f"SELECT COUNT(*) FROM lakehouse.{self.occurrences}").value()
        self.checked.append(summarize.check(f"Redshift sees all {self.loaded.rows:,} occurrences", counted, self.loaded.rows))
        return "2 questions"

    def compare(self):
        import pandas

        for question, (names, rows) in self.from_athena.items():
            other = self.from_redshift[question]
            ours = [[_plain(value) for value in row] for row in rows]
            theirs = [[_plain(value) for value in row] for row in other.rows]
            self.checked.append(summarize.check(f"Athena and Redshift agree about {question} ({len(rows)} rows)", ours, theirs))
            self.tables.append((f"{question}, by both", pandas.DataFrame(rows, columns=names)))
        return "they agree"

    def ask_psql(self):
        """Whoever has psql sees the same through it, as a database user made for the caller's IAM identity."""
        if not shutil.which("psql"):
            return "psql is not installed: left out"
        serverless, name = boto3.client("redshift-serverless"), self.options.name
        endpoint = serverless.get_workgroup(workgroupName=name)["workgroup"]["endpoint"]
        if "port" not in endpoint:
            return "the server's PostgreSQL wire is off: left out"
        credentials = serverless.get_credentials(workgroupName=name, dbName="dev")
        environment = {**os.environ, "PGHOST": endpoint["address"], "PGPORT": str(endpoint["port"]), "PGDATABASE": "dev",
                       "PGUSER": credentials["dbUser"], "PGPASSWORD": credentials["dbPassword"], "PGSSLMODE": "require"}  # fmt: skip
        done = subprocess.run(["psql", "--no-psqlrc", "--csv", "--tuples-only", "--command", self._question("usage_redshift.sql")],
                              env=environment, capture_output=True, text=True, timeout=120)  # fmt: skip
        if done.returncode != 0:
            raise StatementFailed(f"psql: {done.stderr.strip()}")
        rows = [line.split(",") for line in done.stdout.splitlines()]
        self.checked.append(summarize.check("psql shows the same", rows, [[str(v) for v in r] for r in self.from_redshift["usage"].rows]))
        return f"as {credentials['dbUser']}"


def made_up_report(source, titles=40):
    """A title report of the second half of 2019, always the same for the same source."""
    rng = random.Random(source)
    rows = [
        {
            "resource_name": f"Title {source}-{title}",
            "publisher": f"Publisher {title % 5}",
            "data_type": "Book" if title % 3 else "Journal",
            "metric_type": metric,
            "usage_date": datetime.datetime(2019, month, 1),
            "usage_count": rng.randint(1, 60),
        }
        for title in range(titles)
        for month in range(5, 13)
        for metric in ("Total_Item_Requests", "Unique_Item_Requests")
    ]
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def _plain(value):
    """The engines' values alike: numbers as numbers, texts as they are."""
    try:
        return round(float(value), 3)
    except (TypeError, ValueError):
        return value


def _state_of(athena, query):
    status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
    if status["State"] in ("FAILED", "CANCELLED"):
        raise StatementFailed(f"{status['State']}: {status.get('StateChangeReason', 'no reason was given')}")
    return status["State"]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", action="append", default=[], help="a Darwin Core archive (.zip)")
    parser.add_argument("--gbif-table", action="append", default=[], help="a GBIF occurrence download (tab-separated)")
    parser.add_argument("--report", action="append", default=[], help="a COUNTER title report (Parquet)")
    parser.add_argument("--sample", type=int, default=0, help="so many made-up occurrences")
    parser.add_argument("--month", type=datetime.date.fromisoformat, help="YYYY-MM-01; default: this month")
    parser.add_argument("--bucket", default="", help="where the data goes; default: lakehouse-<account>")
    given = parser.parse_args(arguments)
    options = Options(given.archive, given.gbif_table, given.report, given.sample, bucket=given.bucket)
    if given.month:
        options.month = given.month
    try:
        run(Lakehouse(options))
    except StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
