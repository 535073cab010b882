"""Why: an Iceberg table is shared with other engines through its metadata documents and one parameter in Glue. Every statement must
leave documents that name only what is there, go through S3's and Glue's own rights, and lose against who was quicker."""
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.athena import Workgroup
from support.avro import avro_file
from support.redshift import SqlFailed, make_warehouse

PROPERTIES = "TBLPROPERTIES ('table_type' = 'ICEBERG')"


@pytest.fixture
def place(workgroup, table):
    return f"s3://{workgroup.bucket}/ice/{table}/"


@pytest.fixture
def document(client, workgroup, s3):
    """document(table) -> (its place, the metadata)."""

    def read(table):
        found = client("glue").get_table(DatabaseName=workgroup.database, Name=table)["Table"]
        uri = found["Parameters"]["metadata_location"]
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return uri, json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    return read


def keys(s3, workgroup, table):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=workgroup.bucket, Prefix=f"ice/{table}/")
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def test_table_in_glue(workgroup, table, place, document, client, s3):
    created = workgroup.run(f"CREATE TABLE {table} (id bigint COMMENT 'its number', d date) PARTITIONED BY (year(d)) "
                            f"LOCATION '{place}' {PROPERTIES}")
    assert created["StatementType"] == "DDL"
    glue = client("glue").get_table(DatabaseName=workgroup.database, Name=table)["Table"]
    assert glue["Parameters"]["table_type"] == "ICEBERG" and glue["TableType"] == "EXTERNAL_TABLE"
    assert [(c["Name"], c["Type"]) for c in glue["StorageDescriptor"]["Columns"]] == [("id", "bigint"), ("d", "date")]
    assert glue["StorageDescriptor"]["Columns"][0]["Comment"] == "its number" and glue["PartitionKeys"] == []
    uri, first = document(table)
    assert uri.startswith(place + "metadata/00000-") and first["format-version"] == 2
    workgroup.run(f"INSERT INTO {table} VALUES (1, DATE '2024-05-06')")
    later, second = document(table)
    assert later.startswith(place + "metadata/00001-")
    glue = client("glue").get_table(DatabaseName=workgroup.database, Name=table)["Table"]
    assert glue["Parameters"]["previous_metadata_location"] == uri
    assert [entry["metadata-file"] for entry in second["metadata-log"]] == [uri]
    assert second["current-snapshot-id"] == second["snapshots"][0]["snapshot-id"]
    assert any("/data/d_year=2024/" in key for key in keys(s3, workgroup, table))


def test_statistics(workgroup, table, place):
    workgroup.run(f"CREATE TABLE {table} (id bigint) LOCATION '{place}' {PROPERTIES}")
    inserted = workgroup.run(f"INSERT INTO {table} VALUES 1, 2, 3")
    assert inserted["StatementType"] == "DML" and inserted["SubstatementType"] == "INSERT"
    for sql, kind, count in ((f"UPDATE {table} SET id = id + 10 WHERE id > 1", "UPDATE", 2),
                             (f"DELETE FROM {table} WHERE id = 1", "DELETE", 1),
                             (f"MERGE INTO {table} t USING (VALUES 12, 50) s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET "
                              "id = 0 WHEN NOT MATCHED THEN INSERT VALUES (s.id)", "MERGE", 2),
                             (f"DELETE FROM {table}", "DELETE", 3)):
        done = workgroup.run(sql)
        assert done["SubstatementType"] == kind
        page = workgroup.athena.get_query_results(QueryExecutionId=done["QueryExecutionId"])
        assert page["UpdateCount"] == count, sql


def test_old_version(workgroup, table, place, document):
    workgroup.run(f"CREATE TABLE {table} (id bigint) LOCATION '{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} VALUES 1")
    snapshot = document(table)[1]["current-snapshot-id"]
    workgroup.run(f"INSERT INTO {table} VALUES 2")
    workgroup.run(f"ALTER TABLE {table} CHANGE COLUMN id number bigint")
    assert workgroup.rows(f"SELECT id FROM {table} FOR VERSION AS OF {snapshot}") == [["1"]]
    assert workgroup.rows(f"SELECT number FROM {table} ORDER BY 1") == [["1"], ["2"]]
    assert workgroup.rows(f"SELECT a.id, b.number FROM {table} FOR VERSION AS OF {snapshot} a, {table} b WHERE b.number = 2") == [
        ["1", "2"]]


