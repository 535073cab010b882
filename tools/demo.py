#!/usr/bin/env python3
"""`make demo`: starts the server on an empty data directory, runs the examples on it, and stops it.

    occurrence_summary   a month of occurrences: mount, subset, summarize, read with Python
    lakehouse            a crawler finds files, Athena and Redshift agree about them; a page draws them
    monthly_chain        a year of scheduled functions on a virtual clock

    ARCHIVE=file.zip   summarize this Darwin Core archive; else the real data where it is (the folder TARN_DATA, or
                       ../shared/data), else a generated sample
    KEEP=1             leave the server up, and say how to reach it
    EXAMPLES="a b"     run these only
"""
import argparse
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARN = pathlib.Path(os.environ.get("TARN_BINARY", ROOT / "build" / "tarn"))
EXAMPLES = ROOT / "examples"
PAGE = ROOT / "build" / "occurrences.html"
SAMPLE_RECORDS = 50_000
RECORDS_A_MONTH = 2_000
START_LIMIT_SECONDS = 20
STOP_LIMIT_SECONDS = 30


class DemoFailed(Exception):
    """Says what went wrong and what to do."""


class Server:
    """build/tarn on a data directory of its own; it outlives this program where it is not stopped."""

    def __init__(self, *options):
        self.options = options
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tarn-demo-"))
        self.data_dir = self.directory / "data"
        self.log = self.directory / "log"
        self.endpoint = None
        self.process = None

    def start(self):
        if not TARN.exists():
            raise DemoFailed(f"{TARN} is not there: run `make build` first")
        listen = self.endpoint.removeprefix("http://") if self.endpoint else "127.0.0.1:0"
        command = [TARN, "serve", "--listen", listen, "--redshift-listen", "127.0.0.1:0", "--data-dir", self.data_dir, *self.options]
        offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self.process = subprocess.Popen(command, **streams, start_new_session=True)
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while True:
            said = self.log.read_bytes()[offset:].decode(errors="replace")
            if match := re.search(r"listening on (http://\S+)", said):
                self.endpoint = match.group(1)
                return
            if self.process.poll() is not None:
                raise DemoFailed(f"the server did not start (exit code {self.process.returncode}):\n{said.strip()}")
            if time.monotonic() > deadline:
                raise DemoFailed(f"the server did not start in {START_LIMIT_SECONDS} seconds; its log is {self.log}")
            time.sleep(0.005)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise DemoFailed(f"the server did not stop in {STOP_LIMIT_SECONDS} s; its log is {self.log}") from None

    def restart(self):
        self.stop()
        self.start()

    def enter_environment(self):
        """What `eval "$(tarn env)"` does in a shell."""
        printed = subprocess.run([TARN, "env", "--data-dir", self.data_dir], capture_output=True, text=True)
        if printed.returncode != 0:
            raise DemoFailed(f"tarn env failed: {printed.stderr.strip()}")
        for line in printed.stdout.splitlines():
            words = shlex.split(line)
            if words[:1] == ["export"]:
                name, _, value = words[1].partition("=")
                os.environ[name] = value
            elif words[:1] == ["unset"]:
                for name in words[1:]:
                    os.environ.pop(name, None)

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def real_data():
    """The folder of the real data, or None. ERRORS: DemoFailed where TARN_DATA names one without it."""
    data = pathlib.Path(os.environ.get("TARN_DATA") or ROOT.parent / "shared" / "data")
    needed = [data / "specify" / "kui-dwca.zip", data / "bison" / "gbif_2022-02-15_1k.tsv"]
    if all(path.is_file() for path in needed):
        return data
    if os.environ.get("TARN_DATA"):
        raise DemoFailed(f"TARN_DATA={data}: {needed[0]} or {needed[1]} is missing")
    return None


def occurrences(records):
    """The options that say which occurrences, and what to say of them."""
    archive = os.environ.get("ARCHIVE")
    if archive:
        if not pathlib.Path(archive).is_file():
            raise DemoFailed(f"ARCHIVE={archive}: there is no such file")
        return {"archives": [archive]}, archive
    if records:
        return {"sample": records}, f"a generated sample of {records:,} records"
    if data := real_data():
        fishes, plants = data / "specify" / "kui-dwca.zip", data / "bison" / "gbif_2022-02-15_1k.tsv"
        return {"archives": [str(fishes)], "gbif_tables": [str(plants)]}, f"{fishes.name} and {plants.name}"
    return {"sample": SAMPLE_RECORDS}, f"a generated sample of {SAMPLE_RECORDS:,} records"


