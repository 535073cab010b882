"""CREATE TABLE AS, INSERT INTO and UNLOAD: files, partitions and catalog in one commit, limits, and what is refused."""
import io

import pyarrow.parquet as pq
import pytest


@pytest.fixture
def glue(client):
    return client("glue")


def keys(s3, bucket, prefix):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def test_a_table_from_a_query(workgroup, table, s3, glue):
    execution = workgroup.run(f"CREATE TABLE {table} WITH (format='PARQUET', write_compression='SNAPPY', "
                              f"external_location='s3://{workgroup.bucket}/{table}/') AS "
                              "SELECT 1 AS id, 'a' AS name, CAST(1.5 AS decimal(5,2)) AS price, ARRAY[1,2] AS list, "
                              "TIMESTAMP '2024-01-02 03:04:05' AS at")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    page = workgroup.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert page["UpdateCount"] == 1
    columns = glue.get_table(DatabaseName=workgroup.database, Name=table)["Table"]["StorageDescriptor"]["Columns"]
    assert [(c["Name"], c["Type"]) for c in columns] == [
        ("id", "int"), ("name", "string"), ("price", "decimal(5,2)"), ("list", "array<int>"), ("at", "timestamp")]
    written = keys(s3, workgroup.bucket, f"{table}/")
    manifest = execution["Statistics"]["DataManifestLocation"]
    assert manifest.endswith("-manifest.csv")
    key = manifest.removeprefix(f"s3://{workgroup.bucket}/")
    listed = s3.get_object(Bucket=workgroup.bucket, Key=key)["Body"].read().decode().split()
    assert listed == [f"s3://{workgroup.bucket}/{name}" for name in written]
    assert workgroup.rows(f"SELECT * FROM {table}") == [["1", "a", "1.50", "[1, 2]", "2024-01-02 03:04:05.000"]]
    assert "already exists" in workgroup.error(f"CREATE TABLE {table} AS SELECT 1 AS a")
    workgroup.run(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT 1 AS a")


def test_without_a_location_it_lies_beside_the_results(workgroup, table, glue):
    execution = workgroup.run(f"CREATE TABLE {table} AS SELECT 1 AS a")
    location = f"{workgroup.output}tables/{execution['QueryExecutionId']}"
    assert execution["ResultConfiguration"]["OutputLocation"] == location
    found = glue.get_table(DatabaseName=workgroup.database, Name=table)["Table"]
    assert found["StorageDescriptor"]["Location"].rstrip("/") == location
    assert workgroup.rows(f"SELECT a FROM {table}") == [["1"]]


def test_partitions_are_written_and_registered(workgroup, table, s3):
    workgroup.run(f"CREATE TABLE {table} WITH (format='TEXTFILE', field_delimiter=',', write_compression='NONE', "
                  f"external_location='s3://{workgroup.bucket}/{table}/', partitioned_by=ARRAY['year', 'm']) AS "
                  "SELECT * FROM (VALUES (1, true, 2023, 'a b'), (2, false, 2024, 'c'), (3, NULL, 2024, 'c')) t (n, b, year, m)")
    assert workgroup.rows(f"SHOW PARTITIONS {table}") == [["year=2023/m=a%20b"], ["year=2024/m=c"]]
    names = keys(s3, workgroup.bucket, f"{table}/year=2024/m=c/")
    assert s3.get_object(Bucket=workgroup.bucket, Key=names[0])["Body"].read() == b"2,false\n3,\\N\n"
    assert workgroup.rows(f"SELECT n, b, year, m FROM {table} ORDER BY n") == [
        ["1", "true", "2023", "a b"], ["2", "false", "2024", "c"], ["3", None, "2024", "c"]]
    execution = workgroup.run(f"INSERT INTO {table} SELECT 4, true, 2025, 'd' UNION ALL SELECT 5, true, 2024, 'c'")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "INSERT")
    page = workgroup.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert page["UpdateCount"] == 2
    assert len(workgroup.rows(f"SHOW PARTITIONS {table}")) == 3
    assert workgroup.rows(f"SELECT n FROM {table} WHERE year = 2024 ORDER BY n") == [["2"], ["3"], ["5"]]


def test_values_are_inserted_by_name_and_type(workgroup, table):
    workgroup.run(f"CREATE EXTERNAL TABLE {table} (id bigint, name string, price decimal(10,2)) STORED AS PARQUET "
                  f"LOCATION 's3://{workgroup.bucket}/{table}/'")
    workgroup.run(f"INSERT INTO {table} (name, id) VALUES ('a', 1), ('b', 2)")
    workgroup.run(f"INSERT INTO {table} VALUES (3, 'c', 1.5)")
    assert workgroup.rows(f"SELECT * FROM {table} ORDER BY id") == [["1", "a", None], ["2", "b", None], ["3", "c", "1.50"]]
    assert "mismatched column types" in workgroup.error(f"INSERT INTO {table} VALUES ('x', 'c', 1.5)")
    assert "mismatched column types" in workgroup.error(f"INSERT INTO {table} VALUES (1)")
    assert "does not exist" in workgroup.error(f"INSERT INTO {table} (nope) VALUES (1)")


def test_unload(workgroup, table, s3):
    at = f"s3://{workgroup.bucket}/{table}/"
    execution = workgroup.run(f"UNLOAD (SELECT x AS n, 'v' AS v FROM UNNEST(sequence(1, 10)) t (x)) TO '{at}' "
                              "WITH (format = 'PARQUET', compression = 'gzip')")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "UNLOAD")
    rows = 0
    for key in keys(s3, workgroup.bucket, f"{table}/"):
        rows += pq.read_table(io.BytesIO(s3.get_object(Bucket=workgroup.bucket, Key=key)["Body"].read())).num_rows
    assert rows == 10
    assert execution["Statistics"]["DataManifestLocation"].endswith("-manifest.csv")
    assert "HIVE_PATH_ALREADY_EXISTS" in workgroup.error(f"UNLOAD (SELECT 1 AS a) TO '{at}' WITH (format = 'PARQUET')")