def test_files_that_filters_exclude_are_not_read(workgroup, table, place):
    workgroup.run(f"CREATE TABLE {table} (id bigint, at timestamp, pad string) PARTITIONED BY (day(at)) LOCATION '{place}' "
                  f"{PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} SELECT n, date_add('day', n, TIMESTAMP '2024-01-01 00:00:00'), "
                  f"array_join(transform(sequence(1, 2000), x -> CAST(x * n AS varchar)), ',') FROM UNNEST(sequence(0, 9)) AS t (n)")
    whole = workgroup.run(f"SELECT sum(length(pad)) FROM {table}")["Statistics"]["DataScannedInBytes"]
    day = workgroup.run(f"SELECT sum(length(pad)) FROM {table} WHERE at >= TIMESTAMP '2024-01-05 00:00:00' "
                        f"AND at < TIMESTAMP '2024-01-06 00:00:00'")["Statistics"]["DataScannedInBytes"]
    assert day < whole / 3


def test_types_that_hive_has_not(workgroup, table, place, document, put):
    workgroup.run(f"CREATE TABLE {table} (id int, at timestamp, u string, t string) LOCATION '{place}' {PROPERTIES}")
    uri, metadata = document(table)
    for field, kind in zip(metadata["schemas"][0]["fields"][1:], ("timestamptz", "uuid", "time")):  # as another engine made them
        field["type"] = kind
    put(uri.removeprefix(f"s3://{workgroup.bucket}/"), json.dumps(metadata))
    one = "UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'"
    workgroup.run(f"INSERT INTO {table} VALUES (1, TIMESTAMP '2024-01-02 09:00:00 Asia/Tokyo', {one}, TIME '10:11:12.345'), "
                  "(2, NULL, NULL, NULL)")
    workgroup.run(f"UPDATE {table} SET at = at + INTERVAL '1' HOUR, t = TIME '01:00:00' WHERE id = 1")
    assert workgroup.rows(f"SELECT id, at, u, t, typeof(at) FROM {table} ORDER BY id") == [
        ["1", "2024-01-02 01:00:00.000 UTC", "12151fd2-7586-11e9-8f9e-2a86e4085a59", "01:00:00.000", "timestamp(3) with time zone"],
        ["2", None, None, None, "timestamp(3) with time zone"]]
    assert workgroup.rows(f"SELECT id FROM {table} WHERE at = TIMESTAMP '2024-01-02 10:00:00 Asia/Tokyo' AND u = {one}") == [["1"]]
    assert "mismatched column types" in workgroup.error(f"INSERT INTO {table} VALUES (1, NULL, 'text', NULL)")


ENTRY = {"type": "record", "name": "manifest_entry", "fields": [
    {"name": "status", "type": "int"}, {"name": "snapshot_id", "type": "long"}, {"name": "sequence_number", "type": ["null", "long"]},
    {"name": "file_sequence_number", "type": ["null", "long"]},
    {"name": "data_file", "type": {"type": "record", "name": "r2", "fields": [
        {"name": "content", "type": "int"}, {"name": "file_path", "type": "string"}, {"name": "file_format", "type": "string"},
        {"name": "partition", "type": {"type": "record", "name": "r102", "fields": []}}, {"name": "record_count", "type": "long"},
        {"name": "file_size_in_bytes", "type": "long"}, {"name": "equality_ids", "type": ["null", {"type": "array", "items": "int"}]}]}}]}
NUMBERS = ["manifest_length", "partition_spec_id", "content", "sequence_number", "min_sequence_number", "added_snapshot_id",
           "added_files_count", "existing_files_count", "deleted_files_count", "added_rows_count", "existing_rows_count",
           "deleted_rows_count"]
LISTED = {"type": "record", "name": "manifest_file", "fields": [
    {"name": "manifest_path", "type": "string"}, *({"name": name, "type": "long"} for name in NUMBERS)]}


