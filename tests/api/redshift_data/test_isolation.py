"""What a statement can reach, and what it can take from others: no file, socket or database but its own; its engine's end, its
memory and its time cost nobody else anything."""
import os
import signal
import time

import pytest

from support.redshift import make_warehouse

SECRET = "the-canary-of-a-local-file"


@pytest.fixture(scope="module")
def local_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("local") / "secret.csv"
    path.write_text(SECRET + "\n")
    return path


ATTEMPTS = [
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{folder}/*')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM parquet_scan('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT content FROM pg_read_file('{file}')",
    "SELECT pg_read_file('{file}')",
    "SELECT getenv('HOME')",
    "SELECT getvariable('x')",
    "SELECT current_setting('temp_directory')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('t')",
    "SELECT * FROM st_read('{file}')",
    "SELECT * FROM st_readosm('{file}')",
    "SELECT * FROM st_drivers()",
    "SELECT * FROM 'http://127.0.0.1:9/x.csv'",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "ATTACH '{folder}/other.db' AS other",
    "ATTACH '{file}'",
    "ATTACH ':memory:' AS m",
    "DETACH dev",
    "USE system",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY t FROM '{file}'",
    "COPY t FROM 'file://{file}' IAM_ROLE DEFAULT",
    "COPY t FROM '{file}' IAM_ROLE DEFAULT FORMAT CSV",
    "UNLOAD ('SELECT 1') TO '{folder}/out' IAM_ROLE DEFAULT",
    "UNLOAD ('SELECT * FROM read_csv(''{file}'')') TO 's3://nowhere/x' IAM_ROLE DEFAULT",
    "EXPORT DATABASE '{folder}'",
    "IMPORT DATABASE '{folder}'",
    "INSTALL httpfs",
    "INSTALL httpfs FROM community",
    "LOAD '{file}'",
    "LOAD httpfs",
    "PRAGMA database_list",
    "PRAGMA enable_external_access",
    "SET enable_external_access = true",
    "SET GLOBAL memory_limit = '100GB'",
    "CREATE SECRET (TYPE s3)",
    "CREATE MACRO m(x) AS TABLE SELECT * FROM read_csv(x)",
    "CREATE VIEW v AS SELECT * FROM read_csv('{file}')",
    "CREATE TABLE c AS SELECT * FROM read_csv('{file}')",
    "EXECUTE IMMEDIATE 'ATTACH ''{file}'''",
    "CHECKPOINT dev",
    "SELECT * FROM tarn_internal.statements",
    "SELECT system.redshift.without_blanks('x')",
    "SELECT main.read_text('{file}')",
    "WITH x AS (SELECT * FROM read_csv('{file}')) SELECT * FROM x",
    "SELECT (SELECT content FROM read_text('{file}'))",
    "INSERT INTO t SELECT * FROM read_csv('{file}')",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_statement_reaches_outside(warehouse, local_file, attempt):
    sql = attempt.format(file=local_file, folder=local_file.parent)
    description = warehouse.describe(sql)
    assert description["Status"] == "FAILED", sql
    assert SECRET not in description["Error"]
    assert sorted(os.listdir(local_file.parent)) == [local_file.name]
    assert warehouse.rows("SELECT 1") == [[1]]  # the engine lives


def test_a_function_made_of_a_refused_body_gives_nothing(warehouse, local_file, new_name):
    name = new_name("f").replace("-", "_")
    body = "SELECT content FROM read_text($1)"
    made = warehouse.describe(f"CREATE FUNCTION {name}(varchar) RETURNS varchar STABLE AS $$ {body} $$ LANGUAGE sql")
    called = warehouse.describe(f"SELECT {name}('{local_file}')")
    assert "FAILED" in (made["Status"], called["Status"])
    assert SECRET not in str(called.get("Error"))


def test_an_external_table_of_a_local_place_is_refused(warehouse, client, new_name, local_file):
    """A link or a path below the data directory is just a string: only s3:// means anything."""
    database = new_name("db").replace("-", "_")
    client("glue").create_database(DatabaseInput={"Name": database})
    for location in (f"file://{local_file.parent}/", f"{local_file.parent}/", "/etc/"):
        client("glue").create_table(DatabaseName=database, TableInput={
            "Name": f"t{abs(hash(location))}", "StorageDescriptor": {
                "Columns": [{"Name": "a", "Type": "string"}], "Location": location,
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}}})
    warehouse.run(f"CREATE EXTERNAL SCHEMA {database} FROM DATA CATALOG DATABASE '{database}' IAM_ROLE '{warehouse.role}'")
    for table in client("glue").get_tables(DatabaseName=database)["TableList"]:
        description = warehouse.describe(f"SELECT * FROM {database}.{table['Name']}")
        assert description["Status"] == "FAILED"
        assert SECRET not in description["Error"]


HEAVY = "SELECT COUNT(*) FROM generate_series(1, 3000000000) a, generate_series(1, 1000) b"


def test_an_engine_that_is_killed_takes_only_its_own(client, new_name):
    one, other = make_warehouse(client, new_name), make_warehouse(client, new_name)
    for each in (one, other):
        each.run("CREATE TABLE kept (a int)")
    session = other.submit("BEGIN", SessionKeepAliveSeconds=60)["SessionId"]
    while other.data.list_statements(Status="ALL", MaxResults=1)["Statements"][0]["Status"] not in ("FINISHED", "FAILED"):
        pass
    other.wait(other.submit("INSERT INTO kept VALUES (1)", SessionId=session)["Id"])
    mine = one.submit("BEGIN", SessionKeepAliveSeconds=60)
    one.wait(mine["Id"])
    pid = one.wait(one.submit("INSERT INTO kept VALUES (1)", SessionId=mine["SessionId"])["Id"])["RedshiftPid"]
    running = one.submit(HEAVY)["Id"]
    while one.data.describe_statement(Id=running)["Status"] != "STARTED":
        pass
    os.kill(pid, signal.SIGKILL)
    died = one.wait(running)
    assert died["Status"] == "FAILED" and "ended while the statement ran" in died["Error"]
    assert one.wait(one.submit("COMMIT", SessionId=mine["SessionId"])["Id"])["Status"] == "FAILED"
    assert one.rows("SELECT COUNT(*) FROM kept") == [[0]]
    assert other.wait(other.submit("COMMIT", SessionId=session)["Id"])["Status"] == "FINISHED"
    assert other.rows("SELECT COUNT(*) FROM kept") == [[1]]


def test_a_cancelled_statement_leaves_its_engine_free(warehouse):
    running = warehouse.submit(HEAVY)["Id"]
    while warehouse.data.describe_statement(Id=running)["Status"] != "STARTED":
        pass
    began = time.monotonic()
    assert warehouse.data.cancel_statement(Id=running)["Status"] is True
    assert warehouse.wait(running)["Status"] == "ABORTED"
    assert warehouse.rows("SELECT 1") == [[1]]
    assert time.monotonic() - began < 5  # a second on a quiet machine


def test_a_statement_beyond_its_memory_fails_alone(warehouse):
    description = warehouse.describe("SELECT LISTAGG(REPEAT('x', 60000) || a) FROM generate_series(1, 200000) a")
    assert description["Status"] == "FAILED"
    assert warehouse.rows("SELECT 1") == [[1]]


def test_many_statements_at_once_each_have_their_turn(warehouse):
    heavy = warehouse.submit(HEAVY)["Id"]
    ids = [warehouse.submit(f"SELECT {n}, COUNT(*) FROM generate_series(1, 1000)")["Id"] for n in range(32)]
    for n, identifier in enumerate(ids):
        assert warehouse.wait(identifier)["Status"] == "FINISHED"
        assert warehouse.data.get_statement_result(Id=identifier)["Records"][0][0]["longValue"] == n
    assert warehouse.data.describe_statement(Id=heavy)["Status"] == "STARTED"
    warehouse.data.cancel_statement(Id=heavy)
    warehouse.wait(heavy)


def test_one_callers_many_do_not_hold_up_anothers_one(warehouse, server, user):
    # Nine that would run for hours are more than there are workers.
    allowed = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["redshift-data:*", "redshift-serverless:GetCredentials"], "Resource": "*"}]}
    theirs = server.client("redshift-data", credentials=user(allowed))
    target = {"WorkgroupName": warehouse.workgroup, "Database": "dev"}
    heavy = [theirs.execute_statement(Sql=HEAVY, **target)["Id"] for _ in range(9)]
    try:
        assert warehouse.rows("SELECT 1") == [[1]]
        states = {theirs.describe_statement(Id=each)["Status"] for each in heavy}
        assert states <= {"SUBMITTED", "PICKED", "STARTED"}
    finally:
        for each in heavy:
            theirs.cancel_statement(Id=each)
    assert {warehouse.wait(each, theirs)["Status"] for each in heavy} == {"ABORTED"}
