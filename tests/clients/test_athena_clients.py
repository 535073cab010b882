"""Why: people reach Athena through PyAthena, awswrangler and dbt, which poll, read result objects themselves and lean on details of
both. Each runs as it is installed, in its own process, knowing nothing but the variables that `tarn env` prints."""
import json

import pytest

from support.athena import Workgroup

from clients.test_clients import DEPS, TARN, python, variables  # noqa: F401  (fixtures)


@pytest.fixture(scope="module")
def place(client, new_name):
    bucket, database = new_name("lake"), new_name("db").replace("-", "_")
    client("s3").create_bucket(Bucket=bucket)
    client("glue").create_database(DatabaseInput={"Name": database})
    return bucket, database


PYATHENA = """
import json, sys
from pyathena import connect
from pyathena.cursor import DictCursor
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor
bucket, database = sys.argv[1:]
connection = connect(s3_staging_dir=f"s3://{bucket}/staging/", schema_name=database, poll_interval=0.01)
cursor = connection.cursor()
cursor.execute(f"CREATE EXTERNAL TABLE py (n int, t string, d decimal(5,2), day date, at timestamp, b boolean) STORED AS PARQUET "
               f"LOCATION 's3://{bucket}/py/'")
cursor.execute("INSERT INTO py VALUES (1, 'a', 1.5, DATE '2024-02-29', TIMESTAMP '2024-01-02 03:04:05.678', true), "
               "(2, NULL, NULL, NULL, NULL, NULL)")
cursor.execute("SELECT * FROM py ORDER BY n")
assert [column[0] for column in cursor.description] == ["n", "t", "d", "day", "at", "b"], cursor.description
rows = cursor.fetchall()
out = {"rows": [[str(value) for value in row] for row in rows], "scanned": cursor.data_scanned_in_bytes > 0}
cursor.execute("SELECT t FROM py WHERE n = %(n)s", {"n": 1})
out["parameter"] = cursor.fetchall()
cursor.execute("SELECT t FROM py WHERE n = ?", ["1"], paramstyle="qmark")
out["question"] = cursor.fetchall()
out["dict"] = connection.cursor(DictCursor).execute("SELECT n FROM py ORDER BY n DESC").fetchone()
frame = connection.cursor(PandasCursor).execute("SELECT * FROM py ORDER BY n").as_pandas()
out["frame"] = [list(frame.columns), int(frame["n"].sum()), str(frame["at"][0])]
out["unload"] = len(connection.cursor(PandasCursor, unload=True).execute("SELECT n FROM py").as_pandas())
cursor.execute("SHOW TABLES")
out["tables"] = cursor.fetchall()
cursor.execute("DESCRIBE py")
out["describe"] = len(cursor.fetchall())
try:
    cursor.execute("SELECT nope FROM py")
except OperationalError as error:
    out["error"] = str(error)
print(json.dumps(out))
"""


def test_pyathena(python, place):  # noqa: F811
    out = json.loads(python("athena-clients", PYATHENA, *place))
    assert out["rows"] == [["1", "a", "1.50", "2024-02-29", "2024-01-02 03:04:05.678000", "True"], ["2"] + ["None"] * 5]
    assert out["scanned"] and out["parameter"] == [["a"]] and out["question"] == [["a"]] and out["dict"] == {"n": 2}
    assert out["frame"] == [["n", "t", "d", "day", "at", "b"], 3, "2024-01-02 03:04:05.678000"]
    assert out["unload"] == 2
    assert ["py"] in out["tables"] and out["describe"] == 6
    assert "COLUMN_NOT_FOUND" in out["error"]


