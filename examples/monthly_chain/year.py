#!/usr/bin/env python3
"""A year of the monthly chain in a minute, on a server whose clock is virtual (`tarn serve --clock virtual`).

    python year.py [--months 12] [--records 2000] [--regions outlines.zip]

Each month's occurrences land on the first; the object starts one chain at once, and the schedules of the second day run the
other. Both must come to the same counts, and with made-up regions to those that Python counts.
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "occurrence_summary"))

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

import archives  # noqa: E402
import load  # noqa: E402
import regions  # noqa: E402
import summarize  # noqa: E402
import workflow  # noqa: E402
from deploy import STEPS, Deployment  # noqa: E402

LONGEST_WAIT_SECONDS = 120
TARN = os.environ.get("TARN_BINARY", "tarn")


class ChainBroke(OSError):
    """Says which step of which chain did not come to its end, and what its log says."""


class Year(Deployment):
    """The deployment's steps, and then one a month, as workflow.run takes them."""

    def __init__(self, months=12, records=2000, bucket="", archive=None):
        self.made_up = archive is None
        self.samples = {}
        super().__init__(bucket, None if self.made_up else regions.of_archive(archive), self._introduced(records))
        self.months, self.records = months, records
        self.checked, self.tables = [], []
        self.note = lambda text: None
        self.totals = []

    def _introduced(self, records):
        names = collections.Counter(load.interpret(row).get("species") for row in archives.generate(records, seed=1))
        names.pop(None, None)
        return sorted(names)[::3]

    def steps(self):
        first = self._next_month(self._now())
        months = [first]
        while len(months) < self.months:
            months.append(self._next_month(months[-1]))
        return super().steps() + [(f"{month:%B %Y}", lambda month=month: self.pass_month(month)) for month in months] + [
            ("the year", self.show)
        ]  # fmt: skip

    # --- the clock ---

    def _clock(self, *arguments):
        done = subprocess.run([TARN, "clock", *arguments], capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise ChainBroke(f"tarn clock {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _now(self):
        return datetime.datetime.fromisoformat(self._clock("show").split()[0].replace("Z", "+00:00"))

    @staticmethod
    def _next_month(day):
        return (day.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=32)).replace(day=1)

    # --- a month ---

    def pass_month(self, month):
        self._clock("set", f"{month:%Y-%m-%d}T12:00:00Z")
        name = f"{month:%Y-%m-%d}"
        rows = list(archives.generate(self.records, seed=1 + month.month))
        load.load(iter(rows), self.bucket, name, rows_a_part=len(rows))
        chained = self._counts("chained", name)
        self._clock("set", f"{month:%Y-%m-%d}T12:00:00Z".replace("-01T", "-03T"))
        scheduled = self._counts("scheduled", name)
        self.checked.append(summarize.check(f"{month:%B}: both chains come to the same counts", chained, scheduled))
        if self.made_up:
            self.checked.append(summarize.check(f"{month:%B}: they are Python's", chained, self._expected(rows)))
        records = sum(count for count, _ in chained.values())
        self.totals.append((f"{month:%Y-%m}", len({region for region, _ in chained}), records))
        return f"{records:,} records in {len({region for region, _ in chained})} regions"

    def _expected(self, rows):
        introduced, counted = set(self.species), collections.defaultdict(list)
        for row in map(load.interpret, rows):
            place, species = (row.get("decimallongitude"), row.get("decimallatitude")), row.get("species")
            if None in place or species is None or row.get("occurrencestatus") != "PRESENT":
                continue
            if region := regions.region_of(*place):
                counted[region, "introduced" if species in introduced else "present"].append(species)
        return {key: (len(names), len(set(names))) for key, names in counted.items()}

    def _counts(self, chain, month):
        """What the chain's last step unloaded, once it has left word."""
        s3, deadline = boto3.client("s3"), time.monotonic() + LONGEST_WAIT_SECONDS
        word, pause = f"{chain}/count/{month}.json", 0.02
        while True:
            try:
                s3.head_object(Bucket=self.bucket, Key=word)
                break
            except ClientError:
                if time.monotonic() > deadline:
                    raise ChainBroke(self._where_it_broke(s3, chain, month)) from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.5)
        frame = summarize.read_parquet(f"s3://{self.bucket}/{chain}/summary/{month}_000.parquet")
        return {(row["region"], row["status"]): (row["records"], row["species"]) for row in summarize.rows_of(frame)}

    def _where_it_broke(self, s3, chain, month):
        for step in STEPS:
            try:
                s3.head_object(Bucket=self.bucket, Key=f"{chain}/{step}/{month}.json")
            except ClientError:
                group = f"/aws/lambda/bison-{chain}-{step}"
                try:
                    events = boto3.client("logs").filter_log_events(logGroupName=group)["events"]
                except ClientError as error:
                    return f"{chain}: {step} of {month} was not run: {error}"
                said = "".join(event["message"] for event in events[-20:])
                return f"{chain}: {step} of {month} did not come to its end. {group}:\n{said}"
        return f"{chain}: {month} came to its end late"

    def show(self):
        import pandas

        self.tables.append(("the year", pandas.DataFrame(self.totals, columns=["month", "regions", "records"])))
        failed = boto3.client("sqs").get_queue_url(QueueName="bison-failed")["QueueUrl"]
        left = boto3.client("sqs").receive_message(QueueUrl=failed).get("Messages", [])
        self.checked.append(summarize.check("nothing failed for good", [json.loads(m["Body"]) for m in left], []))
        return f"{len(self.totals)} months"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--records", type=int, default=2000, help="a month")
    parser.add_argument("--regions", help="a zipped shapefile with columns STUSPS or code, and NAME")
    parser.add_argument("--bucket", default="", help="default: bison-<account>")
    given = parser.parse_args()
    try:
        workflow.run(Year(given.months, given.records, given.bucket, given.regions))
    except workflow.StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
