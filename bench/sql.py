"""The SQL rows of the bench: each beside plain DuckDB (or GEOS) over the same bytes, in the same run.

A statement's time is what DescribeStatement says (Duration). While one runs it is asked about seldom: on two cores a client
that asks every few milliseconds takes the engine's processor.
"""
import glob
import json
import os
import pathlib
import statistics
import struct
import subprocess
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROWS = int(os.environ.get("TARN_BENCH_ROWS", 5_000_000))
POINTS = 1_000_000
COPY_MIB = 200
SCALE = float(os.environ.get("TARN_BENCH_SCALE", 1))  # of TPC-H
MEMORY = "1GB"
median = statistics.median


def plain_duckdb(path=":memory:"):
    import duckdb

    return duckdb.connect(path, config={"threads": os.cpu_count(), "memory_limit": MEMORY})


def extension(name):
    pattern = ROOT / f".deps/python/lib/python3*/site-packages/duckdb_ext/extensions/v1.4.4/linux_amd64/{name}.duckdb_extension"
    return glob.glob(str(pattern))[0]


class Warehouse:
    """A bucket, a role that may read and write, a workgroup, and statements run in it."""

    def __init__(self, server):
        self.s3, self.glue = server.client("s3"), server.client("glue")
        self.data = server.client("redshift-data")
        iam, serverless = server.client("iam"), server.client("redshift-serverless")
        self.s3.create_bucket(Bucket="bench")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": [
            "redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}
        self.role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*"], "Resource": "*"}]}
        iam.put_role_policy(RoleName="bench", PolicyName="all", PolicyDocument=json.dumps(everything))
        serverless.create_namespace(namespaceName="bench", dbName="dev", defaultIamRoleArn=self.role, iamRoles=[self.role])
        serverless.create_workgroup(workgroupName="bench", namespaceName="bench")
        self.glue.create_database(DatabaseInput={"Name": "bench"})
        self.run(f"CREATE EXTERNAL SCHEMA sp FROM DATA CATALOG DATABASE 'bench' IAM_ROLE '{self.role}'")

    def upload(self, files, prefix):
        for path in files:
            self.s3.upload_file(str(path), "bench", f"{prefix}/{path.name}")

    def start(self, sql):
        return self.data.execute_statement(WorkgroupName="bench", Database="dev", Sql=sql)["Id"]

    def finish(self, statement, pause=0.05):
        while True:
            state = self.data.describe_statement(Id=statement)
            if state["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                break
            time.sleep(pause)
        if state["Status"] != "FINISHED":
            raise RuntimeError(f"{state.get('Error', state['Status'])}\n{state.get('QueryString', '')}")
        return state["Duration"] / 1e9

    def run(self, sql):
        return self.finish(self.start(sql))

    def rows(self, sql):
        statement = self.start(sql)
        took = self.finish(statement)
        records, token = [], {}
        while True:
            page = self.data.get_statement_result(Id=statement, **token)
            records += [tuple(None if "isNull" in field else next(iter(field.values())) for field in record)
                        for record in page["Records"]]
            if "NextToken" not in page:
                return records, took
            token = {"NextToken": page["NextToken"]}


# --- subset and summaries ----------------------------------------------------------------------------------------------

def generate_occurrences(folder):
    """Some files of GBIF-shaped rows, the same every time."""
    connection = plain_duckdb()
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


SUBSET = """CREATE TABLE {table} AS SELECT gbifid, datasetkey, species, taxonkey, year, decimallatitude, decimallongitude
 FROM {source} WHERE decimallatitude IS NOT NULL AND decimallongitude IS NOT NULL AND taxonrank IN ('SPECIES', 'SUBSPECIES')
 AND basisofrecord IN ('HUMAN_OBSERVATION', 'PRESERVED_SPECIMEN') AND occurrencestatus = 'PRESENT'"""
SUMMARIES = [
    """CREATE TABLE {counts} AS SELECT datasetkey, COUNT(*) AS occ_count, COUNT(DISTINCT species) AS species_count
 FROM {table} GROUP BY datasetkey""",
    """CREATE TABLE {lists} AS SELECT datasetkey, taxonkey, species, COUNT(*) AS occ_count FROM {table}
 GROUP BY datasetkey, taxonkey, species""",
]


def measure_occurrences(rows, warehouse, folder, rounds):
    files = folder / "occurrences"
    files.mkdir()
    generate_occurrences(files)
    warehouse.upload(sorted(files.glob("*.parquet")), "occ")
    columns = ("gbifid bigint, datasetkey varchar(64), species varchar(200), taxonkey int, taxonrank varchar(20), "
               "basisofrecord varchar(40), occurrencestatus varchar(20), decimallatitude float8, decimallongitude float8, year int")
    warehouse.run(f"CREATE EXTERNAL TABLE sp.occ ({columns}) STORED AS PARQUET LOCATION 's3://bench/occ/'")
    plain = plain_duckdb(str(folder / "plain.db"))
    ours, theirs = [], []
    for n in range(rounds):
        started = time.perf_counter()
        plain.execute(SUBSET.format(table=f"s{n}", source=f"'{files}/*.parquet'"))
        for sql in SUMMARIES:
            plain.execute(sql.format(table=f"s{n}", counts=f"c{n}", lists=f"l{n}"))
        theirs.append(time.perf_counter() - started)
        took = warehouse.run(SUBSET.format(table=f"public.s{n}", source="sp.occ"))
        for sql in SUMMARIES:
            took += warehouse.run(sql.format(table=f"public.s{n}", counts=f"public.c{n}", lists=f"public.l{n}"))
        ours.append(took)
        check = "SELECT COUNT(*), SUM(occ_count) FROM {}"
        expected = plain.execute(check.format(f"l{n}")).fetchone()
        (count,), _ = warehouse.rows(check.format(f"public.l{n}"))
        if [int(v) for v in count] != [int(v) for v in expected]:
            raise RuntimeError(f"different answers: {count} and {expected}")
        for prefix in "scl":
            plain.execute(f"DROP TABLE {prefix}{n}")
            warehouse.run(f"DROP TABLE public.{prefix}{n}")
    rows.append((f"subset and summaries over {ROWS:,} occurrences", f"{median(ours):.2f} s",
                 f"plain DuckDB {median(theirs):.2f} s, goal 1.10", median(ours) / median(theirs)))


# --- a trivial statement, a page ---------------------------------------------------------------------------------------

def measure_trivial(rows, warehouse, _folder, _rounds):
    data = warehouse.data

    def round_trip():
        started = time.perf_counter()
        try:
            data.describe_statement(Id="00000000-0000-0000-0000-000000000000")
        except data.exceptions.ResourceNotFoundException:
            pass
        return time.perf_counter() - started

    def statement():
        started = time.perf_counter()
        made = warehouse.start("SELECT 1")
        warehouse.finish(made, pause=0)
        if data.get_statement_result(Id=made)["Records"] != [[{"longValue": 1}]]:
            raise RuntimeError("a wrong answer")
        return time.perf_counter() - started

    for _ in range(20):
        statement()
        round_trip()
    alone = median([round_trip() for _ in range(200)])
    beyond = (median([statement() for _ in range(200)]) - 3 * alone) * 1000
    rows.append(("a trivial statement (execute, describe, result) beyond three round trips", f"{beyond:.2f} ms", "goal 3 ms", beyond / 3))

    made = warehouse.start("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 1000) "
                           "SELECT n, 'name ' || n AS name, n * 1.5 AS x, DATE '2020-01-01' + n AS d FROM t")
    warehouse.finish(made)
    page = data.get_statement_result(Id=made)
    if len(page["Records"]) != 1000:
        raise RuntimeError("no whole page")
    took = raw_time(data, "GetStatementResult", {"Id": made}) * 1000
    rows.append(("a result's page of 1,000 rows, one HTTP round trip without a client's parsing", f"{took:.1f} ms", "goal 5 ms", took / 5))


def raw_time(client, operation, parameters, times=50):
    """The median of a call's round trips, signed as the client would, without its parsing of the answer."""
    import http.client
    import urllib.parse

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    where = urllib.parse.urlsplit(client.meta.endpoint_url)
    connection = http.client.HTTPConnection(where.hostname, where.port)
    model = client.meta.service_model
    took = []
    for _ in range(times):
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}"}
        request = AWSRequest("POST", client.meta.endpoint_url + "/", headers=headers, data=json.dumps(parameters))
        SigV4Auth(client._request_signer._credentials, model.signing_name, client.meta.region_name).add_auth(request)
        prepared = request.prepare()
        started = time.perf_counter()
        connection.request("POST", "/", prepared.body, dict(prepared.headers))
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - started)
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status}")
    return median(took)