def test_equality_deletes_of_another_engine(workgroup, table, place, document, put, s3):
    workgroup.run(f"CREATE TABLE {table} (id bigint, name string, n int) LOCATION '{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} VALUES (1, 'a', 1), (2, 'b', 2), (3, NULL, 3), (4, 'b', 4)")
    uri, metadata = document(table)
    within = uri.removeprefix(f"s3://{workgroup.bucket}/").rsplit("/", 1)[0]
    made = f"s3://{workgroup.bucket}/" + next(key for key in keys(s3, workgroup, table) if key.endswith("-m0.avro"))
    # Rows of (id 2, name b) and of (id 3, no name).
    gone = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([2, 3], pa.int64()), "name": ["b", None]}), gone)
    deletes = put(f"{within}/gone.parquet", gone.getvalue())
    entry = {"status": 1, "snapshot_id": 77, "sequence_number": None, "file_sequence_number": None, "data_file": {
        "content": 2, "file_path": deletes, "file_format": "PARQUET", "partition": {}, "record_count": 2,
        "file_size_in_bytes": len(gone.getvalue()), "equality_ids": [1, 2]}}
    manifest = put(f"{within}/deletes.avro", avro_file(ENTRY, [entry]))
    row = dict.fromkeys(NUMBERS, 0)
    parent = metadata["snapshots"][0]
    listed = put(f"{within}/list.avro", avro_file(LISTED, [
        {**row, "manifest_path": made, "sequence_number": 1, "min_sequence_number": 1,
         "added_snapshot_id": parent["snapshot-id"], "added_files_count": 1},
        {**row, "manifest_path": manifest, "content": 1, "sequence_number": 2, "min_sequence_number": 2,
         "added_snapshot_id": 77, "added_files_count": 1}]))
    metadata["snapshots"].append({**parent, "snapshot-id": 77, "sequence-number": 2, "manifest-list": listed})
    metadata["refs"]["main"]["snapshot-id"] = metadata["current-snapshot-id"] = 77
    metadata["last-sequence-number"] = 2
    put(uri.removeprefix(f"s3://{workgroup.bucket}/"), json.dumps(metadata))
    assert workgroup.rows(f"SELECT id, name FROM {table} ORDER BY id") == [["1", "a"], ["4", "b"]]
    workgroup.run(f"INSERT INTO {table} VALUES (2, 'b', 5)")  # newer than the deletes
    assert workgroup.rows(f"SELECT id, n FROM {table} WHERE name = 'b' ORDER BY n") == [["4", "4"], ["2", "5"]]


def test_concurrent_inserts_all_stay(workgroup, table, place):
    workgroup.run(f"CREATE TABLE {table} (id bigint) LOCATION '{place}' {PROPERTIES}")
    started = [workgroup.start(f"INSERT INTO {table} VALUES {n}") for n in range(12)]
    assert {workgroup.wait(each)["Status"]["State"] for each in started} == {"SUCCEEDED"}
    assert workgroup.rows(f"SELECT count(*), count(DISTINCT id) FROM {table}") == [["12", "12"]]


def test_statements_that_change_rows_lose_no_others(workgroup, table, place):
    """Each of them is over the snapshot that is current when it commits, as if they had run one after the other."""
    workgroup.run(f"CREATE TABLE {table} (id bigint, n bigint) LOCATION '{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} VALUES (1, 0), (2, 0)")
    sqls = [f"UPDATE {table} SET n = n + 1 WHERE id = 1"] * 4 + [f"INSERT INTO {table} VALUES (3, 1)", f"DELETE FROM {table} WHERE id = 2",
            f"MERGE INTO {table} t USING (VALUES 1) s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = t.n + 10"]
    started = [workgroup.start(sql) for sql in sqls]
    ended = [workgroup.wait(each)["Status"] for each in started]
    assert {each["State"] for each in ended} == {"SUCCEEDED"}, [each.get("StateChangeReason") for each in ended]
    assert workgroup.rows(f"SELECT id, n FROM {table} ORDER BY id") == [["1", "14"], ["3", "1"]]


def test_files_are_left_out_by_what_manifests_say_of_columns(workgroup, table, place):
    """Files of other years, prices and names are not even opened: nothing of them is counted as read."""
    workgroup.run(f"CREATE TABLE {table} (id bigint, price decimal(10,2), name string, f double, note string, pad string) "
                  f"LOCATION '{place}' {PROPERTIES}")
    for n in range(4):
        workgroup.run(f"INSERT INTO {table} SELECT {n} * 1000 + i, CAST({n} * 1000 + i AS decimal(10,2)) / 2, '{'abcd'[n]}' || "
                      f"CAST(i AS varchar), {n} + i / 1e4, {'NULL' if n else repr('x')}, array_join(transform(sequence(1, 300), "
                      f"x -> CAST(x * i AS varchar)), ',') FROM UNNEST(sequence(0, 99)) AS t (i)")

    def read(where):
        done = workgroup.run(f"SELECT count(*), sum(length(pad)) FROM {table} WHERE {where}")
        rows = workgroup.athena.get_query_results(QueryExecutionId=done["QueryExecutionId"])["ResultSet"]["Rows"]
        return int(rows[1]["Data"][0]["VarCharValue"]), done["Statistics"]["DataScannedInBytes"]

    whole = read("id >= 0")
    assert whole[0] == 400
    for where, count in (("id = 2005", 1), ("price > DECIMAL '1540'", 19), ("name = 'b7'", 1), ("f >= 3.0", 100),
                         ("note = 'x'", 100), ("note IS NOT NULL", 100), ("f < 0.5", 100)):
        found, scanned = read(where)
        assert found == count and scanned < whole[1] / 2, (where, found, scanned, whole)


