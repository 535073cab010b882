"""Why: an Iceberg table is one that several engines write. What pyiceberg changes of a table (its partitioning, its order, its files)
Athena reads and goes on with, and what Athena's manifests say lets pyiceberg leave files out."""
import json

from support.athena import Workgroup

from clients.test_athena_clients import place  # noqa: F401  (a fixture)
from clients.test_clients import python, variables  # noqa: F401  (fixtures)

ICEBERG = "TBLPROPERTIES ('table_type' = 'ICEBERG')"
START = """
import json, sys
import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import *
from pyiceberg.transforms import *
bucket, database, name, endpoint = sys.argv[1:]
catalog = load_catalog("glue", **{"type": "glue", "glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.path-style-access": "true",
                                  "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO"})
table = catalog.load_table(f"{database}.{name}")
rows = lambda **which: sorted(table.scan(**which).to_arrow().to_pylist(), key=lambda row: row["id"])
files = lambda which: len(list(table.scan(row_filter=which).plan_files()))
add = lambda *rows: table.append(pa.Table.from_pylist(list(rows), schema=table.schema().as_arrow()))
"""


def test_files_are_left_out_by_athenas_manifests(python, place, client, server):  # noqa: F811
    bucket, database = place
    workgroup = Workgroup(client("athena"), "primary", bucket, database)
    workgroup.run(f"CREATE TABLE t (id bigint, price decimal(12,2), name string, f double, at timestamp, note string, s struct<x:int>, "
                  f"l array<int>) PARTITIONED BY (truncate(1, name)) LOCATION 's3://{bucket}/t/' {ICEBERG}")
    for n in range(3):
        workgroup.run(f"INSERT INTO t SELECT {n * 100} + i, CAST({n * 100} + i AS decimal(12,2)) / 2 - 100, '{'abc'[n]}' || "
                      f"CAST(i AS varchar) || 'a name that is longer than sixteen letters', {n} + i / 1e3, TIMESTAMP '202{n}-01-01 "
                      f"00:00:00' + i * INTERVAL '1' DAY, {'NULL' if n else repr('x')}, CAST(ROW({n * 100} + i) AS row(x integer)), "
                      "ARRAY[i] FROM UNNEST(sequence(0, 49)) AS t (i)")
    out = json.loads(python("pyiceberg", START + """
told = table.inspect.files().to_pylist()
print(json.dumps({
    "all": files(AlwaysTrue()), "id": files(EqualTo("id", 110)), "price": files(LessThan("price", -80)), "f": files(GreaterThan("f", 2.0)),
    "name": files(EqualTo("name", "b7a name that is longer than sixteen letters")), "at": files(LessThan("at", "2020-06-01T00:00:00")),
    "null": files(NotNull("note")), "member": files(EqualTo("s.x", 210)), "nan": files(IsNaN("f")),
    "rows": [len(rows(row_filter=w)) for w in (EqualTo("id", 110), LessThan("price", -80), GreaterThan("f", 2.0), NotNull("note"),
                                               EqualTo("s.x", 210))],
    "counts": [f["readable_metrics"]["id"]["value_count"] for f in told], "counted": len(told[0]["value_counts"]),
    "sizes": [sum(f["readable_metrics"][c]["column_size"] for c in ("id", "name")) < f["file_size_in_bytes"] for f in told],
    "summaries": sorted(m["partition_summaries"][0]["lower_bound"] for m in table.inspect.manifests().to_pylist())}, default=str))
""", bucket, database, "t", server.endpoint))
    assert out == {"all": 3, "id": 1, "price": 1, "f": 1, "name": 1, "at": 1, "null": 1, "member": 1, "nan": 0, "rows": [1, 40, 49, 50, 1],
                   "counts": [50, 50, 50], "counted": 8, "sizes": [True] * 3, "summaries": ["a", "b", "c"]}


def test_a_partitioning_that_another_engine_changed(python, place, client, server):  # noqa: F811
    bucket, database = place
    workgroup = Workgroup(client("athena"), "primary", bucket, database)
    workgroup.run(f"CREATE TABLE u (id bigint, region string, at timestamp) PARTITIONED BY (region, day(at)) LOCATION "
                  f"'s3://{bucket}/u/' {ICEBERG}")
    workgroup.run("INSERT INTO u VALUES (1, 'eu', TIMESTAMP '2024-01-02 03:04:05'), (2, 'us', NULL)")
    python("pyiceberg", START + """
with table.update_spec() as update:
    update.remove_field("at_day")
    update.add_field("id", BucketTransform(4), "id_bucket")
with table.update_sort_order() as update:
    update.asc("id", IdentityTransform())
add({"id": 3, "region": "eu"}, {"id": 4, "region": "us"})
""", bucket, database, "u", server.endpoint)
    all_rows = [["1", "eu", "2024-01-02 03:04:05.000"], ["2", "us", None], ["3", "eu", None], ["4", "us", None]]
    assert workgroup.rows("SELECT * FROM u ORDER BY id") == all_rows
    assert workgroup.rows("SELECT id FROM u WHERE region = 'eu' ORDER BY id") == [["1"], ["3"]]
    assert workgroup.rows("SELECT id FROM u WHERE at >= TIMESTAMP '2024-01-02 00:00:00'") == [["1"]]
    assert workgroup.rows('SELECT partition.region, partition.at_day, partition.id_bucket, record_count FROM "u$partitions" '
                          "WHERE partition.at_day IS NOT NULL") == [["eu", "2024-01-02", None, "1"]]
    workgroup.run("INSERT INTO u VALUES (5, 'eu', TIMESTAMP '2024-01-02 03:04:05')")
    workgroup.run("DELETE FROM u WHERE id IN (2, 3)")
    workgroup.run("UPDATE u SET region = 'asia' WHERE id = 1")
    left = [["1", "asia"], ["4", "us"], ["5", "eu"]]
    assert workgroup.rows("SELECT id, region FROM u ORDER BY id") == left
    # Each delete file has the partitioning of the file that it is about.
    read = START + "print(json.dumps([[str(row['id']), row['region']] for row in rows()]))"
    assert json.loads(python("pyiceberg", read, bucket, database, "u", server.endpoint)) == left
    workgroup.run("OPTIMIZE u REWRITE DATA USING BIN_PACK")
    assert workgroup.rows("SELECT id, region FROM u ORDER BY id") == left
    out = json.loads(python("pyiceberg", START + """
print(json.dumps({"rows": [[str(row['id']), row['region']] for row in rows()], "specs": sorted(table.specs()),
                  "order": [f.source_id for f in table.sort_order().fields],
                  "of": sorted({f["spec_id"] for f in table.inspect.files().to_pylist()})}))
""", bucket, database, "u", server.endpoint))
    assert out["rows"] == left and len(out["specs"]) == 2 and out["order"] == [1]