# --- points in polygons ------------------------------------------------------------------------------------------------

JOIN = "SELECT s.stusps, COUNT(*) AS points FROM {points} p, {states} s WHERE ST_Intersects({point}, {shape}) GROUP BY s.stusps ORDER BY 1"


def measure_spatial(rows, warehouse, folder, rounds):
    """1,000,000 points in the outlines of 56 states, as workflow 002 writes it, beside GEOS by itself."""
    archive = pathlib.Path(os.environ.get("TARN_DATA", "")) / "bison" / "cb_2020_us_state_500k.zip"
    if not archive.exists():
        print("  points in polygons: no outlines (TARN_DATA)")
        return
    shapes = folder / "states"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(shapes)
    outline = next(shapes.glob("*.shp"))
    plain = plain_duckdb()
    plain.execute(f"LOAD '{extension('spatial')}'")
    plain.execute(f"CREATE TABLE states AS SELECT * FROM ST_Read('{outline}')")
    plain.execute(f"""CREATE TABLE points AS SELECT -180 + 115 * (hash(i) % 100000000) / 1e8 AS lon,
        17 + 55 * (hash(i + 77) % 100000000) / 1e8 AS lat FROM range({POINTS}) t(i)""")
    plain.execute(f"COPY points TO '{folder}/points.parquet' (FORMAT parquet)")
    with open(folder / "polygons.bin", "wb") as out:
        for (wkb,) in plain.execute("SELECT ST_AsWKB(geom)::BLOB FROM states").fetchall():
            out.write(struct.pack("<I", len(wkb)) + wkb)
    numbers = plain.execute("SELECT lon, lat FROM points").fetchnumpy()
    import numpy
    numpy.column_stack([numbers["lon"], numbers["lat"]]).astype("<f8").tofile(folder / "points.bin")

    warehouse.upload(sorted(shapes.iterdir()), "states")
    warehouse.upload([folder / "points.parquet"], "points")
    fields = ", ".join(f"{name} VARCHAR(max)" for name, *_ in plain.execute("DESCRIBE states").fetchall() if name != "geom")
    warehouse.run(f"CREATE TABLE public.states (shape GEOMETRY, {fields})")
    warehouse.run(f"COPY public.states FROM 's3://bench/states/{outline.name}' FORMAT SHAPEFILE IAM_ROLE DEFAULT")
    warehouse.run("CREATE EXTERNAL TABLE sp.points (lon float8, lat float8) STORED AS PARQUET LOCATION 's3://bench/points/'")
    warehouse.run("CREATE TABLE public.points AS SELECT ST_MakePoint(lon, lat) AS geom FROM sp.points")

    join = JOIN.format(points="public.points", states="public.states", point="ST_SetSRID(p.geom, 4326)", shape="ST_SetSRID(s.shape, 4326)")
    ours, alone = [], []
    for _ in range(rounds):
        done = subprocess.run([ROOT / "build/bench_geos_points", folder / "polygons.bin", folder / "points.bin"],
                              check=True, capture_output=True, text=True).stdout.split()
        alone.append(float(done[1]))
        answer, took = warehouse.rows(join)
        ours.append(took)
        if sum(count for _, count in answer) != int(done[0]):
            raise RuntimeError(f"different answers: {sum(count for _, count in answer)} and {done[0]}")
    rows.append((f"{POINTS:,} points in 56 state outlines", f"{median(ours):.2f} s",
                 f"GEOS, prepared, 1 thread {median(alone):.2f} s, goal 1.25", median(ours) / median(alone)))
    # The extension's own join tests each pair against the whole outline: a part of the points is enough to see.
    few = POINTS // 20
    warehouse.run(f"CREATE TABLE public.few AS SELECT ST_MakePoint(lon, lat) AS geom FROM sp.points ORDER BY lon, lat LIMIT {few}")
    plain.execute(f"CREATE TABLE few AS SELECT ST_Point(lon, lat) AS geom FROM points ORDER BY lon, lat LIMIT {few}")
    answer, ours = warehouse.rows(join.replace("public.points", "public.few"))
    started = time.perf_counter()
    theirs = plain.execute(JOIN.format(points="few", states="states", point="p.geom", shape="s.geom")).fetchall()
    took = time.perf_counter() - started
    if theirs != [tuple(row) for row in answer]:
        raise RuntimeError("the spatial extension's own join answers differently")
    rows.append((f"{few:,} points in 56 state outlines", f"{ours:.3f} s", f"the spatial extension's own join {took:.2f} s", ours / took))