WRANGLER = """
import json, sys
import awswrangler as wr
import pandas as pd
bucket, database = sys.argv[1:]
out = {}
frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "year": [2023, 2024, 2024]})
wr.s3.to_parquet(frame, path=f"s3://{bucket}/wr/", dataset=True, database=database, table="wr", partition_cols=["year"])
for name, options in {"ctas": {"ctas_approach": True}, "unload": {"ctas_approach": False, "unload_approach": True,
                                                                   "s3_output": f"s3://{bucket}/unloaded/"},
                      "csv": {"ctas_approach": False}}.items():
    options.setdefault("s3_output", f"s3://{bucket}/out/")
    read = wr.athena.read_sql_query("SELECT id, name, year FROM wr WHERE year = 2024 ORDER BY id", database=database, **options)
    out[name] = [read["id"].tolist(), [None if pd.isna(v) else v for v in read["name"]]]
read = wr.athena.read_sql_query("SELECT count(*) AS n FROM wr WHERE name = :name", database=database, params={"name": "a"},
                                ctas_approach=False, s3_output=f"s3://{bucket}/out/")
out["params"] = int(read["n"][0])
chunks = wr.athena.read_sql_query("SELECT id FROM wr", database=database, chunksize=True, s3_output=f"s3://{bucket}/out/")
out["chunks"] = sum(len(chunk) for chunk in chunks)
query = wr.athena.start_query_execution("SELECT 1 AS one", database=database, s3_output=f"s3://{bucket}/out/", wait=True)
out["state"] = query["Status"]["State"]
out["columns"] = wr.catalog.get_table_types(database=database, table="wr")
out["partitions"] = sorted(v[0] for v in wr.catalog.get_parquet_partitions(database=database, table="wr").values())
out["tables"] = wr.catalog.tables(database=database)["Table"].tolist()
wr.athena.repair_table("wr", database=database, s3_output=f"s3://{bucket}/out/")
out["show"] = wr.athena.show_create_table("wr", database=database, s3_output=f"s3://{bucket}/out/")[:22]
out["described"] = wr.athena.describe_table("wr", database=database, s3_output=f"s3://{bucket}/out/")["Column Name"].tolist()
made = wr.athena.create_ctas_table("SELECT id, year FROM wr", database=database, ctas_table="made", ctas_database=database,
                                   s3_output=f"s3://{bucket}/made/", partitioning_info=["year"], wait=True)
out["made"] = len(wr.athena.read_sql_table("made", database=database, s3_output=f"s3://{bucket}/out2/"))
print(json.dumps(out))
"""


def test_awswrangler(python, place):  # noqa: F811
    out = json.loads(python("athena-clients", WRANGLER, *place).strip().splitlines()[-1])
    for way in ("ctas", "unload", "csv"):
        assert out[way] == [[2, 3], ["b", None]], way
    assert (out["params"], out["chunks"], out["state"]) == (1, 3, "SUCCEEDED")
    assert out["columns"] == {"id": "bigint", "name": "string", "year": "bigint"}
    assert out["partitions"] == ["2023", "2024"]
    assert "wr" in out["tables"] and out["show"].startswith("CREATE EXTERNAL TABLE")
    assert out["described"][:2] == ["id", "name"] and out["made"] == 3