VALUES = ("SELECT 1 AS id, CAST(NULL AS varchar) AS name, CAST(-1.5 AS decimal(5,2)) AS price, DATE '1969-12-31' AS day, "
          "TIMESTAMP '2024-01-02 03:04:05.678' AS at, 1.5E0 AS d, true AS b, ARRAY[1, NULL] AS list, "
          "MAP(ARRAY['k'], ARRAY[CAST(ROW(1, 'x') AS ROW(n integer, t varchar))]) AS m, X'00ff' AS bytes "
          "UNION ALL SELECT 2, 'é', DECIMAL '123.45', NULL, NULL, NULL, NULL, NULL, NULL, NULL")
VALUES_READ = [["1", None, "-1.50", "1969-12-31", "2024-01-02 03:04:05.678", "1.5", "true", "[1, null]", "{k={n=1, t=x}}", "00 ff"],
               ["2", "é", "123.45"] + 7 * [None]]


@pytest.mark.parametrize("compression", ["", "NONE", "DEFLATE", "SNAPPY", "ZSTD", "BZIP2"])
def test_avro_is_written_and_read(workgroup, table, compression):
    given = f", write_compression='{compression}'" if compression else ""
    workgroup.run(f"CREATE TABLE {table} WITH (format='AVRO'{given}) AS {VALUES}")
    assert workgroup.rows(f"SELECT * FROM {table} ORDER BY id") == VALUES_READ
    workgroup.run(f"INSERT INTO {table} {VALUES}")
    assert workgroup.rows(f"SELECT count(*), sum(price), max(at) FROM {table} WHERE id > 0") == [
        ["4", "243.90", "2024-01-02 03:04:05.678"]]


@pytest.mark.parametrize("compression, ending", [("NONE", ""), ("GZIP", ".gz"), ("BZIP2", ".bz2"), ("SNAPPY", ".snappy"),
                                                 ("LZ4", ".lz4"), ("ZSTD", ".zst")])
@pytest.mark.parametrize("form", ["TEXTFILE", "JSON"])
def test_text_is_compressed_by_every_codec(workgroup, table, s3, form, compression, ending):
    workgroup.run(f"CREATE TABLE {table} WITH (format='{form}', write_compression='{compression}', external_location="
                  f"'s3://{workgroup.bucket}/{table}/') AS SELECT x, CAST(x AS varchar) || 'ä' AS t FROM UNNEST(sequence(1, 9999)) u (x)")
    names = keys(s3, workgroup.bucket, f"{table}/")
    assert names and all(name.endswith(ending) for name in names)
    assert workgroup.rows(f"SELECT count(*), sum(x), max(t) FROM {table}") == [["9999", "49995000", "9ä"]]


def test_an_insert_compresses_as_the_table_says(workgroup, table, s3):
    workgroup.run(f"CREATE EXTERNAL TABLE {table} (x int, list array<int>, m map<string,int>, s struct<a:int,b:array<string>>) "
                  f"LOCATION 's3://{workgroup.bucket}/{table}/' TBLPROPERTIES ('write.compression'='BZIP2')")
    workgroup.run(f"INSERT INTO {table} SELECT 1, ARRAY[1, 2], MAP(ARRAY['k', 'l'], ARRAY[1, NULL]), "
                  "CAST(ROW(7, ARRAY['p', 'q']) AS ROW(a integer, b array(varchar)))")
    assert all(name.endswith(".bz2") for name in keys(s3, workgroup.bucket, f"{table}/"))
    assert workgroup.rows(f"SELECT * FROM {table}") == [["1", "[1, 2]", "{k=1, l=null}", "{a=7, b=[p, q]}"]]


@pytest.mark.parametrize("sql, message", [
    ("CREATE TABLE {t} AS SELECT 1", "MISSING_COLUMN_NAME"),
    ("CREATE TABLE {t} WITH (format='ORC') AS SELECT 1 AS a", "ORC is not supported"),
    ("CREATE TABLE {t} WITH (format='AVRO', write_compression='GZIP') AS SELECT 1 AS a", "GZIP is not supported for this format"),
    ("CREATE TABLE {t} WITH (format='AVRO') AS SELECT MAP(ARRAY[1], ARRAY[2]) AS a", "Avro has no type for map"),
    ("CREATE TABLE {t} WITH (table_type='ICEBERG') AS SELECT 1 AS a", "is_external = false"),
    ("CREATE TABLE {t} AS SELECT 1 AS a, NULL AS b", "COLUMN_TYPE_UNKNOWN"),
    ("CREATE TABLE {t} WITH (partitioned_by=ARRAY['a']) AS SELECT 1 AS a, 2 AS b", "HIVE_COLUMN_ORDER_MISMATCH"),
    ("CREATE TABLE {t} WITH (partitioned_by=ARRAY['p']) AS SELECT x AS n, x AS p FROM UNNEST(sequence(1, 101)) u (x)",
     "HIVE_TOO_MANY_OPEN_PARTITIONS"),
    ("CREATE TABLE {t} WITH (colour='red') AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY"),
])
def test_what_cannot_be_written_is_said_and_leaves_nothing(workgroup, table, s3, sql, message):
    assert message in workgroup.error(sql.format(t=table))
    assert "Table not found" in workgroup.error(f"DESCRIBE {table}")
    assert not [k for k in keys(s3, workgroup.bucket, "results/tables/") if table in k]
