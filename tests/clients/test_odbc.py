"""Why: spreadsheets and BI tools come to Redshift by ODBC. Amazon's driver descends from PostgreSQL's, which runs here: it reads the
catalog by itself for SQLTables and its like, fetches large results through a cursor, and binds its parameters in its own way."""
import os
import pathlib
import subprocess
import textwrap
import uuid

import pytest

from support.redshift import make_warehouse

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = pathlib.Path(os.environ.get("TARN_DEPS", ROOT / ".deps")) / "redshift" / "bin" / "python"
PASSWORD = f"Sesame-{uuid.uuid4().hex[:12]}-1"

HEAD = """
import datetime, decimal, os, pyodbc
def connect(autocommit=True, **more):
    E = os.environ
    words = {"DRIVER": "{PostgreSQL Unicode}", "SERVER": "localhost", "PORT": E["PORT"], "DATABASE": "dev", "UID": E["UID_"],
             "PWD": E["PASSWORD"], "SSLmode": "require", **more}
    words.setdefault("Protocol", "7.4-1")  # an error ends a transaction: there are no savepoints
    return pyodbc.connect(";".join(f"{k}={v}" for k, v in words.items()), autocommit=autocommit)
def state(step):
    try:
        step()
    except pyodbc.Error as error:
        return error.args[0]
"""


@pytest.fixture(scope="module")
def workgroup(client, new_name):
    return make_warehouse(client, new_name, adminUsername="awsuser", adminUserPassword=PASSWORD).workgroup


@pytest.fixture
def odbc(server, workgroup):
    """odbc(script, **environment) -> the lines that it printed."""
    if not PYTHON.exists() or subprocess.run([str(PYTHON), "-c", "import pyodbc"], capture_output=True).returncode != 0:
        pytest.skip(f"pyodbc is not in {PYTHON.parent.parent}: run tools/setup.sh clients")
    if not list(pathlib.Path("/usr/lib").glob("*/odbc/psqlodbcw.so")):
        pytest.skip("PostgreSQL's ODBC driver is not installed: run tools/setup.sh clients")

    def run(script, **more):
        env = {**os.environ, "PORT": str(server.redshift_port), "UID_": "awsuser", "PASSWORD": PASSWORD, **more}
        done = subprocess.run([str(PYTHON), "-c", HEAD + textwrap.dedent(script)], env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout.splitlines()

    return run


def test_who_connects(odbc, server, user, allow, workgroup):
    assert odbc("print(connect().execute('select current_user').fetchval())") == ["awsuser"]
    assert odbc("print(connect(SSLmode='disable').getinfo(pyodbc.SQL_DBMS_NAME))") == ["PostgreSQL"]
    assert odbc("print(state(lambda: connect(PWD='wrong')))") == ["08001"]  # the driver's word for a login that failed
    theirs = user(allow("redshift-serverless:GetCredentials"))
    given = server.client("redshift-serverless", credentials=theirs).get_credentials(workgroupName=workgroup)
    assert odbc("print(connect().execute('select current_user').fetchval())", UID_=given["dbUser"],
                PASSWORD=given["dbPassword"]) == [f"IAM:{theirs['UserName']}"]


def test_types_and_parameters(odbc):
    assert odbc("""
        c = connect()
        c.execute("create table odbc_t (id int, i8 bigint, n numeric(10,2), x float8, b bool, v varchar(30), d date, ts timestamp, t time)")
        row = (1, 1 << 40, decimal.Decimal("12.50"), 1.5, True, "O'Brien \\\\x \\u00e9", datetime.date(2024, 2, 29),
               datetime.datetime(2024, 1, 2, 3, 4, 5, 678000), datetime.time(1, 2, 3))
        insert = "insert into odbc_t values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        print(c.execute(insert, row).rowcount)
        c.execute(insert, (2,) + (None,) * 8)
        rows = c.execute("select * from odbc_t order by id").fetchall()
        print(tuple(rows[0])[:4] == row[:4], tuple(rows[0])[5:] == row[5:], tuple(rows[1]) == (2,) + (None,) * 8)
        print(c.execute("select id from odbc_t where n = ? and d = ? and v = ?", row[2], row[6], row[5]).fetchval())
        k = c.cursor()
        k.executemany("insert into odbc_t (id, v) values (?, ?)", [(i, f"n{i}") for i in range(3, 203)])
        print(c.execute("select count(*), min(v) from odbc_t").fetchone())
    """) == ["1", "True True True", "1", "(202, \"O'Brien \\\\x é\")"]


def test_the_catalog(odbc):
    assert odbc("""
        c = connect()
        k = c.cursor()
        for sql in ["create schema od", "create table od.parents (id int not null, code varchar(10) not null, primary key (id, code))",
                    "create table od.children (n bigint primary key, parent int, code varchar(10), amount numeric(9,2),"
                    " foreign key (parent, code) references od.parents (id, code))",
                    "create view od.amounts as select amount from od.children",
                    "create procedure od.does(a int) as $$ begin perform 1; end; $$ language plpgsql"]:
            c.execute(sql)
        print(sorted((r.table_name, r.table_type) for r in k.tables(schema="od")))
        print("od" in [r.table_schem for r in k.tables(catalog="", schema="%", table="")])
        print([(r.column_name, r.type_name, r.column_size) for r in k.columns(table="children", schema="od")])
        print([(r.column_name, r.key_seq) for r in k.primaryKeys("parents", schema="od")])
        print([(r.pkcolumn_name, r.fkcolumn_name, r.key_seq) for r in k.foreignKeys(foreignTable="children", foreignSchema="od")])
        print([(r.fktable_name, r.fkcolumn_name) for r in k.foreignKeys(table="parents", schema="od")])
        print([r.procedure_name for r in k.procedures(schema="od")])
        print([(r.column_name, r.non_unique) for r in k.statistics("children", schema="od", unique=True) if r.column_name])
        print(len(k.getTypeInfo().fetchall()) > 10, [r.column_name for r in k.procedureColumns("does", schema="od")])
    """) == [
        "[('amounts', 'VIEW'), ('children', 'TABLE'), ('parents', 'TABLE')]", "True",
        "[('n', 'int8', 19), ('parent', 'int4', 10), ('code', 'varchar', 10), ('amount', 'numeric', 9)]",
        "[('id', 1), ('code', 2)]", "[('id', 'parent', 1), ('code', 'code', 2)]", "[('children', 'parent'), ('children', 'code')]",
        "['does']", "[('n', 0)]", "True ['a']"]


def test_transactions_and_errors(odbc):
    assert odbc("""
        c = connect(autocommit=False)
        c.execute("create table odbc_kept (id int)")
        c.execute("insert into odbc_kept values (1), (2)")
        c.commit()
        c.execute("delete from odbc_kept")
        c.rollback()
        print(c.execute("select count(*) from odbc_kept").fetchval())
        for sql in ["selec 1", "select * from nosuch", "select nocol from odbc_kept", "select 1/0", "select nofunc(1)"]:
            print(state(lambda: c.execute(sql).fetchall()))
            c.rollback()
    """) == ["2", "42601", "42P01", "42703", "22012", "42883"]


def test_large_results_by_a_cursor(odbc):
    assert odbc("""
        c = connect(autocommit=False, UseDeclareFetch=1, Fetch=1000)
        k = c.execute("select n, 'row ' || n from generate_series(1, 25000) s(n)")
        rows = 0
        while part := k.fetchmany(700):
            rows += len(part)
        print(rows)
        c.commit()
        print(connect().execute("select n from generate_series(1, 100000) s(n)").fetchall()[-1][0])
    """) == ["25000", "100000"]