# --- COPY --------------------------------------------------------------------------------------------------------------

def measure_copy(rows, warehouse, folder, rounds):
    path = folder / "load.csv"
    plain = plain_duckdb(str(folder / "load.db"))
    plain.execute(f"""COPY (SELECT i AS id, 'd' || hash(i) % 900 AS datasetkey, 'species ' || hash(i) % 40000 AS species,
        (hash(i * 3) % 180000) / 1000.0 - 90 AS lat, DATE '2000-01-01' + (i % 9000)::INTEGER AS seen, i % 3 = 0 AS ok,
        CASE WHEN i % 100 = 0 THEN 'a, "quoted" remark' ELSE 'a remark of some length ' || i END AS remark
        FROM range({COPY_MIB * 11_000}) t(i)) TO '{path}' (HEADER true)""")
    size = path.stat().st_size / (1 << 20)
    warehouse.upload([path], "copy")
    columns = "id bigint, datasetkey varchar(64), species varchar(200), lat float8, seen date, ok boolean, remark varchar(300)"
    ours, theirs = [], []
    for n in range(rounds):
        plain.execute("CREATE TABLE t (id bigint, datasetkey varchar, species varchar, lat double, seen date, ok boolean, remark varchar)")
        started = time.perf_counter()
        plain.execute(f"COPY t FROM '{path}' (FORMAT csv, HEADER true, AUTO_DETECT false, DELIMITER ',', QUOTE '\"', ESCAPE '\"')")
        theirs.append(time.perf_counter() - started)
        warehouse.run(f"CREATE TABLE public.t{n} ({columns})")
        ours.append(warehouse.run(f"COPY public.t{n} FROM 's3://bench/copy/load.csv' IAM_ROLE DEFAULT FORMAT CSV IGNOREHEADER 1"))
        check = "SELECT COUNT(*), SUM(id), COUNT(DISTINCT remark) FROM {}"
        (answer,), _ = warehouse.rows(check.format(f"public.t{n}"))
        if [int(v) for v in answer] != [int(v) for v in plain.execute(check.format("t")).fetchone()]:
            raise RuntimeError("different answers")
        plain.execute("DROP TABLE t")
        warehouse.run(f"DROP TABLE public.t{n}")
    rows.append((f"COPY of {size:.0f} MiB of CSV", f"{median(ours):.2f} s", f"plain DuckDB's COPY {median(theirs):.2f} s, goal 1.10",
                 median(ours) / median(theirs)))