PROJECT = """
name: lake
version: "1.0"
profile: lake
model-paths: ["models"]
seed-paths: ["seeds"]
"""
PROFILE = """
lake:
  target: dev
  outputs:
    dev:
      type: athena
      s3_staging_dir: s3://{bucket}/dbt-staging/
      s3_data_dir: s3://{bucket}/dbt-data/
      region_name: us-east-1
      database: awsdatacatalog
      schema: {database}
      threads: 1
      poll_interval: 0.1
      num_retries: 0
"""
DBT = """
import json, pathlib, sys
from dbt.cli.main import dbtRunner
bucket, database, project, profile = sys.argv[1:]
root = pathlib.Path.cwd()
(root / "models").mkdir()
(root / "seeds").mkdir()
(root / "dbt_project.yml").write_text(project)
(root / "profiles.yml").write_text(profile)
(root / "seeds" / "things.csv").write_text("id,name\\n1,a\\n2,b\\n")
(root / "models" / "counts.sql").write_text(
    "{{ config(materialized='table', format='parquet') }} SELECT name, count(*) AS n FROM {{ ref('things') }} GROUP BY name")
(root / "models" / "seen.sql").write_text("{{ config(materialized='view') }} SELECT sum(n) AS n FROM {{ ref('counts') }}")
(root / "models" / "kept.sql").write_text(
    "{{ config(materialized='incremental', table_type='iceberg', incremental_strategy='merge', unique_key='id', "
    "partitioned_by=['bucket(id, 2)'], format='parquet') }} "
    "SELECT id, {% if is_incremental() %}upper(name){% else %}name{% endif %} AS name FROM {{ ref('things') }} "
    "{% if is_incremental() %} UNION ALL SELECT 3, 'new' {% endif %}")
(root / "models" / "whole.sql").write_text(
    "{{ config(materialized='table', table_type='iceberg', format='parquet') }} SELECT * FROM {{ ref('kept') }}")
(root / "models" / "schema.yml").write_text(
    "version: 2\\nmodels: [{name: counts, columns: [{name: name, data_tests: [unique, not_null]}]}]\\n")
for _ in range(2):  # the second time, incremental models merge
    done = dbtRunner().invoke(["build", "--profiles-dir", str(root), "--project-dir", str(root), "--no-send-anonymous-usage-stats"])
print(json.dumps({r.node.name: str(r.status) for r in done.result.results} if done.result else {"error": str(done.exception)}))
"""


def test_dbt(python, place, client):  # noqa: F811
    bucket, database = place
    out = json.loads(python("dbt-athena", DBT, *place, PROJECT, PROFILE.format(bucket=bucket, database=database)).strip()
                     .splitlines()[-1])
    assert set(out.values()) <= {"success", "pass"} and len(out) == 7, out
    workgroup = Workgroup(client("athena"), "primary", bucket, database)
    assert workgroup.rows("SELECT id, name FROM whole ORDER BY id") == [["1", "A"], ["2", "B"], ["3", "new"]]
    assert {"things", "counts", "seen", "kept"} <= {t["Name"] for t in client("glue").get_tables(DatabaseName=database)["TableList"]}


