#!/usr/bin/env python3
"""`make demo`: starts the server on an empty data directory, runs the monthly occurrence summary on it, and stops it.

    ARCHIVE=file.zip   summarize this Darwin Core archive; else the real data where it is (the folder TARN_DATA, or
                       ../shared/data), else a generated sample
    KEEP=1             leave the server up, and say how to reach it
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
EXAMPLE = ROOT / "examples" / "occurrence_summary"
SAMPLE_RECORDS = 50_000
START_LIMIT_SECONDS = 20
STOP_LIMIT_SECONDS = 30


class DemoFailed(Exception):
    """Says what went wrong and what to do."""


class Server:
    """build/tarn on a data directory of its own; it outlives this program where it is not stopped."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tarn-demo-"))
        self.data_dir = self.directory / "data"
        self.log = self.directory / "log"
        self.endpoint = None
        self.process = None

    def start(self):
        if not TARN.exists():
            raise DemoFailed(f"{TARN} is not there: run `make build` first")
        listen = self.endpoint.removeprefix("http://") if self.endpoint else "127.0.0.1:0"
        command = [TARN, "serve", "--listen", listen, "--data-dir", self.data_dir]
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


def choose_data(options_of, records):
    """The example's options for the archive given, the real data, or a sample; and what to say of it."""
    archive = os.environ.get("ARCHIVE")
    if archive:
        if not pathlib.Path(archive).is_file():
            raise DemoFailed(f"ARCHIVE={archive}: there is no such file")
        return options_of(archives=[archive]), archive
    if records:
        return options_of(sample=records), f"a generated sample of {records:,} records"
    data = pathlib.Path(os.environ.get("TARN_DATA") or ROOT.parent / "shared" / "data")
    fishes, plants = data / "specify" / "kui-dwca.zip", data / "bison" / "gbif_2022-02-15_1k.tsv"
    if fishes.is_file() and plants.is_file():
        return options_of(archives=[str(fishes)], gbif_tables=[str(plants)]), f"{fishes.name} and {plants.name}"
    if os.environ.get("TARN_DATA"):
        raise DemoFailed(f"TARN_DATA={data}: {fishes} or {plants} is missing")
    return options_of(sample=SAMPLE_RECORDS), f"a generated sample of {SAMPLE_RECORDS:,} records"


def run(server, given):
    sys.path.insert(0, str(EXAMPLE))
    try:
        import workflow
    except ModuleNotFoundError as error:
        raise DemoFailed(f"the Python library {error.name} is missing: run `make setup`") from None
    options, what = choose_data(workflow.Options, given.sample)
    started = time.monotonic()
    server.start()
    print(f"tarn answers at {server.endpoint}, {1000 * (time.monotonic() - started):.0f} ms after its start")
    print(f"summarizing {what}\n", flush=True)
    server.enter_environment()
    after_step = (lambda name: server.restart()) if given.restart_between_steps else (lambda name: None)
    try:
        workflow.run(workflow.Workflow(options), after_step=after_step)
    except workflow.StepFailed as error:
        raise DemoFailed(str(error)) from error


def tell_how_to_reach(server):
    print(f"""
The server is still up (process {server.process.pid}); its data and its log are in {server.directory}.
  use it    eval "$({TARN} env --data-dir {server.data_dir})"
  stop it   kill {server.process.pid}
  forget it rm -r {server.directory}""")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, help="generate so many records, even where real data is")
    parser.add_argument("--restart-between-steps", action="store_true", help="restart the server after each step")
    given = parser.parse_args()
    server = Server()
    keep = os.environ.get("KEEP", "") not in ("", "0")
    failed = False
    try:
        run(server, given)
    except DemoFailed as error:
        print(f"\nthe demo failed: {error}", file=sys.stderr)
        failed = True
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        failed = True
    if keep and server.process and server.process.poll() is None:
        tell_how_to_reach(server)
        return int(failed)
    try:
        server.stop()
    except DemoFailed as error:
        print(f"\nthe demo failed: {error}", file=sys.stderr)
        failed = True
    if failed and server.log.exists():
        print(f"the server's log is {server.log}", file=sys.stderr)
    else:
        server.remove()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