# --- TPC-H -------------------------------------------------------------------------------------------------------------

HIVE = {"INTEGER": "int", "BIGINT": "bigint", "VARCHAR": "varchar(200)", "DATE": "date"}


def same(a, b):
    """Two rows' values alike: numbers up to what a double and Redshift's decimals round."""
    if a is None or b is None:
        return a is None and b is None
    try:
        x, y = float(a), float(b)
    except ValueError:
        return str(a).rstrip() == str(b).rstrip()
    return abs(x - y) <= 1e-2 + 1e-6 * abs(y)


def measure_tpch(rows, warehouse, folder, rounds):
    files = folder / "tpch"
    files.mkdir()
    plain = plain_duckdb()
    plain.execute(f"LOAD '{extension('tpch')}'")
    plain.execute(f"CALL dbgen(sf = {SCALE})")
    tables = [name for (name,) in plain.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    queries = dict(plain.execute("SELECT query_nr, query FROM tpch_queries()").fetchall())
    described = {}
    for name in tables:
        described[name] = plain.execute(f"DESCRIBE {name}").fetchall()
        (files / name).mkdir()
        plain.execute(f"COPY {name} TO '{files}/{name}/data.parquet' (FORMAT parquet, COMPRESSION snappy)")
    plain.close()
    plain = plain_duckdb()
    warehouse.glue.create_database(DatabaseInput={"Name": "tpch"})
    warehouse.run(f"CREATE EXTERNAL SCHEMA tpch FROM DATA CATALOG DATABASE 'tpch' IAM_ROLE '{warehouse.role}'")
    for name in tables:
        warehouse.upload([files / name / "data.parquet"], f"tpch/{name}")
        columns = ", ".join(f"{c} {HIVE.get(t, t.lower())}" for c, t, *_ in described[name])
        warehouse.run(f"CREATE EXTERNAL TABLE tpch.{name} ({columns}) STORED AS PARQUET LOCATION 's3://bench/tpch/{name}/'")
        plain.execute(f"CREATE VIEW {name} AS SELECT * FROM '{files}/{name}/data.parquet'")
    ours, theirs = {n: [] for n in queries}, {n: [] for n in queries}
    for _ in range(min(rounds, 3)):
        for number, sql in queries.items():
            # Query 9 calls a column as a table is called.
            sql = sql.strip().rstrip(";").replace("nation,\n    o_year", "country,\n    o_year").replace("AS nation,", "AS country,")
            started = time.perf_counter()
            expected = plain.execute(sql).fetchall()
            theirs[number].append(time.perf_counter() - started)
            for name in tables:
                sql = qualified(sql, name)
            answer, took = warehouse.rows(sql)
            ours[number].append(took)
            if len(answer) != len(expected) or not all(same(a, b) for x, y in zip(answer, expected) for a, b in zip(x, y)):
                raise RuntimeError(f"TPC-H {number}: different answers: {answer[:2]} and {expected[:2]}")
    mine, peer = sum(map(median, ours.values())), sum(map(median, theirs.values()))
    if os.environ.get("TARN_BENCH_EACH"):
        for number in queries:
            print(f"    q{number}: {median(ours[number]):.3f} {median(theirs[number]):.3f}")
    rows.append((f"TPC-H scale {SCALE:g}, all 22 queries over Parquet through Redshift", f"{mine:.2f} s",
                 f"plain DuckDB {peer:.2f} s, goal 1.05", mine / peer))


def qualified(sql, table):
    """The table's name with its schema, where it stands as a table: behind FROM, JOIN or a comma of FROM's list."""
    import re

    follows = r"(?=\s*(?:,|\n|$|\)|left|WHERE|ON\b|[a-z]\w*\s*(?:,|\n|$)))"
    return re.sub(rf"(?<![\w.])(?<!AS ){table}(?![\w.])" + follows, f"tpch.{table}", sql)


PARTS = {"occurrences": measure_occurrences, "trivial": measure_trivial, "spatial": measure_spatial, "copy": measure_copy,
         "tpch": measure_tpch}


def measure(rows, server_class, rounds, wanted=None):
    for name, part in PARTS.items():
        if wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder, server_class() as server:
            part(rows, Warehouse(server), pathlib.Path(folder), rounds)