def test_days_of_moments_are_those_of_utc(workgroup, table, place, document, put):
    workgroup.run(f"CREATE TABLE {table} (at timestamp) PARTITIONED BY (day(at)) LOCATION '{place}' {PROPERTIES}")
    uri, metadata = document(table)
    metadata["schemas"][0]["fields"][0]["type"] = "timestamptz"
    put(uri.removeprefix(f"s3://{workgroup.bucket}/"), json.dumps(metadata))
    workgroup.run(f"INSERT INTO {table} VALUES TIMESTAMP '2024-01-02 05:00:00 Asia/Tokyo'")
    assert workgroup.rows(f'SELECT partition.at_day FROM "{table}$partitions"') == [["2024-01-01"]]
    assert workgroup.rows(f"SELECT count(*) FROM {table} WHERE at < TIMESTAMP '2024-01-02 00:00:00 UTC'") == [["1"]]


def test_own_types_inside_of_others(workgroup, table, place, document, put):
    workgroup.run(f"CREATE TABLE {table} (id int, s struct<u:string,t:string>, l array<string>) LOCATION '{place}' {PROPERTIES}")
    uri, metadata = document(table)
    fields = metadata["schemas"][0]["fields"]
    fields[1]["type"]["fields"][0]["type"], fields[1]["type"]["fields"][1]["type"] = "uuid", "time"
    fields[2]["type"]["element"] = "uuid"
    put(uri.removeprefix(f"s3://{workgroup.bucket}/"), json.dumps(metadata))
    one = "12151fd2-7586-11e9-8f9e-2a86e4085a59"
    workgroup.run(f"INSERT INTO {table} VALUES (1, ROW(UUID '{one}', TIME '10:11:12.5'), ARRAY[UUID '{one}', NULL]), (2, NULL, NULL)")
    assert workgroup.rows(f"SELECT s.u, s.t, l FROM {table} ORDER BY id") == [
        [one, "10:11:12.500", f"[{one}, null]"], [None, None, None]]


def test_properties_are_unset_by_athenas_names(workgroup, table, place, document):
    workgroup.run(f"CREATE TABLE {table} (id int) LOCATION '{place}' TBLPROPERTIES ('table_type' = 'ICEBERG', "
                  "'write_compression' = 'gzip', 'vacuum_min_snapshots_to_keep' = '3')")
    assert workgroup.rows(f"""SELECT value FROM "{table}$properties" WHERE key = 'write.parquet.compression-codec'""") == [["gzip"]]
    workgroup.run(f"ALTER TABLE {table} UNSET TBLPROPERTIES ('write_compression', 'vacuum_min_snapshots_to_keep')")
    assert document(table)[1]["properties"] == {"write.format.default": "parquet"}


def test_dropped_with_its_data(workgroup, table, place, s3):
    workgroup.run(f"CREATE TABLE {table} (id bigint) LOCATION '{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} VALUES 1")
    assert len(keys(s3, workgroup, table)) > 3
    workgroup.run(f"DROP TABLE {table}")
    assert keys(s3, workgroup, table) == []


def test_vacuum_removes_what_nothing_needs(workgroup, table, place, s3, document):
    workgroup.run(f"CREATE TABLE {table} (id bigint) LOCATION '{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} VALUES 1")
    workgroup.run(f"DELETE FROM {table}")
    workgroup.run(f"INSERT INTO {table} VALUES 2")
    before = [key for key in keys(s3, workgroup, table) if "/data/" in key]
    workgroup.run(f"VACUUM {table}")  # nothing is old
    assert [key for key in keys(s3, workgroup, table) if "/data/" in key] == before and len(before) == 2
    workgroup.run(f"ALTER TABLE {table} SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds' = '0')")
    workgroup.run(f"VACUUM {table}")
    assert len([key for key in keys(s3, workgroup, table) if "/data/" in key]) == 1
    metadata = document(table)[1]
    assert len(metadata["snapshots"]) == 1 and len(metadata["snapshot-log"]) == 1
    assert workgroup.rows(f"SELECT id FROM {table}") == [["2"]]