# --- the examples ------------------------------------------------------------------------------------------------------


def occurrence_summary(given, after_step):
    import workflow

    options, what = occurrences(given.sample)
    print(f"summarizing {what}\n", flush=True)
    workflow.run(workflow.Workflow(workflow.Options(**options)), after_step=after_step)


def lakehouse(given, after_step):
    import lakehouse as example
    import workflow

    options, what = occurrences(given.sample)
    reports = [data / "counter" / "3_TR_2019-07-01.parquet"] if (data := real_data()) and not given.sample else []
    print(f"a lake of {what}\n", flush=True)
    lake = example.Lakehouse(example.Options(**options, reports=[str(path) for path in reports]))
    workflow.run(lake, after_step=after_step)
    table = f"{lake.options.name}.{lake.occurrences}"
    done = subprocess.run([TARN, "profile", table, "--page", PAGE], capture_output=True, text=True)
    if done.returncode != 0:
        raise DemoFailed(f"tarn profile {table}: {done.stderr.strip()}")
    print(f"\na profile of {table}: {PAGE}", flush=True)


def monthly_chain(given, after_step):
    import workflow
    import year

    year.TARN = str(TARN)
    outlines = data / "bison" / "cb_2020_us_state_500k.zip" if (data := real_data()) and not given.sample else None
    print(f"a year of months with {outlines.name if outlines else 'made-up regions'}\n", flush=True)
    records = given.sample or RECORDS_A_MONTH
    workflow.run(year.Year(given.months, records, archive=outlines), after_step=after_step)


# Each with the options that its server needs.
RUNS = {"occurrence_summary": (occurrence_summary, []), "lakehouse": (lakehouse, []),
        "monthly_chain": (monthly_chain, ["--clock", "virtual"])}  # fmt: skip


def run(server, name, given):
    sys.path[:0] = [str(EXAMPLES / name), str(EXAMPLES / "occurrence_summary")]
    started = time.monotonic()
    server.start()
    print(f"\n=== {name}\ntarn answers at {server.endpoint}, {1000 * (time.monotonic() - started):.0f} ms after its start", flush=True)
    server.enter_environment()
    try:
        import boto3
        import workflow
    except ModuleNotFoundError as error:
        raise DemoFailed(f"the Python library {error.name} is missing: run `make setup`") from None
    boto3.DEFAULT_SESSION = None  # of the server before
    try:
        RUNS[name][0](given, (lambda step: server.restart()) if given.restart_between_steps else (lambda step: None))
    except workflow.StepFailed as error:
        raise DemoFailed(str(error)) from error


def tell_how_to_reach(server):
    print(f"""
The server is still up (process {server.process.pid}); its data and its log are in {server.directory}.
  use it    eval "$({TARN} env --data-dir {server.data_dir})"
  stop it   kill {server.process.pid}
  forget it rm -r {server.directory}""")


def run_example(name, given, keep):
    """Whether it failed. With `keep` its server stays up."""
    server = Server(*RUNS[name][1])
    failed = False
    try:
        run(server, name, given)
    except DemoFailed as error:
        print(f"\nthe demo failed: {error}", file=sys.stderr)
        failed = True
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        failed = True
    if keep and server.process and server.process.poll() is None:
        tell_how_to_reach(server)
        return failed
    try:
        server.stop()
    except DemoFailed as error:
        print(f"\nthe demo failed: {error}", file=sys.stderr)
        failed = True
    if failed and server.log.exists():
        print(f"the server's log is {server.log}", file=sys.stderr)
    else:
        server.remove()
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", nargs="*", default=os.environ.get("EXAMPLES", "").split(), help=", ".join(RUNS))
    parser.add_argument("--sample", type=int, default=0, help="generate so many records, even where real data is")
    parser.add_argument("--months", type=int, default=12, help="of the monthly chain")
    parser.add_argument("--restart-between-steps", action="store_true", help="restart the server after each step")
    given = parser.parse_args()
    names = given.examples or list(RUNS)
    if unknown := [name for name in names if name not in RUNS]:
        parser.error(f"unknown example {unknown[0]}: one of {', '.join(RUNS)}")
    keep = os.environ.get("KEEP", "") not in ("", "0")
    return int(any([run_example(name, given, keep) for name in names]))


if __name__ == "__main__":
    sys.exit(main())
