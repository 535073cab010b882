"""Measures tarn, as ratios against a peer or a limit in the same run, and writes bench/results.md.

    make bench [BENCH="start sql wire objects crawl functions events queues schedules"]

start     from start to the first answered call on an existing directory, and resident memory when idle
sql       subset and summaries, a trivial statement, points in polygons, COPY, TPC-H: beside plain DuckDB over the same files
crawl     a crawler over 10,000 objects in 500 partitions
wire      one row inserted on the PostgreSQL wire beside the engine's own durable commit, and a trivial statement
functions a warm and a cold call of an empty Python function
events    10,000 events against 1,000 rules
queues    messages sent, received and deleted over 32 connections, beside ministack
schedules 12,000 firings of a year on the virtual clock
objects   PutObject and GetObject beside nginx serving the same bytes, and a group-committed fdatasync loop
"""
import datetime
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from support.server import Server  # noqa: E402

ROUNDS = 5


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def median(values):
    return statistics.median(values)


# --- start -------------------------------------------------------------------------------------------------------------

def measure_start(rows):
    """A raw signed request is not needed to see that the server answers: an unsigned one gets a signed-off refusal."""
    import http.client
    import socket

    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder:
        server = Server(folder)
        server.start()
        s3 = server.client("s3")
        s3.create_bucket(Bucket="bench")
        for i in range(100):
            s3.put_object(Bucket="bench", Key=f"k{i}", Body=b"x" * 1000)
        server.stop()
        port = int(server.endpoint.rsplit(":", 1)[1])
        times = []
        for _ in range(ROUNDS):
            command = [str(ROOT / "build" / "tarn"), "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", folder]
            started = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while True:
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                    connection.request("GET", "/bench/k1")
                    answer = connection.getresponse()
                    answer.read()
                    break
                except (ConnectionRefusedError, socket.error):
                    if process.poll() is not None:
                        raise RuntimeError("the server ended") from None
            times.append((time.perf_counter() - started) * 1000)
            connection.close()
            if _ == ROUNDS - 1:
                memory = resident_mib(process.pid)
            process.terminate()
            process.wait(20)
        rows.append(("start to first answer, existing directory", f"{median(times):.0f} ms", "50 ms", median(times) / 50))
        rows.append(("resident memory, idle, no engine started", f"{memory:.0f} MiB", "40 MiB", memory / 40))


# --- sql, objects --------------------------------------------------------------------------------------------------------

def measure_sql(rows):
    import sql

    sql.measure(rows, Server, ROUNDS, os.environ.get("TARN_BENCH_SQL", "").split())


def measure_objects(rows):
    import objects

    objects.measure(rows, Server, ROUNDS)


def measure_crawl(rows):
    import crawl

    crawl.measure_crawl(rows)


def measure_wire(rows):
    import wire

    wire.measure(rows, Server, ROUNDS)


def measure_functions(rows):
    import functions

    functions.measure(rows, Server, ROUNDS)


def measure_events(rows):
    import events

    events.measure(rows, Server, ROUNDS)


def measure_queues(rows):
    import queues

    queues.measure(rows, Server, ROUNDS)


def measure_schedules(rows):
    import schedules

    schedules.measure(rows, Server, ROUNDS)


PARTS = {"start": measure_start, "sql": measure_sql, "wire": measure_wire, "objects": measure_objects, "crawl": measure_crawl,
         "functions": measure_functions, "events": measure_events,
         "queues": measure_queues, "schedules": measure_schedules}


# --- README --------------------------------------------------------------------------------------------------------------

# The rows that README shows, by how they begin.
QUOTED = ("start to first answer", "resident memory", "subset and summaries", "TPC-H", "1,000,000 points", "a trivial statement (",
          "INSERT of one row", "PUT 1 KB, 32", "GET 1 KB, 32", "crawl of 10,000 objects in 500 partitions, first", "warm call of",
          "cold start of", "messages sent")  # fmt: skip
BEGIN, END = "<!-- measured: made by bench/run.py -->\n", "<!-- end of measured -->\n"


def quote_in_readme():
    """Puts the quoted rows of bench/results.md between README's marks."""
    lines = (ROOT / "bench" / "results.md").read_text().splitlines(keepends=True)
    table = next(i for i, line in enumerate(lines) if line.startswith("| what |"))
    rows = [line for line in lines[table + 2:] if line[2:].startswith(QUOTED)]
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text("".join([before, BEGIN, *lines[table:table + 2], *rows, END, after]))


def main():
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [w for w in wanted if w not in PARTS]
    if unknown:
        print(f"unknown part {unknown[0]!r}: one of {', '.join(PARTS)}", file=sys.stderr)
        return 2
    rows = []
    for part in wanted:
        print(f"== {part}", flush=True)
        before = len(rows)
        PARTS[part](rows)
        for name, ours, other, ratio in rows[before:]:
            print(f"  {name}: {ours} ({other}); ratio {ratio:.2f}", flush=True)
    if wanted == list(PARTS):
        names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
        where = f"{os.cpu_count()} cores ({names[0] if names else platform.machine()})"
        lines = ["# Measured\n\n", f"By `make bench` on {datetime.date.today()}, {where}, median of {ROUNDS}.\n\n",
                 "| what | tarn | against | ratio |\n", "| --- | ---: | --- | ---: |\n"]
        lines += [f"| {name} | {ours} | {other} | {ratio:.2f} |\n" for name, ours, other, ratio in rows]
        (ROOT / "bench" / "results.md").write_text("".join(lines))
        quote_in_readme()
        print("\nwritten to bench/results.md, and what README quotes of it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
