"""Hive's statements as changes of the Glue catalog, what they answer, and that nothing of a failed one is left."""
import pytest


@pytest.fixture
def glue(client):
    return client("glue")


def lines(rows):
    return [row[0] for row in rows]


def test_databases(workgroup, glue, new_name):
    name = new_name("db").replace("-", "_")
    execution = workgroup.run(f"CREATE DATABASE {name} COMMENT 'why' LOCATION 's3://{workgroup.bucket}/db/' "
                              "WITH DBPROPERTIES ('a'='1')")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DDL", "CREATE_DATABASE")
    assert execution["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    database = glue.get_database(Name=name)["Database"]
    assert (database["Description"], database["Parameters"]) == ("why", {"a": "1"})
    workgroup.run(f"CREATE SCHEMA IF NOT EXISTS `{name}`")
    assert "already exists" in workgroup.error(f"CREATE DATABASE {name}")
    workgroup.run(f"ALTER DATABASE {name} SET DBPROPERTIES ('b'='2')")
    assert glue.get_database(Name=name)["Database"]["Parameters"] == {"a": "1", "b": "2"}
    assert lines(workgroup.rows(f"SHOW DATABASES LIKE '{name[:-2]}*'")).count(name) == 1
    workgroup.run(f"CREATE EXTERNAL TABLE {name}.t (a int) LOCATION 's3://{workgroup.bucket}/none/'")
    assert "is not empty" in workgroup.error(f"DROP DATABASE {name}")
    workgroup.run(f"DROP DATABASE {name} CASCADE")
    assert "does not exist" in workgroup.error(f"DROP DATABASE {name}")
    workgroup.run(f"DROP DATABASE IF EXISTS {name}")


def test_a_table_in_glues_words(workgroup, glue, table):
    workgroup.run(f"""CREATE EXTERNAL TABLE IF NOT EXISTS `{table}` (
          `id` int COMMENT 'the key', name string, price decimal(10,2), tags array<string>,
          facts struct<a:int,b:map<string,double>>)
        COMMENT 'things'
        PARTITIONED BY (`year` int, month string)
        ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json'='true')
        LOCATION 's3://{workgroup.bucket}/{table}/' TBLPROPERTIES ('has_encrypted_data'='false');""")
    found = glue.get_table(DatabaseName=workgroup.database, Name=table)["Table"]
    storage = found["StorageDescriptor"]
    assert [(c["Name"], c["Type"]) for c in storage["Columns"]] == [
        ("id", "int"), ("name", "string"), ("price", "decimal(10,2)"), ("tags", "array<string>"),
        ("facts", "struct<a:int,b:map<string,double>>")]
    assert storage["Columns"][0]["Comment"] == "the key"
    assert [(c["Name"], c["Type"]) for c in found["PartitionKeys"]] == [("year", "int"), ("month", "string")]
    assert storage["SerdeInfo"] == {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                                    "Parameters": {"serialization.format": "1", "ignore.malformed.json": "true"}}
    assert storage["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
    assert found["TableType"] == "EXTERNAL_TABLE" and found["Parameters"]["EXTERNAL"] == "TRUE"
    assert found["Parameters"]["has_encrypted_data"] == "false"
    assert "already exists" in workgroup.error(f"CREATE EXTERNAL TABLE {table} (a int) LOCATION 's3://b/x/'")
    statement = "\n".join(lines(workgroup.rows(f"SHOW CREATE TABLE {table}")))
    workgroup.run(f"DROP TABLE `{workgroup.database}.{table}`")
    workgroup.run(statement)  # it can be run again
    again = glue.get_table(DatabaseName=workgroup.database, Name=table)["Table"]
    assert again["StorageDescriptor"]["Columns"] == storage["Columns"]
    assert again["StorageDescriptor"]["SerdeInfo"] == storage["SerdeInfo"]
    workgroup.run(f"DROP TABLE {table}")
    workgroup.run(f"DROP TABLE IF EXISTS `{workgroup.database}.{table}`")
    assert "Table not found" in workgroup.error(f"DROP TABLE {table}")


@pytest.mark.parametrize("sql, message", [
    ("CREATE EXTERNAL TABLE x (a int) STORED AS ORC LOCATION 's3://b/x/'", "ORC are not supported"),
    ("CREATE EXTERNAL TABLE x (a int) STORED AS ION LOCATION 's3://b/x/'", "ION are not supported"),
    ("CREATE EXTERNAL TABLE x (a int)", "needs a LOCATION"),
    ("CREATE EXTERNAL TABLE x (a int) LOCATION '/tmp/x'", "no S3 path"),
    ("CREATE TABLE x (a tinyint) LOCATION 's3://b/x/' TBLPROPERTIES ('table_type'='ICEBERG')", "not supported in Iceberg tables"),
    ("CREATE EXTERNAL TABLE none_such.x (a int) LOCATION 's3://b/x/'", "Database does not exist"),
    ("MSCK REPAIR TABLE none_such", "Table not found"),
    ("SHOW PARTITIONS none_such", "Table not found"),
])
def test_what_cannot_be_is_said(workgroup, sql, message):
    execution = workgroup.execution(sql)
    assert message in execution["Status"]["StateChangeReason"]
    assert execution["Status"]["AthenaError"]["ErrorCategory"] == 2


def test_columns_are_changed(workgroup, glue, table):
    workgroup.run(f"CREATE EXTERNAL TABLE {table} (a int, b string) LOCATION 's3://{workgroup.bucket}/{table}/'")

    def columns():
        found = glue.get_table(DatabaseName=workgroup.database, Name=table)["Table"]
        return [(c["Name"], c["Type"]) for c in found["StorageDescriptor"]["Columns"]]

    workgroup.run(f"ALTER TABLE {table} ADD COLUMNS (c double, d date)")
    assert columns() == [("a", "int"), ("b", "string"), ("c", "double"), ("d", "date")]
    workgroup.run(f"ALTER TABLE {table} CHANGE COLUMN b bb varchar(10) COMMENT 'x' FIRST")
    workgroup.run(f"ALTER TABLE {table} CHANGE a a bigint AFTER c")
    assert columns() == [("bb", "varchar(10)"), ("c", "double"), ("a", "bigint"), ("d", "date")]
    assert "Invalid column reference" in workgroup.error(f"ALTER TABLE {table} CHANGE z y int")
    assert "Duplicate column name" in workgroup.error(f"ALTER TABLE {table} ADD COLUMNS (c int)")
    workgroup.run(f"ALTER TABLE {table} REPLACE COLUMNS (z int)")
    assert columns() == [("z", "int")]
    workgroup.run(f"ALTER TABLE {table} SET LOCATION 's3://{workgroup.bucket}/other/'")
    workgroup.run(f"ALTER TABLE {table} SET TBLPROPERTIES ('k'='v', 'classification'='csv')")
    assert workgroup.rows(f"SHOW TBLPROPERTIES {table} ('k')") == [["v"]]
    assert "k\tv" in lines(workgroup.rows(f"SHOW TBLPROPERTIES {table}"))


def test_partitions(workgroup, put, table):
    at = f"s3://{workgroup.bucket}/{table}"
    put(f"{table}/year=2023/m=01/a.csv", "1\n")
    put(f"{table}/year=2024/m=01/a.csv", "2\n")
    put(f"{table}/year=2024/m=02/a.csv", "3\n")
    put(f"{table}-elsewhere/a.csv", "4\n")
    workgroup.run(f"CREATE EXTERNAL TABLE {table} (n int) PARTITIONED BY (year int, m string) LOCATION '{at}/'")
    assert workgroup.rows(f"SELECT * FROM {table}") == []
    repaired = lines(workgroup.rows(f"MSCK REPAIR TABLE {table}"))
    assert f"Repair: Added partition to metastore {table}:year=2024/m=02" in repaired
    assert lines(workgroup.rows(f"SHOW PARTITIONS {table}")) == ["year=2023/m=01", "year=2024/m=01", "year=2024/m=02"]
    assert workgroup.rows(f"SELECT n, year, m FROM {table} WHERE year = 2024 ORDER BY n") == [
        ["2", "2024", "01"], ["3", "2024", "02"]]
    assert workgroup.run(f"SELECT n FROM {table} WHERE year = 2023")["Statistics"]["DataScannedInBytes"] == 2
    workgroup.run(f"ALTER TABLE {table} ADD IF NOT EXISTS PARTITION (year=2024, m='02') PARTITION (m='03', year=2025) "
                  f"LOCATION '{at}-elsewhere/'")
    assert workgroup.rows(f"SELECT n FROM {table} WHERE year = 2025") == [["4"]]
    assert "already exists" in workgroup.error(f"ALTER TABLE {table} ADD PARTITION (year=2025, m='03')")
    workgroup.run(f"ALTER TABLE {table} PARTITION (year=2025, m='03') RENAME TO PARTITION (year=2026, m='04')")
    assert workgroup.rows(f"SELECT n, m FROM {table} WHERE year = 2026") == [["4", "04"]]
    workgroup.run(f"ALTER TABLE {table} PARTITION (year=2026, m='04') SET LOCATION '{at}/year=2023/m=01/'")
    assert workgroup.rows(f"SELECT n FROM {table} WHERE year = 2026") == [["1"]]
    workgroup.run(f"ALTER TABLE {table} DROP PARTITION (year>=2025), PARTITION (year=2023, m='01')")
    assert lines(workgroup.rows(f"SHOW PARTITIONS {table}")) == ["year=2024/m=01", "year=2024/m=02"]
    assert "Partition not found" in workgroup.error(f"ALTER TABLE {table} DROP PARTITION (year=1900)")
    workgroup.run(f"ALTER TABLE {table} DROP IF EXISTS PARTITION (year=1900)")


def test_describe_and_show(workgroup, table):
    workgroup.run(f"CREATE EXTERNAL TABLE {table} (a int COMMENT 'c', b array<int>) PARTITIONED BY (p string) "
                  f"LOCATION 's3://{workgroup.bucket}/{table}/'")
    described = lines(workgroup.rows(f"DESCRIBE {table}"))
    assert described[0] == "a                   \tint                 \tc                   "
    assert "# Partition Information\t \t " in described
    formatted = "\n".join(lines(workgroup.rows(f"DESCRIBE FORMATTED {workgroup.database}.{table}")))
    assert "# Detailed Table Information" in formatted and f"s3://{workgroup.bucket}/{table}/" in formatted
    assert lines(workgroup.rows(f"DESCRIBE {table} b")) == ["b                   \tarray<int>          \t                    "]
    assert [line.strip() for line in lines(workgroup.rows(f"SHOW COLUMNS IN {table}"))] == ["a", "b", "p"]
    assert table in lines(workgroup.rows("SHOW TABLES"))
    assert lines(workgroup.rows(f"SHOW TABLES IN {workgroup.database} '{table[:-1]}.*|nothing'")).count(table) == 1
    execution = workgroup.run("SHOW TABLES")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("UTILITY", "SHOW_TABLES")


def test_views_are_presto_encoded_and_read(workgroup, glue, table, put):
    put(f"{table}/a.csv", "1\n2\n")
    workgroup.run(f"CREATE EXTERNAL TABLE {table} (n int) LOCATION 's3://{workgroup.bucket}/{table}/'")
    workgroup.run(f"CREATE VIEW {table}_v AS SELECT n, n * 2 AS twice FROM {table} WHERE n > 1")
    view = glue.get_table(DatabaseName=workgroup.database, Name=f"{table}_v")["Table"]
    assert view["TableType"] == "VIRTUAL_VIEW" and view["ViewOriginalText"].startswith("/* Presto View: ")
    assert view["Parameters"]["presto_view"] == "true"
    assert [(c["Name"], c["Type"]) for c in view["StorageDescriptor"]["Columns"]] == [("n", "int"), ("twice", "int")]
    assert workgroup.rows(f"SELECT * FROM {table}_v") == [["2", "4"]]
    # From another database its names mean what they meant.
    assert workgroup.rows(f"SELECT twice FROM {workgroup.database}.{table}_v", database="default") == [["4"]]
    assert "already exists" in workgroup.error(f"CREATE VIEW {table}_v AS SELECT 1 AS one")
    workgroup.run(f"CREATE OR REPLACE VIEW {table}_v (m) AS SELECT n FROM {table}")
    assert workgroup.rows(f"SELECT m FROM {table}_v ORDER BY m") == [["1"], ["2"]]
    assert f"{table}_v" in lines(workgroup.rows("SHOW VIEWS"))
    assert table not in lines(workgroup.rows("SHOW VIEWS"))
    assert lines(workgroup.rows(f"SHOW CREATE VIEW {table}_v"))[0] == f"CREATE VIEW {workgroup.database}.{table}_v AS"
    assert "is a view" in workgroup.error(f"DROP TABLE {table}_v")
    workgroup.run(f"DROP VIEW {table}_v")
    assert "TABLE_NOT_FOUND" in workgroup.error(f"SELECT * FROM {table}_v")


def test_explain_says_how(workgroup):
    assert workgroup.rows("EXPLAIN SELECT 1")
    assert "Input: 0B, Output: 1 rows" in workgroup.rows("EXPLAIN ANALYZE SELECT 1")[0][0]


def test_a_partition_described(workgroup, table):
    workgroup.run(f"CREATE TABLE {table} WITH (partitioned_by = ARRAY['p']) AS SELECT 1 AS a, 'x' AS p")
    lines = [row[0] for row in workgroup.rows(f"DESCRIBE FORMATTED {table} PARTITION (p = 'x')")]
    facts = {line.split("\t")[0].strip(): line.split("\t")[1].strip() for line in lines if line.count("\t") == 2}
    assert facts["Partition Value:"] == "[x]" and facts["Location:"].endswith("/p=x/") and facts["a"] == "int"
    assert "Partition not found" in workgroup.error(f"DESCRIBE {table} PARTITION (p = 'y')")
