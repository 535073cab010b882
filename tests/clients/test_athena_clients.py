"""Why: people reach Athena through PyAthena, awswrangler and dbt, which poll, read result objects themselves and lean on details of
both. Each runs as it is installed, in its own process, knowing nothing but the variables that `tarn env` prints."""
import json

import pytest

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
(root / "models" / "schema.yml").write_text(
    "version: 2\\nmodels: [{name: counts, columns: [{name: name, data_tests: [unique, not_null]}]}]\\n")
done = dbtRunner().invoke(["build", "--profiles-dir", str(root), "--project-dir", str(root), "--no-send-anonymous-usage-stats"])
print(json.dumps({r.node.name: str(r.status) for r in done.result.results} if done.result else {"error": str(done.exception)}))
"""


def test_dbt(python, place, client):  # noqa: F811
    bucket, database = place
    out = json.loads(python("dbt-athena", DBT, *place, PROJECT, PROFILE.format(bucket=bucket, database=database)).strip()
                     .splitlines()[-1])
    assert set(out.values()) <= {"success", "pass"} and len(out) == 5, out
    assert {"things", "counts", "seen"} <= {t["Name"] for t in client("glue").get_tables(DatabaseName=database)["TableList"]}
