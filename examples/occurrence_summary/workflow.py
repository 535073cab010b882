#!/usr/bin/env python3
"""The monthly summary of species occurrences: from occurrence records in S3 to a matrix of species by dataset.

    python workflow.py --archive fishes.zip            a Darwin Core archive (several may be given)
    python workflow.py --gbif-table download.tsv       a GBIF occurrence download
    python workflow.py --sample 20000                  made-up occurrences
    python workflow.py --source s3://gbif-open-data-us-east-1    GBIF's own monthly files (on AWS; billions of records)

Region and credentials are those of the environment, and so is the endpoint (AWS_ENDPOINT_URL).
"""
import argparse
import dataclasses
import datetime
import itertools
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import archives
import load
import setup
import summarize
from run_sql import Redshift, StatementFailed

SUMMARY = "summary/"


@dataclasses.dataclass
class Options:
    archives: list = dataclasses.field(default_factory=list)
    gbif_tables: list = dataclasses.field(default_factory=list)
    sample: int = 0
    source: str = ""  # s3://bucket of monthly folders that are there already
    month: datetime.date = dataclasses.field(default_factory=lambda: datetime.date.today().replace(day=1))
    bucket: str = ""  # specnet-<account> where empty
    warehouse: str = "specnet"


class Workflow:
    """The steps in their order. Each returns what the progress display says of it. State between steps is only here and
    in the services, so that anything may happen to the server between two of them."""

    def __init__(self, options):
        self.options = options
        self.month = options.month.strftime("%Y_%m_%d")
        before = (options.month.replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
        self.previous = before.strftime("%Y_%m_%d")
        self.bucket = options.bucket
        self.checked = []  # lines: what was compared and found equal
        self.tables = []  # (title, frame): what to show at the end
        self.loaded = None  # what load counted; None where it loaded nothing
        self.note = lambda text: None  # shows how far a long step is

    def steps(self):
        return [
            ("bucket", self.make_bucket),
            ("role with its three policies", self.make_role),
            ("namespace and workgroup", self.make_warehouse),
            ("occurrences to S3 as Parquet", self.load),
            ("mount the month", self.mount),
            ("stored procedures", self.procedures),
            ("subset", self.subset),
            ("count", self.count),
            ("call the procedures", self.call),
            ("summarize and unload", self.summarize),
            ("unmount", self.unmount),
            ("read with pandas", self.read),
            ("read with S3 Select", self.select),
            ("species by dataset matrix", self.matrix),
            ("matrix to S3 and back", self.write),
        ]

    # --- once ---

    def make_bucket(self):
        self.bucket = self.bucket or f"specnet-{setup.account()}"
        setup.make_bucket(self.bucket)
        return self.bucket

    def make_role(self):
        self.role_arn = setup.make_role(self.bucket)
        return self.role_arn

    def make_warehouse(self):
        setup.make_warehouse(self.options.warehouse, self.role_arn)
        return self.options.warehouse

    # --- every month ---

    def redshift(self):
        return Redshift(self.options.warehouse)

    def load(self):
        options = self.options
        if options.source:
            return f"already there: {options.source}"
        readers = [archives.read_archive(path) for path in options.archives]
        readers += [archives.read_gbif_table(path) for path in options.gbif_tables]
        if options.sample:
            readers.append(archives.generate(options.sample))
        s3 = boto3.client("s3")
        prefix = load.prefix_of(options.month.isoformat())
        _delete_all(s3, self.bucket, prefix)  # parts of an earlier run
        self.loaded = load.load(
            itertools.chain(*readers), self.bucket, options.month.isoformat(),
            progress=lambda loaded: self.note(f"{loaded.rows:,} records"),
        )  # fmt: skip
        if self.loaded.rows == 0:
            raise archives.ArchiveError("there is no record to summarize")
        size = f"{self.loaded.bytes / 1e6:.1f} MB in {self.loaded.parts} parts"
        return f"{self.loaded.rows:,} records, {size}"

    def mount(self):
        redshift = self.redshift()
        there = redshift.run("SELECT COUNT(*) FROM svv_external_schemas WHERE schemaname = 'redshift_spectrum'").value()
        if not there:
            redshift.run_file("1_schema.sql", role_arn=self.role_arn)
        left = redshift.run(
            "SELECT COUNT(*) FROM svv_external_tables WHERE schemaname = 'redshift_spectrum' "
            f"AND tablename = 'occurrence_{self.month}_parquet'"
        ).value()
        if left:  # of a run that was cut short
            redshift.run_file("5_unmount.sql", month=self.month)
        source = self.options.source or f"s3://{self.bucket}"
        folder = f"{source}/{load.prefix_of(self.options.month.isoformat())}"
        redshift.run_file("2_mount.sql", month=self.month, folder=folder)
        nulls = redshift.run(
            f"SELECT COUNT(*) FROM redshift_spectrum.occurrence_{self.month}_parquet WHERE _order IS NOT NULL"
        )
        self.checked.append(summarize.check("a declared column that no file has is NULL", nulls.value(), 0))
        return folder

    def procedures(self):
        return f"{len(self.redshift().run_file('6_procedures.sql'))} made"

    def subset(self):
        self.redshift().run_file("3_subset.sql", month=self.month, previous=self.previous)
        return f"public.specnet_{self.month}"

    def count(self):
        mounted, kept, tables = self.redshift().run_file("4_count.sql", month=self.month)
        if self.loaded:
            rows, ours = self.loaded.rows, self.loaded.kept
            self.checked.append(summarize.check(f"the mounted month has {rows:,} records", mounted.value(), rows))
            self.checked.append(summarize.check(f"the subset has {ours:,} records", kept.value(), ours))
        names = [row[1] for row in tables.rows]
        self.checked.append(
            summarize.check("the subset is in the list of tables", f"specnet_{self.month}" in names, True)
        )
        return f"{kept.value():,} of {mounted.value():,} records"

    def call(self):
        redshift = self.redshift()
        year = redshift.run("SELECT f_current_year()").value()
        today = redshift.run("SELECT DATE_PART(year, CURRENT_DATE)").value()
        self.checked.append(summarize.check("f_current_year() is the year we are in", year, str(int(today))))
        previous = redshift.run(f"CALL p_previous_month('{self.month}')").value()
        self.checked.append(summarize.check("p_previous_month gives the month before", previous, self.previous))
        january = redshift.run("CALL p_previous_month('2024_01_01')").value()
        self.checked.append(summarize.check("p_previous_month of January is December", january, "2023_12_01"))
        found = redshift.run(f"CALL p_count_basis('{self.month}', 'PRESERVED_SPECIMEN')").value()
        direct = redshift.run(
            f"SELECT COUNT(*) FROM public.specnet_{self.month} WHERE basisofrecord = 'PRESERVED_SPECIMEN'"
        ).value()
        self.checked.append(summarize.check("p_count_basis counts what plain SQL counts", int(found), direct))
        return f"{previous}, {int(found):,} preserved specimens"

    def summarize(self):
        s3 = boto3.client("s3")
        for table in ("counts", "lists"):  # UNLOAD refuses to write where something is
            _delete_all(s3, self.bucket, f"{SUMMARY}dataset_{table}_{self.month}_")
        self.redshift().run_file(
            "7_summarize.sql", month=self.month, previous=self.previous, summary=f"s3://{self.bucket}/{SUMMARY}"
        )
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=self.bucket, Prefix=SUMMARY)["Contents"]]
        for table in ("counts", "lists"):
            key = self._key(table)
            self.checked.append(summarize.check(f"UNLOAD wrote {key}", key in keys, True))
        return f"s3://{self.bucket}/{SUMMARY}"

    def unmount(self):
        self.redshift().run_file("5_unmount.sql", month=self.month)
        return "the files stay"

    # --- in Python ---

    def _key(self, table):
        return f"{SUMMARY}dataset_{table}_{self.month}_000.parquet"

    def read(self):
        self.counts = summarize.read_parquet(f"s3://{self.bucket}/{self._key('counts')}")
        self.lists = summarize.read_parquet(f"s3://{self.bucket}/{self._key('lists')}")
        if self.loaded:
            found = {
                (row["datasetkey"], row["taxonkey"] and int(row["taxonkey"]), row["species"]): row["occ_count"]
                for row in summarize.rows_of(self.lists)
            }
            name = f"{len(found):,} entries of the list, each as counted in Python"
            self.checked.append(summarize.check(name, found, dict(self.loaded.lists)))
        top = self.counts.nlargest(10, "occ_count")
        self.tables.append((f"dataset_counts_{self.month} (the ten largest of {len(self.counts):,})", top))
        return f"{len(self.counts):,} datasets, {len(self.lists):,} entries"

    def select(self):
        lines = summarize.check_select(self.bucket, self._key("lists"), self.lists)
        self.checked += lines
        return f"{len(lines)} queries"

    def matrix(self):
        self.result = summarize.Matrix.of(self.lists)
        self.checked += self.result.check(self.lists, self.counts)
        grouped = self.lists.groupby("species")
        species = grouped.agg(occurrences=("occ_count", "sum"), datasets=("datasetkey", "nunique"))
        top = species.nlargest(10, "occurrences").reset_index()
        self.tables.append((f"species (the ten most frequent of {len(species):,})", top))
        rows, columns = self.result.counts.shape
        return f"{rows:,} species x {columns:,} datasets, {self.result.counts.nnz:,} non-zeros"

    def write(self):
        key = f"{SUMMARY}species_by_dataset_{self.month}.zip"
        self.checked += summarize.write_and_read_back(self.result, self.bucket, key)
        return f"s3://{self.bucket}/{key}"


