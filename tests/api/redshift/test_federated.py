"""Why: teams join the tables of their warehouse with those of the application's PostgreSQL, in place. Values must come as they are there,
only what a statement needs may cross the network, and whose password is used is a matter of the role's rights."""
import json
import time

import pytest

from support.postgres import DATABASE, PASSWORD, postgres  # noqa: F401
from support.redshift import SqlFailed, make_role, make_warehouse

SCHEMA = """
DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app;
CREATE TABLE app.orders (id bigint PRIMARY KEY, customer integer, amount numeric(10,2), note varchar(40), paid boolean, at timestamp,
  tz timestamptz, day date, ratio double precision, single real, code char(4), tags text[], doc jsonb, uid uuid, at_time time, gone text);
INSERT INTO app.orders VALUES
 (1, 10, 12.50, E'tab\\t new\\nline back\\\\slash', true, '2024-01-02 03:04:05.678', '2024-01-02 03:04:05+02', '2024-01-02', 0.1, 0.5,
  'ab', '{x,"y z"}', '{"k": [1, null]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '13:14:15', NULL),
 (2, 11, NULL, '', false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\\N'),
 (3, 10, -99999999.99, 'größer', NULL, '1999-12-31 23:59:59', '1999-12-31 23:59:59Z', '1999-12-31', 1e300, -1, 'wxyz', '{}', 'null',
  NULL, '00:00:00', 'x');
CREATE TABLE app.many AS SELECT i AS id, i % 100 AS bucket, 'n' || i AS name FROM generate_series(1, 30000) AS s(i);
CREATE TABLE app."none" (id integer);
ANALYZE;
"""


@pytest.fixture(scope="module")
def source(postgres):  # noqa: F811
    postgres.sql(SCHEMA)
    return postgres


@pytest.fixture(scope="module")
def account(client):
    return client("sts").get_caller_identity()["Account"]


def create(source, schema, secret, role, region="us-east-1", **changes):
    said = {"database": DATABASE, "schema": "app", "uri": source.host, "port": source.port, **changes}
    return (f"CREATE EXTERNAL SCHEMA {schema} FROM POSTGRES DATABASE '{said['database']}' SCHEMA '{said['schema']}' "
            f"URI '{said['uri']}' PORT {said['port']} IAM_ROLE '{role}' SECRET_ARN '{secret}'")


@pytest.fixture(scope="module")
def secret_of(client, account):
    def make(name):
        return f"arn:aws:secretsmanager:{client('glue').meta.region_name}:{account}:secret:{name}-a1B2c3"

    return make


@pytest.fixture(scope="module")
def warehouse(client, new_name, source, secret_of):
    made = make_warehouse(client, new_name)
    name = source.connection(client("glue"), new_name("app-secret"))
    made.secret = secret_of(name)
    made.run(create(source, "pg", made.secret, made.role))
    return made


