"""Files whose bytes a test must make or read itself: Avro (by names, by a JSONPaths file; the examples are AWS's own), manifests."""
import json

import pytest

from support.avro import avro_file
from support.redshift import SqlFailed

ROWS = [(1, "Major League Baseball", "MLB", "Sports"), (2, "National Hockey League", "NHL", "Sports"),
        (4, "All symphony, concerto, and choir concerts", "Classical", "Concerts")]


@pytest.fixture
def table(warehouse, new_name):
    name = new_name("category").replace("-", "_")
    warehouse.run(f"CREATE TABLE {name} (catid int, catgroup varchar(20), catname varchar(20), catdesc varchar(50))")
    return name


def record(*fields):
    return {"type": "record", "name": "category", "fields": [{"name": n, "type": t} for n, t in fields]}


def copy(warehouse, table, uri, options):
    warehouse.run(f"COPY {table} FROM '{uri}' IAM_ROLE '{warehouse.role}' FORMAT AS AVRO {options}")


def test_fields_by_their_names(warehouse, table, client, bucket):
    schema = record(("catid", "int"), ("catdesc", "string"), ("catname", ["null", "string"]), ("catgroup", "string"), ("other", "long"))
    rows = [dict(zip(("catid", "catdesc", "catname", "catgroup"), row), other=7) for row in ROWS]
    rows[1]["catname"] = None
    client("s3").put_object(Bucket=bucket, Key="in/a.avro", Body=avro_file(schema, rows[:2]))
    client("s3").put_object(Bucket=bucket, Key="in/b.avro", Body=avro_file(schema, rows[2:]))
    copy(warehouse, table, f"s3://{bucket}/in/", "'auto'")
    assert warehouse.rows(f"SELECT * FROM {table} ORDER BY catid") == [
        [1, "Sports", "MLB", "Major League Baseball"], [2, "Sports", None, "National Hockey League"],
        [4, "Concerts", "Classical", "All symphony, concerto, and choir concerts"]]


def test_fields_by_paths(warehouse, table, client, bucket):
    inner = record(("text", "string"))
    schema = record(("id", "int"), ("desc", dict(inner, name="d")), ("names", {"type": "array", "items": "string"}), ("group", "string"))
    rows = [{"id": i, "desc": {"text": d}, "names": ["", n], "group": g} for i, d, n, g in ROWS]
    client("s3").put_object(Bucket=bucket, Key="paths.avro", Body=avro_file(schema, rows))
    client("s3").put_object(Bucket=bucket, Key="paths.json", Body=json.dumps(
        {"jsonpaths": ["$['id']", "$.group", "$.names[1]", "$['desc']['text']"]}).encode())
    copy(warehouse, table, f"s3://{bucket}/paths.avro", f"'s3://{bucket}/paths.json'")
    assert warehouse.rows(f"SELECT * FROM {table} ORDER BY catid") == [[i, g, n, d] for i, d, n, g in ROWS]


def test_case_of_names_dates_and_nested_values(warehouse, new_name, client, bucket):
    name = new_name("nested").replace("-", "_")
    warehouse.run(f"CREATE TABLE {name} (id int, day date, moment timestamp, ok boolean, tags super)")
    schema = record(("ID", "long"), ("Day", "string"), ("moment", {"type": "long", "logicalType": "timestamp-millis"}),
                    ("ok", "boolean"), ("tags", {"type": "array", "items": "string"}))
    rows = [{"ID": 1, "Day": "2024-01-31", "moment": 1706697000000, "ok": True, "tags": ["a", "b"]}]
    client("s3").put_object(Bucket=bucket, Key="nested.avro", Body=avro_file(schema, rows))
    # A logical type is the number that the file holds.
    with pytest.raises(SqlFailed, match="Check 'sys_load_error_detail'"):
        copy(warehouse, name, f"s3://{bucket}/nested.avro", "'auto ignorecase'")
    copy(warehouse, name, f"s3://{bucket}/nested.avro", "'auto ignorecase' TIMEFORMAT 'epochmillisecs'")
    assert warehouse.rows(f"SELECT * FROM {name}") == [[1, "2024-01-31", "2024-01-31 10:30:00", True, '["a","b"]']]


def test_a_record_that_does_not_fit_is_refused_by_its_place(warehouse, table, client, bucket):
    schema = record(("catid", "string"))
    client("s3").put_object(Bucket=bucket, Key="bad.avro", Body=avro_file(schema, [{"catid": "1"}, {"catid": "x"}]))
    with pytest.raises(SqlFailed, match="Check 'sys_load_error_detail'"):
        copy(warehouse, table, f"s3://{bucket}/bad.avro", "'auto'")
    assert warehouse.rows(f"SELECT count(*) FROM {table}") == [[0]]
    [[line, column, reason]] = warehouse.rows(
        f"SELECT line_number, trim(column_name), trim(error_message) FROM sys_load_error_detail WHERE file_name LIKE '%{bucket}/bad.avro%'")
    assert (line, column) == (2, "catid") and "Invalid digit, Value 'x'" in reason
    client("s3").put_object(Bucket=bucket, Key="none.avro", Body=b"no avro")
    with pytest.raises(SqlFailed):
        copy(warehouse, table, f"s3://{bucket}/none.avro", "'auto'")


def test_a_verbose_manifest_says_what_the_columns_are(warehouse, table, client, bucket):
    warehouse.run(f"INSERT INTO {table} VALUES (1, 'Sports', 'MLB', 'x')")
    for options in ("PARALLEL OFF", "FORMAT PARQUET PARALLEL OFF"):
        warehouse.run(f"UNLOAD ('SELECT catid, catname, catid::decimal(8,2) AS d FROM {table}') TO 's3://{bucket}/out/' "
                      f"IAM_ROLE '{warehouse.role}' MANIFEST VERBOSE ALLOWOVERWRITE {options}")
        manifest = json.loads(client("s3").get_object(Bucket=bucket, Key="out/manifest")["Body"].read())
        assert manifest["schema"] == {"elements": [
            {"name": "catid", "type": {"base": "integer"}}, {"name": "catname", "type": {"base": "character varying", "max_length": 20}},
            {"name": "d", "type": {"base": "numeric", "precision": 8, "scale": 2}}]}
        assert manifest["author"] == {"name": "Amazon Redshift", "version": "1.0.0"}
        assert manifest["meta"]["record_count"] == 1