def _delete_all(s3, bucket, prefix):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


# --- the command ------------------------------------------------------------------------------------------------------


EXPECTED = (ClientError, BotoCoreError, OSError, StatementFailed, summarize.Mismatch, archives.ArchiveError)


class StepFailed(Exception):
    """Says which step failed, and why."""


def run(workflow, out=sys.stdout, after_step=lambda name: None):
    """Runs all steps with a line each, then shows the tables and what was checked."""
    steps = workflow.steps()
    width = max(len(name) for name, _ in steps)
    live = out.isatty()
    begun = time.monotonic()
    for number, (name, step) in enumerate(steps, 1):
        head = f"[{number:>2}/{len(steps)}] {name:<{width}}"
        if live:
            workflow.note = lambda text, head=head: print(f"\r\033[K{head}  ... {text}", end="", file=out, flush=True)
            workflow.note("")
        started = time.monotonic()
        try:
            said = step()
        except EXPECTED as error:
            if live:
                print(file=out)
            raise StepFailed(f"step {number} of {len(steps)}, {name}, failed.\n{error}") from error
        seconds = time.monotonic() - started
        print(f"{chr(13) + chr(27) + '[K' if live else ''}{head} {seconds:7.2f} s  {said}", file=out, flush=True)
        after_step(name)
    for title, frame in workflow.tables:
        print(f"\n{title}\n{frame.to_string(index=False)}", file=out)
    print(f"\nchecked, and equal ({len(workflow.checked)}):", file=out)
    for line in workflow.checked:
        print(f"  {line}", file=out)
    print(f"\ndone in {time.monotonic() - begun:.1f} s", file=out, flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", action="append", default=[], help="a Darwin Core archive (.zip)")
    parser.add_argument("--gbif-table", action="append", default=[], help="a GBIF occurrence download (tab-separated)")
    parser.add_argument("--sample", type=int, default=0, help="so many made-up occurrences")
    parser.add_argument("--source", default="", help="s3://BUCKET that has the month's folder already")
    parser.add_argument("--month", type=datetime.date.fromisoformat, help="YYYY-MM-01; default: this month")
    parser.add_argument("--bucket", default="", help="where the data goes; default: specnet-<account>")
    parser.add_argument("--warehouse", default="specnet", help="the Redshift namespace and workgroup")
    given = parser.parse_args(arguments)
    if not (given.archive or given.gbif_table or given.sample or given.source):
        parser.error("nothing to summarize: give --archive, --gbif-table, --sample or --source")
    options = Options(given.archive, given.gbif_table, given.sample, given.source.rstrip("/"), bucket=given.bucket,
                      warehouse=given.warehouse)  # fmt: skip
    if given.month:
        options.month = given.month
    try:
        run(Workflow(options))
    except StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