def test_damaged_metadata(workgroup, table, place, s3, document, put):
    workgroup.run(f"CREATE TABLE {table} (id bigint) LOCATION '{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} VALUES 1")
    uri, metadata = document(table)
    list_key = metadata["snapshots"][0]["manifest-list"].split("/", 3)[3]
    good = s3.get_object(Bucket=workgroup.bucket, Key=list_key)["Body"].read()
    for bad in (b"", b"Obj\x01", good[:40], good[:-20], good.replace(b"deflate", b"zstand7")):
        put(list_key, bad)
        assert "ICEBERG_BAD_DATA" in workgroup.error(f"SELECT * FROM {table}"), bad
    put(uri.split("/", 3)[3], json.dumps(metadata | {"format-version": 3}))
    assert "format version 3" in workgroup.error(f"SELECT * FROM {table}")
    put(uri.split("/", 3)[3], "nonsense")
    assert "ICEBERG_INVALID_METADATA" in workgroup.error(f"SELECT * FROM {table}")


def test_the_callers_rights_decide(workgroup, table, place, server, user, allow):
    workgroup.run(f"CREATE TABLE {table} (id bigint) LOCATION '{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} VALUES 1")
    key = place.removeprefix("s3://")

    def said(sql, *actions):
        results = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{workgroup.bucket}/results/*"}
        policy = allow(["athena:*", "glue:Get*", "s3:GetBucketLocation", "s3:ListBucket"])
        policy["Statement"] += [results, *({"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in actions)]
        other = Workgroup(server.client("athena", credentials=user(policy)), workgroup.name, workgroup.bucket, workgroup.database)
        return other.execution(sql)["Status"].get("StateChangeReason", "")

    read = ("s3:GetObject", f"arn:aws:s3:::{key}*")
    write = ("s3:PutObject", f"arn:aws:s3:::{key}*")
    assert "s3:GetObject" in said(f"SELECT * FROM {table}")
    assert said(f"SELECT * FROM {table}", read) == ""
    assert "s3:PutObject" in said(f"INSERT INTO {table} VALUES 2", read, ("glue:UpdateTable", "*"))
    assert "glue:UpdateTable" in said(f"INSERT INTO {table} VALUES 2", read, write)
    assert "s3:DeleteObject" in said(f"DROP TABLE {table}", read, ("glue:DeleteTable", "*"))
    assert said(f"INSERT INTO {table} VALUES 2", read, write, ("glue:UpdateTable", "*")) == ""
    assert workgroup.rows(f"SELECT id FROM {table} ORDER BY id") == [["1"], ["2"]]


def test_redshift_reads_the_same_table(workgroup, table, place, client, new_name):
    workgroup.run(f"CREATE TABLE {table} (id bigint, s struct<x:int>, tags array<string>) PARTITIONED BY (bucket(2, id)) LOCATION "
                  f"'{place}' {PROPERTIES}")
    workgroup.run(f"INSERT INTO {table} SELECT n, CAST(ROW(n) AS row(x integer)), ARRAY['a'] FROM UNNEST(sequence(1, 10)) AS t (n)")
    workgroup.run(f"DELETE FROM {table} WHERE id > 3")
    warehouse = make_warehouse(client, new_name)
    schema = new_name("ext").replace("-", "_")
    warehouse.run(f"CREATE EXTERNAL SCHEMA {schema} FROM DATA CATALOG DATABASE '{workgroup.database}' IAM_ROLE '{warehouse.role}'")
    assert warehouse.result(f"SELECT id, s.x, tags[0] FROM {schema}.{table} ORDER BY id")[1] == [
        [1, "1", '"a"'], [2, "2", '"a"'], [3, "3", '"a"']]
    with pytest.raises(SqlFailed):
        warehouse.run(f"INSERT INTO {schema}.{table} VALUES (4)")
    assert workgroup.rows(f"SELECT count(*) FROM {table}") == [["3"]]
