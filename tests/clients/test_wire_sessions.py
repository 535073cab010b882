"""Why: whoever looks after a warehouse asks it what runs, what ran and who is connected, and ends what runs too long. All of that must
know the statements and sessions of the PostgreSQL wire, and let nobody see or end those of others."""
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
import os, threading, psycopg
def connect(**more):
    return psycopg.connect("", autocommit=True, **more)
def value(c, sql, *values):
    return c.execute(sql, values).fetchone()[0]
def state(step):
    try:
        step()
    except psycopg.Error as error:
        return error.sqlstate
# Runs an endless statement on the connection, and `stop` as soon as others can see that it runs; its error's state.
def endless(c, admin, stop):
    outcome = []
    pid = c.info.backend_pid
    runs = threading.Thread(target=lambda: outcome.append(state(lambda: c.execute(
        "select count(*) from generate_series(1, 3000000000) a, generate_series(1, 1000) b"))))
    runs.start()
    while not value(admin, "select count(*) from stv_inflight where pid = %s", pid):
        pass
    stop(pid)
    runs.join()
    return outcome[0]
"""


@pytest.fixture(scope="module")
def workgroup(client, new_name):
    return make_warehouse(client, new_name, adminUsername="awsuser", adminUserPassword=PASSWORD).workgroup


@pytest.fixture
def python(server, workgroup):
    """python(script) -> the lines that it printed; psycopg.connect("") connects as the admin."""
    if not PYTHON.exists():
        pytest.skip(f"the environment {PYTHON.parent.parent} is not installed: run tools/setup.sh clients")
    env = {**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, "PGHOST": "localhost", "PGDATABASE": "dev",
           "PGPORT": str(server.redshift_port), "PGUSER": "awsuser", "PGPASSWORD": PASSWORD, "PGSSLMODE": "require"}

    def run(script):
        done = subprocess.run([str(PYTHON), "-c", HEAD + textwrap.dedent(script)], env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout.splitlines()

    return run


def test_what_was_run(python):
    assert python("""
        c, other = connect(), connect()
        c.execute("create table run_t (id int)")
        c.execute("insert into run_t values (1), (2)")
        state(lambda: c.execute("select nosuch from run_t"))
        c.execute("select id from run_t where id > %s", (0,))
        pid = c.info.backend_pid
        print(value(c, "select pg_backend_pid()") == pid)
        for row in other.execute("select query_type, status, returned_rows, coalesce(error_message, '') from sys_query_history "
                                 "where session_id = %s and query_text like '%%run_t%%' order by start_time, query_id", (pid,)):
            print(*row)
        for view, column in [("stl_query", "querytxt"), ("svl_qlog", "substring"), ("stl_querytext", "text"),
                             ("svl_statementtext", "text"), ("sys_query_text", "text"), ("stv_recents", "query")]:
            session = "session_id" if view.startswith("sys_") else "pid"
            print(view, value(other, f"select count(*) from {view} where {session} = %s and {column} like '%%run_t%%'", pid))
        print(value(other, "select count(*) from sys_query_detail d join sys_query_history h using (query_id) where session_id = %s "
                           "and query_text like 'select id from run_t%%' and output_rows = 2", pid))
        print(value(other, "select count(*) from sys_query_history where query_text ilike 'show %%' or query_text ilike 'set %%'"))
    """) == ["True", "DDL success 0 ", "INSERT success 2 ", 'SELECT failed 0 column "nosuch" does not exist', "SELECT success 2 ",
             "stl_query 4", "svl_qlog 4", "stl_querytext 4", "svl_statementtext 4", "sys_query_text 4", "stv_recents 4", "1", "0"]


def test_who_is_connected(python):
    assert python("""
        admin = connect()
        admin.execute("create user watcher password 'Sesame-watcher-1'")
        theirs = connect(user="watcher", password="Sesame-watcher-1", application_name="watching")
        pid = theirs.info.backend_pid
        print(admin.execute("select trim(user_name), trim(db_name) from stv_sessions where process = %s", (pid,)).fetchall())
        print(admin.execute("select usename, application_name, current_query from pg_stat_activity where procpid = %s", (pid,)).fetchall())
        print(theirs.execute("select distinct trim(user_name) from stv_sessions").fetchall())
        print(theirs.execute("select count(*) from sys_query_history where query_text like 'create user%'").fetchall())
        theirs.close()
        while value(admin, "select count(*) from stv_sessions where process = %s", pid):
            pass
        print("gone")
    """) == ["[('watcher', 'dev')]", "[('watcher', 'watching', '<IDLE>')]", "[('watcher',)]", "[(0,)]", "gone"]


def test_ending_what_runs(python):
    assert python("""
        admin, c = connect(), connect()
        print(endless(c, admin, lambda pid: admin.execute("cancel %d" % pid)))
        print(endless(c, admin, lambda pid: print(value(admin, "select pg_cancel_backend(%s)", pid))))
        print(value(c, "select 'alive'"), state(lambda: admin.execute("cancel 5")))
        print(value(admin, "select status from sys_query_history where session_id = %s and query_text like '%%3000000000%%' limit 1",
                    c.info.backend_pid))
        print(endless(c, admin, lambda pid: admin.execute("select pg_terminate_backend(pid) from stv_inflight where pid = %s", (pid,))))
        idle = connect()
        pid = idle.info.backend_pid
        print(value(admin, "select pg_terminate_backend(%s)", pid))
        while value(admin, "select count(*) from stv_sessions where process = %s", pid):
            pass
        print(state(lambda: idle.execute("select 1")) in (None, "57P01"), idle.closed)
    """) == ["57014", "1", "57014", "alive 42704", "canceled", "57P01", "1", "True True"]


def test_nobody_ends_anothers(python):
    assert python("""
        admin = connect()
        admin.execute("create user ender password 'Sesame-ender-1'")
        theirs, own = [connect(user="ender", password="Sesame-ender-1") for _ in range(2)]
        print(value(theirs, "select pg_terminate_backend(%s)", admin.info.backend_pid), value(admin, "select 'alive'"))
        print(value(theirs, "select pg_cancel_backend(%s)", own.info.backend_pid))
    """) == ["0 alive", "1"]
