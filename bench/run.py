"""Measures tarn, as ratios against a peer or a limit in the same run, and writes bench/results.md.

    make bench [BENCH="start sql objects"]

start     from start to the first answered call on an existing directory, and resident memory when idle
sql       subset and summaries over 5,000,000 generated occurrences, beside plain DuckDB over the same files
objects   PutObject and GetObject beside nginx serving the same bytes, and a group-committed fdatasync loop
"""
import datetime
import os
import pathlib
import platform
import shutil
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
ROWS = int(os.environ.get("TARN_BENCH_ROWS", 5_000_000))


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


# --- sql ---------------------------------------------------------------------------------------------------------------

def generate_occurrences(folder):
    """Some files of GBIF-shaped rows, the same every time."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.42)")
    per_file = ROWS // 8
    for part in range(8):
        connection.execute(f"""
            COPY (SELECT i + {part * per_file} AS gbifid,
                         'd' || (hash(i * 7 + {part}) % 900)::VARCHAR AS datasetkey,
                         'species ' || (hash(i * 13 + {part}) % 40000)::VARCHAR AS species,
                         (hash(i * 13 + {part}) % 40000)::INTEGER AS taxonkey,
                         CASE WHEN hash(i) % 20 = 0 THEN 'GENUS' WHEN hash(i) % 7 = 0 THEN 'SUBSPECIES' ELSE 'SPECIES' END AS taxonrank,
                         CASE WHEN hash(i) % 11 = 0 THEN 'FOSSIL_SPECIMEN' WHEN hash(i) % 2 = 0 THEN 'HUMAN_OBSERVATION'
                              ELSE 'PRESERVED_SPECIMEN' END AS basisofrecord,
                         CASE WHEN hash(i) % 50 = 0 THEN 'ABSENT' ELSE 'PRESENT' END AS occurrencestatus,
                         CASE WHEN hash(i) % 9 = 0 THEN NULL ELSE (hash(i * 3) % 180000) / 1000.0 - 90 END AS decimallatitude,
                         CASE WHEN hash(i) % 9 = 0 THEN NULL ELSE (hash(i * 5) % 360000) / 1000.0 - 180 END AS decimallongitude,
                         (2000 + hash(i) % 25)::INTEGER AS year
                  FROM range({per_file}) t(i))
            TO '{folder}/part-{part}.parquet' (FORMAT parquet, COMPRESSION zstd)""")


SUBSET = """CREATE TABLE {table} AS SELECT gbifid, datasetkey, species, taxonkey, year, decimallatitude, decimallongitude{geom}
 FROM {source} WHERE decimallatitude IS NOT NULL AND decimallongitude IS NOT NULL AND taxonrank IN ('SPECIES', 'SUBSPECIES')
 AND basisofrecord IN ('HUMAN_OBSERVATION', 'PRESERVED_SPECIMEN') AND occurrencestatus = 'PRESENT'"""
SUMMARIES = [
    """CREATE TABLE {counts} AS SELECT datasetkey, COUNT(*) AS occ_count, COUNT(DISTINCT species) AS species_count
 FROM {table} GROUP BY datasetkey""",
    """CREATE TABLE {lists} AS SELECT datasetkey, taxonkey, species, COUNT(*) AS occ_count FROM {table}
 GROUP BY datasetkey, taxonkey, species""",
]


def measure_sql(rows):
    import duckdb
    import json

    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder, Server() as server:
        files = pathlib.Path(folder) / "files"
        files.mkdir()
        generate_occurrences(files)
        s3, iam, glue = server.client("s3"), server.client("iam"), server.client("glue")
        s3.create_bucket(Bucket="bench")
        for path in sorted(files.glob("*.parquet")):
            s3.upload_file(str(path), "bench", f"occ/{path.name}")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": [
            "redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*"], "Resource": "*"}]}
        iam.put_role_policy(RoleName="bench", PolicyName="all", PolicyDocument=json.dumps(everything))
        serverless = server.client("redshift-serverless")
        serverless.create_namespace(namespaceName="bench", dbName="dev", defaultIamRoleArn=role, iamRoles=[role])
        serverless.create_workgroup(workgroupName="bench", namespaceName="bench")
        glue.create_database(DatabaseInput={"Name": "bench"})
        data = server.client("redshift-data")

        def run(sql):
            statement = data.execute_statement(WorkgroupName="bench", Database="dev", Sql=sql)["Id"]
            while True:
                state = data.describe_statement(Id=statement)
                if state["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                    break
                time.sleep(0.002)
            if state["Status"] != "FINISHED":
                raise RuntimeError(state.get("Error", state["Status"]))
            return state["Duration"] / 1e9

        columns = ("gbifid bigint, datasetkey varchar(64), species varchar(200), taxonkey int, taxonrank varchar(20), "
                   "basisofrecord varchar(40), occurrencestatus varchar(20), decimallatitude float8, decimallongitude float8, year int")
        run(f"CREATE EXTERNAL SCHEMA sp FROM DATA CATALOG DATABASE 'bench' IAM_ROLE '{role}'")
        run(f"CREATE EXTERNAL TABLE sp.occ ({columns}) STORED AS PARQUET LOCATION 's3://bench/occ/'")

        plain = duckdb.connect(f"{folder}/plain.db", config={"threads": 2, "memory_limit": "1GB"})
        times = {"tarn": [], "duckdb": []}
        for n in range(ROUNDS):
            started = time.perf_counter()
            plain.execute(SUBSET.format(table=f"s{n}", source=f"'{files}/*.parquet'", geom=""))
            for sql in SUMMARIES:
                plain.execute(sql.format(table=f"s{n}", counts=f"c{n}", lists=f"l{n}"))
            times["duckdb"].append(time.perf_counter() - started)
            took = run(SUBSET.format(table=f"public.s{n}", source="sp.occ", geom=""))
            for sql in SUMMARIES:
                took += run(sql.format(table=f"public.s{n}", counts=f"public.c{n}", lists=f"public.l{n}"))
            times["tarn"].append(took)
            for prefix in "scl":
                plain.execute(f"DROP TABLE {prefix}{n}") if n < ROUNDS - 1 else None
                run(f"DROP TABLE public.{prefix}{n}") if n < ROUNDS - 1 else None
        ours, theirs = median(times["tarn"]), median(times["duckdb"])
        last = ROUNDS - 1
        statement = data.execute_statement(WorkgroupName="bench", Database="dev", Sql=f"SELECT COUNT(*) FROM public.l{last}")["Id"]
        while data.describe_statement(Id=statement)["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
            time.sleep(0.01)
        count = data.get_statement_result(Id=statement)["Records"][0][0]["longValue"]
        expected = plain.execute(f"SELECT COUNT(*) FROM l{last}").fetchone()[0]
        if count != expected:
            raise RuntimeError(f"different answers: {count} and {expected}")
        rows.append((f"subset and summaries over {ROWS:,} occurrences", f"{ours:.2f} s", f"plain DuckDB {theirs:.2f} s, goal 1.10",
                     ours / theirs))


def measure_objects(rows):
    import objects

    objects.measure(rows, Server, ROUNDS)


PARTS = {"start": measure_start, "sql": measure_sql, "objects": measure_objects}


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
        print("\nwritten to bench/results.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