ICEBERG = """
import datetime, decimal, json, sys
import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import EqualTo, GreaterThan
from pyiceberg.schema import Schema
from pyiceberg.partitioning import PartitionSpec, PartitionField
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.types import *
step, bucket, database, endpoint = sys.argv[1:]
catalog = load_catalog("glue", **{"type": "glue", "glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.path-style-access": "true",
                                  "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO"})
out = {}
if step == "write":
    schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "region", StringType(), required=False),
                    NestedField(3, "at", TimestampType(), required=False), NestedField(4, "z", TimestamptzType(), required=False),
                    NestedField(5, "d", DecimalType(12, 3), required=False), NestedField(6, "u", UUIDType(), required=False),
                    NestedField(7, "tags", ListType(8, StringType(), element_required=False), required=False),
                    NestedField(9, "m", MapType(10, StringType(), 11, IntegerType(), value_required=False), required=False),
                    NestedField(12, "s", StructType(NestedField(13, "x", IntegerType(), required=False)), required=False))
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "region"), PartitionField(3, 1001, DayTransform(), "at_day"),
                         PartitionField(1, 1002, BucketTransform(4), "id_bucket"))
    table = catalog.create_table(f"{database}.theirs", schema, location=f"s3://{bucket}/theirs", partition_spec=spec)
    rows = [{"id": n, "region": "eu" if n % 2 else None, "at": datetime.datetime(2024, 1, 1 + n, 12), "d": decimal.Decimal("1.500"),
             "z": datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.timezone.utc), "u": None,
             "tags": ["a", str(n)], "m": [("k", n)], "s": {"x": n}} for n in range(4)]
    arrow = table.schema().as_arrow()
    table.append(pa.Table.from_pylist(rows, schema=arrow))
    out["first"] = table.current_snapshot().snapshot_id
    with table.update_schema() as update:
        update.rename_column("region", "land")
        update.add_column("extra", IntegerType())
        update.add_column(("s", "more"), IntegerType())
    table.append(pa.Table.from_pylist([{"id": 10, "land": "us", "extra": 5}], schema=table.schema().as_arrow()))
    table.delete(EqualTo("id", 1))
    lists = catalog.create_table(f"{database}.lists", Schema(NestedField(1, "id", LongType()), NestedField(2, "l", ListType(
        3, StructType(NestedField(4, "x", IntegerType()))))), location=f"s3://{bucket}/lists")
    lists.append(pa.Table.from_pylist([{"id": 1, "l": None}], schema=lists.schema().as_arrow()))
    with lists.update_schema() as update:
        update.add_column(("l", "y"), IntegerType())
elif step == "read":
    for name in ("ours", "rows"):
        table = catalog.load_table(f"{database}.{name}")
        out[name] = sorted(table.scan().to_arrow().to_pylist(), key=lambda row: row["id"])
    table = catalog.load_table(f"{database}.ours")
    out["filtered"] = [row["id"] for row in table.scan(row_filter=EqualTo("region", "eu")).to_arrow().to_pylist()]
    out["bucketed"] = [row["id"] for row in table.scan(row_filter=EqualTo("id", 2)).to_arrow().to_pylist()]
    out["spec"] = [(f.name, str(f.transform)) for f in table.spec().fields]
    out["files"] = table.inspect.files().num_rows
    out["history"] = table.inspect.history().num_rows
    out["partitions"] = sorted(str(p) for p in table.inspect.partitions().to_pylist())[0][:14]
    out["manifests"] = table.inspect.manifests().num_rows
    table.append(pa.Table.from_pylist([{"id": 99, "region": "eu"}], schema=table.schema().as_arrow()))
print(json.dumps(out, default=str))
"""