def test_values_come_as_they_are(warehouse):
    columns, rows = warehouse.result("SELECT * FROM pg.orders ORDER BY id")
    assert [(c["name"], c["typeName"]) for c in columns] == [
        ("id", "int8"), ("customer", "int4"), ("amount", "numeric"), ("note", "varchar"), ("paid", "bool"), ("at", "timestamp"),
        ("tz", "timestamptz"), ("day", "date"), ("ratio", "float8"), ("single", "float4"), ("code", "bpchar"), ("tags", "varchar"),
        ("doc", "varchar"), ("uid", "varchar"), ("at_time", "varchar"), ("gone", "varchar")]
    first, second, third = rows
    assert first[:5] == [1, 10, "12.50", "tab\t new\nline back\\slash", True]
    assert first[5] == "2024-01-02 03:04:05.678" and first[6] == "2024-01-02 01:04:05+00" and first[7] == "2024-01-02"
    assert first[8:10] == [0.1, 0.5] and first[10].rstrip() == "ab"
    assert first[11:] == ['{x,"y z"}', '{"k": [1, null]}', "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "13:14:15", None]
    assert second == [2, 11, None, "", False] + [None] * 10 + ["\\N"]
    assert third[2] == "-99999999.99" and third[3] == "größer" and third[8] == 1e300


def test_joins_with_local_tables(warehouse):
    warehouse.run("CREATE TABLE customers (id integer, name varchar(20))")
    warehouse.run("INSERT INTO customers VALUES (10, 'Ann'), (11, 'Bob')")
    assert warehouse.rows("SELECT c.name, count(*), sum(o.amount) FROM customers c JOIN pg.orders o ON o.customer = c.id "
                          "GROUP BY 1 ORDER BY 1") == [["Ann", 2, "-99999987.49"], ["Bob", 1, None]]
    warehouse.run("CREATE TABLE kept AS SELECT * FROM pg.many WHERE bucket = 7")
    assert warehouse.rows("SELECT count(*), min(id), max(name) FROM kept") == [[300, 7, "n9907"]]
    warehouse.run("CREATE VIEW both_sides AS SELECT c.name, o.id FROM public.customers c JOIN pg.orders o ON o.customer = c.id "
                  "WITH NO SCHEMA BINDING")
    assert warehouse.rows("SELECT count(*) FROM both_sides") == [[3]]
    assert warehouse.rows("SELECT count(*) FROM pg.none") == [[0]]
    assert warehouse.rows("SELECT (SELECT max(id) FROM pg.many), count(*) FROM pg.many a JOIN pg.many b USING (id)") == [[30000, 30000]]


@pytest.mark.parametrize("where, pushed", [
    ("id = 7", '"id" = \'7\''),
    ("id > 29990 AND bucket <> 3", '"id" > \'29990\''),
    ("7 >= id", '"id" <= \'7\''),
    ("id BETWEEN 5 AND 6", '"id" >= \'5\''),
    ("id IN (1, 2, 40000)", '"id" IN (\'1\', \'2\', \'40000\')'),
    ("name IS NULL", '"name"::text IS NULL'),
])
def test_simple_conditions_are_decided_there(warehouse, source, where, pushed):
    there = source.sql(f"SELECT count(*) FROM app.many WHERE {where}")
    before = len(source.log())
    assert warehouse.rows(f"SELECT count(*) FROM pg.many WHERE {where}") == [[int(there)]]
    copies = [line for line in source.log()[before:].splitlines() if "COPY (SELECT" in line]
    assert len(copies) == 1 and pushed in copies[0], copies
    if "name" not in where:
        assert "name" not in copies[0].split(" FROM ")[0], "columns that nobody asks for do not come"


def test_conditions_on_columns_that_are_texts_here(warehouse):
    assert warehouse.rows("SELECT id FROM pg.orders WHERE uid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'") == [[1]]
    assert warehouse.rows("SELECT id FROM pg.orders WHERE code = 'ab'") == [[1]]
    assert warehouse.rows("SELECT id FROM pg.orders WHERE note > 'a' ORDER BY id") == [[1], [3]]
    assert warehouse.rows("SELECT id FROM pg.orders WHERE day < '2000-01-01' AND amount < 0") == [[3]]


def test_a_cancelled_statement_does_not_wait_for_the_other_server(warehouse, source):
    source.sql("CREATE OR REPLACE VIEW app.slow AS SELECT 1 AS a, pg_sleep(60)::text AS b")
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%app%slow%' AND state = 'active' AND pid <> pg_backend_pid()"

    def until(count):
        for _ in range(1000):
            if source.sql(sleeping).strip() == count:
                return
            time.sleep(0.01)
        raise AssertionError(f"there are not {count} of them")

    statement = warehouse.submit("SELECT * FROM pg.slow")["Id"]
    until("1")
    began = time.monotonic()
    warehouse.data.cancel_statement(Id=statement)
    assert warehouse.wait(statement)["Status"] == "ABORTED"
    assert time.monotonic() - began < 5
    until("0")
    source.sql("DROP VIEW app.slow")


def test_it_only_reads(warehouse, source):
    for statement in ("INSERT INTO pg.orders SELECT * FROM pg.orders", "DROP TABLE pg.orders",
                      "CREATE EXTERNAL TABLE pg.t (a int) STORED AS PARQUET LOCATION 's3://b/t/'"):
        with pytest.raises(SqlFailed, match="federated schema"):
            warehouse.run(statement)
    for statement in ("DELETE FROM pg.orders", "UPDATE pg.orders SET note = ''"):
        with pytest.raises(SqlFailed):
            warehouse.run(statement)
    assert source.sql("SELECT count(*) FROM app.orders").strip() == "3"


def test_system_views_know_it(warehouse, source):
    rows = warehouse.rows("SELECT eskind, databasename, esoptions FROM svv_external_schemas WHERE schemaname = 'pg'")
    assert rows[0][:2] == [3, DATABASE]
    said = json.loads(rows[0][2])
    assert (said["SCHEMA"], said["URI"], said["PORT"], said["SECRET_ARN"]) == ("app", source.host, source.port, warehouse.secret)
    assert warehouse.rows("SELECT tablename FROM svv_external_tables WHERE schemaname = 'pg' ORDER BY 1") == [
        ["many"], ["none"], ["orders"]]
    assert ["id", "bigint"] in warehouse.rows(
        "SELECT columnname, external_type FROM svv_external_columns WHERE schemaname = 'pg' AND tablename = 'orders'")


def test_what_is_not_there(warehouse):
    with pytest.raises(SqlFailed, match="relation \"pg.nothing\" does not exist"):
        warehouse.run("SELECT * FROM pg.nothing")
    with pytest.raises(SqlFailed, match="nocolumn"):
        warehouse.run("SELECT nocolumn FROM pg.orders")


@pytest.mark.parametrize("changes, words", [
    ({"database": "nowhere"}, 'database "nowhere" does not exist'),
    ({"uri": "db.example.com"}, "its Glue connection is for 127.0.0.1"),
    ({"secret": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x-a1B2c3"}, "another region or account"),
    ({"secret": "sesame"}, "neither the ARN of a secret"),
])
def test_a_source_that_fails_says_why(warehouse, source, changes, words, new_name):
    schema = new_name("bad").replace("-", "_")
    secret = changes.pop("secret", warehouse.secret) if "secret" in changes else warehouse.secret
    warehouse.run(create(source, schema, secret, warehouse.role, **changes))
    with pytest.raises(SqlFailed) as failed:
        warehouse.run(f"SELECT * FROM {schema}.orders")
    assert words in str(failed.value), str(failed.value)
    assert PASSWORD not in str(failed.value)
    warehouse.run(f"DROP SCHEMA {schema}")


def test_a_secret_that_no_connection_stands_for(warehouse, source, secret_of, new_name):
    schema = new_name("lost").replace("-", "_")
    warehouse.run(create(source, schema, secret_of("nothing-there"), warehouse.role))
    with pytest.raises(SqlFailed, match="the Glue connection nothing-there, which is not there"):
        warehouse.run(f"SELECT * FROM {schema}.orders")


def test_the_role_must_be_allowed_the_connection(client, new_name, source, warehouse):
    made = make_warehouse(client, new_name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]}
    role = make_role(client("iam"), new_name("role"), policy)
    client("redshift-serverless").update_namespace(namespaceName=made.workgroup, iamRoles=[role, made.role])
    made.run(create(source, "pg", warehouse.secret, role))
    with pytest.raises(SqlFailed, match="glue:GetConnection"):
        made.run("SELECT * FROM pg.orders")


def test_rights_in_the_database(warehouse):
    warehouse.run("CREATE USER fed_reader PASSWORD DISABLE")

    def as_reader(statement):  # each statement of the Data API has a session of its own
        sqls = ["SET SESSION AUTHORIZATION fed_reader", statement]
        made = warehouse.data.batch_execute_statement(WorkgroupName=warehouse.workgroup, Database="dev", Sqls=sqls)
        return warehouse.wait(made["Id"])

    refused = as_reader("SELECT * FROM pg.orders")
    assert refused["Status"] == "FAILED" and "permission denied" in refused["Error"], refused
    warehouse.run("GRANT USAGE ON SCHEMA pg TO fed_reader")
    assert as_reader("SELECT * FROM pg.orders")["Status"] == "FINISHED"


@pytest.mark.parametrize("statement, words", [
    ("CREATE EXTERNAL SCHEMA x FROM POSTGRES DATABASE 'd' URI 'h' IAM_ROLE default", "syntax error"),
    ("CREATE EXTERNAL SCHEMA x FROM POSTGRES DATABASE 'd' URI 'h' PORT 0 IAM_ROLE default SECRET_ARN 'a'", "syntax error"),
    ("CREATE EXTERNAL SCHEMA x FROM MYSQL DATABASE 'd' URI 'h' IAM_ROLE default SECRET_ARN 'a'", "MYSQL is not supported"),
])
def test_the_statement(warehouse, statement, words):
    with pytest.raises(SqlFailed, match=words):
        warehouse.run(statement)