def test_pyiceberg(python, place, client, new_name, server):  # noqa: F811
    bucket, database = place
    workgroup = Workgroup(client("athena"), "primary", bucket, database)
    wrote = json.loads(python("pyiceberg", ICEBERG, "write", bucket, database, server.endpoint))
    assert workgroup.rows("SELECT id, land, at, z, d, tags, m, s, extra FROM theirs ORDER BY id") == [
        ["0", None, "2024-01-01 12:00:00.000", "2024-01-01 12:00:00.000 UTC", "1.500", "[a, 0]", "{k=0}", "{x=0, more=null}", None],
        ["2", None, "2024-01-03 12:00:00.000", "2024-01-01 12:00:00.000 UTC", "1.500", "[a, 2]", "{k=2}", "{x=2, more=null}", None],
        ["3", "eu", "2024-01-04 12:00:00.000", "2024-01-01 12:00:00.000 UTC", "1.500", "[a, 3]", "{k=3}", "{x=3, more=null}", None],
        ["10", "us", None, None, None, None, None, None, "5"]]
    assert workgroup.rows(f"SELECT count(*), max(region) FROM theirs FOR VERSION AS OF {wrote['first']}") == [["4", "eu"]]
    assert workgroup.rows("SELECT id FROM theirs WHERE s.more IS NULL AND s.x = 2") == [["2"]]
    assert workgroup.rows("SELECT id FROM lists") == [["1"]]
    assert "structure of the lists" in workgroup.error("SELECT l FROM lists")  # the engine would make the NULL list an empty one
    assert workgroup.rows("SELECT id FROM theirs WHERE land = 'eu' AND at > TIMESTAMP '2024-01-02 00:00:00'") == [["3"]]

    iceberg = "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    workgroup.run(f"CREATE TABLE ours (id bigint, region string, at timestamp, d decimal(12,3), day date, raw binary, tags array<string>, "
                  f"m map<string,int>, s struct<x:int,y:string>) PARTITIONED BY (region, bucket(8, id), month(at), year(day), d) "
                  f"LOCATION 's3://{bucket}/ours/' {iceberg}")
    workgroup.run("INSERT INTO ours VALUES (1, 'eu', TIMESTAMP '2024-05-06 01:02:03.456', DECIMAL '-7.125', DATE '1969-12-31', X'00ff', "
                  "ARRAY['a', NULL], MAP(ARRAY['k'], ARRAY[1]), CAST(ROW(1, 'y') AS row(x integer, y varchar))), "
                  "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")
    workgroup.run(f"CREATE TABLE rows (id int, t string) PARTITIONED BY (truncate(2, t)) LOCATION 's3://{bucket}/rows/' {iceberg}")
    workgroup.run("INSERT INTO rows SELECT n, 't' || CAST(n AS varchar) FROM UNNEST(sequence(1, 50)) AS x (n)")
    workgroup.run("DELETE FROM rows WHERE id % 5 <> 0")
    workgroup.run("UPDATE rows SET t = 'new' WHERE id = 10")
    read = json.loads(python("pyiceberg", ICEBERG, "read", bucket, database, server.endpoint))
    assert read["ours"][0] == {"id": 1, "region": "eu", "at": "2024-05-06 01:02:03.456000", "d": "-7.125", "day": "1969-12-31",
                               "raw": "b'\\x00\\xff'", "tags": ["a", None], "m": [["k", 1]], "s": {"x": 1, "y": "y"}}
    assert set(read["ours"][1].values()) == {2, None}
    assert read["rows"] == [{"id": n, "t": "new" if n == 10 else f"t{n}"} for n in range(5, 51, 5)]
    assert read["filtered"] == [1] and read["bucketed"] == [2]
    assert read["spec"] == [["region", "identity"], ["id_bucket", "bucket[8]"], ["at_month", "month"], ["day_year", "year"],
                            ["d", "identity"]]
    assert (read["files"], read["history"], read["manifests"]) == (2, 1, 1)
    assert workgroup.rows("SELECT id, region FROM ours ORDER BY id") == [["1", "eu"], ["2", None], ["99", "eu"]]


WRANGLER_ICEBERG = """
import json, sys
import awswrangler as wr
import pandas as pd
bucket, database = sys.argv[1:]
at = dict(database=database, table="wri", keep_files=False, temp_path=f"s3://{bucket}/wri-temp/", s3_output=f"s3://{bucket}/out/")
frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-03"])})
wr.athena.to_iceberg(df=frame, table_location=f"s3://{bucket}/wri/", partition_cols=["month(at)"], **at)
more = pd.DataFrame({"id": [3, 4], "name": ["c", "d"], "at": pd.to_datetime(["2024-02-03", "2024-03-04"])})
wr.athena.to_iceberg(df=more, merge_cols=["id"], **at)
wr.athena.to_iceberg(df=more.assign(extra=[1.5, 2.5], id=[5, 6]), schema_evolution=True, **at)
wr.athena.delete_from_iceberg_table(df=pd.DataFrame({"id": [1]}), merge_cols=["id"], **at)
read = wr.athena.read_sql_query("SELECT * FROM wri ORDER BY id", database=database, ctas_approach=False, s3_output=f"s3://{bucket}/out/")
print(json.dumps({"columns": list(read.columns), "rows": [[None if pd.isna(v) else str(v) for v in row] for row in read.values.tolist()]}))
"""


def test_awswrangler_iceberg(python, place):  # noqa: F811
    out = json.loads(python("athena-clients", WRANGLER_ICEBERG, *place).strip().splitlines()[-1])
    assert out["columns"] == ["id", "name", "at", "extra"]
    assert [row[:2] + row[3:] for row in out["rows"]] == [
        ["2", "b", None], ["3", "c", None], ["4", "d", None], ["5", "c", "1.5"], ["6", "d", "2.5"]]
