"""Why: people connect to Redshift with psql, psycopg, redshift_connector, SQLAlchemy and dbt, each with habits of its own on the PostgreSQL
wire. Each runs as it is installed, in a process of its own, and knows where the server is and who it is, nothing more."""
import json
import os
import pathlib
import shutil
import subprocess
import textwrap
import uuid

import pytest

from support.redshift import make_role

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("TARN_DEPS", ROOT / ".deps"))
PASSWORD = f"Sesame-{uuid.uuid4().hex[:12]}-1"  # told apart from other runs on the same server by it


@pytest.fixture(scope="module")
def place(server, client, new_name):
    """What a client must know of a workgroup: libpq's variables and a few of ours."""
    if not server.redshift_port:
        pytest.fail("the server has no PostgreSQL wire")
    name = new_name("wg")
    serverless = client("redshift-serverless")
    serverless.create_namespace(namespaceName=name, defaultIamRoleArn=make_role(client("iam"), new_name("role")),
                                adminUsername="awsuser", adminUserPassword=PASSWORD)
    serverless.create_workgroup(namespaceName=name, workgroupName=name)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PG"))}
    return {**kept, **server.environment(), "PGHOST": "localhost", "PGPORT": str(server.redshift_port), "PGUSER": "awsuser",
            "PGPASSWORD": PASSWORD, "PGDATABASE": "dev", "PGSSLMODE": "require", "PGOPTIONS": f"-c warehouse={name}",
            "WORKGROUP": name, "SSL_CERT_FILE": str(server.data_dir / "tls" / "server.crt")}


@pytest.fixture
def python(place, tmp_path):
    """python(script) -> what it printed, run with the clients' packages."""

    def run(script):
        interpreter = DEPS / "redshift" / "bin" / "python"
        if not interpreter.exists():
            pytest.skip(f"the environment {interpreter.parent.parent} is not installed: run tools/setup.sh clients")
        done = subprocess.run([str(interpreter), "-c", HEAD + textwrap.dedent(script)], env=place, cwd=tmp_path, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    return run


HEAD = """
import datetime, decimal, os
E = os.environ
"""


@pytest.fixture
def psql(place, tmp_path):
    """psql(*arguments, text=...) -> its output, unaligned and without headers."""
    program = shutil.which("psql")
    if program is None:
        pytest.skip("psql is not installed: run tools/setup.sh clients")

    def run(*arguments, text=None, status=0, **more):
        done = subprocess.run([program, "-XAt", "-v", "ON_ERROR_STOP=1", *arguments], env={**place, **more}, cwd=tmp_path, input=text,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr if status else done.stdout

    return run


def test_psql(psql):
    assert psql("-c", "select 1 as one, 'a' || 'b', null, 2.50, true") == "1|ab||2.50|t\n"
    out = psql(text="""
        create table psql_t (id int, name varchar(20), seen timestamp, amount decimal(10,2));
        insert into psql_t values (1, 'one', '2024-01-02 03:04:05', 1.50), (2, null, null, null);
        begin;
        delete from psql_t;
        rollback;
        select * from psql_t order by id;
        \\copy psql_t (id, name) from stdin csv
        3,"a,b"
        4,
        \\.
        select count(*), max(name) from psql_t;
    """.replace("        ", ""))
    assert out.splitlines() == ["CREATE TABLE", "INSERT 0 2", "BEGIN", "DELETE 2", "ROLLBACK", "1|one|2024-01-02 03:04:05|1.50", "2|||",
                                "COPY 2", "4|one"]
    assert "syntax error" in psql("-c", "selec 1", status=1)
    assert psql("-c", "select 1; select 2") == "1\n2\n"
    assert "TLS" in psql("-c", "\\conninfo") or "SSL" in psql("-c", "\\conninfo")


def test_psql_verifies_the_certificate(psql, place):
    assert psql("-c", "select 1", PGSSLMODE="verify-full", PGSSLROOTCERT=place["SSL_CERT_FILE"]) == "1\n"
    assert psql("-c", "select 1", PGSSLMODE="disable") == "1\n"


def test_wrong_passwords_users_and_databases(psql):
    assert 'password authentication failed for user "awsuser"' in psql("-c", "select 1", PGPASSWORD="wrong", status=2)
    assert 'password authentication failed for user "nobody"' in psql("-c", "select 1", PGUSER="nobody", status=2)
    assert 'database "nosuch" does not exist' in psql("-c", "select 1", PGDATABASE="nosuch", status=2)
    assert "nosuch" in psql("-c", "select 1", PGOPTIONS="-c warehouse=nosuch", status=2)


def test_who_came_and_left_is_told(psql):
    """stl_connection_log: failed log-ins, sessions that began and that ended."""
    psql("-c", "select 1", PGPASSWORD="wrong", status=2)
    pid = psql("-c", "select pg_backend_pid()").strip()
    events = "select event, trim(dbname), trim(username), duration >= 0 from stl_connection_log where pid = {} order by 1"
    assert psql("-c", events.format(pid)) == ("authenticated|dev|awsuser|t\ndisconnecting session|dev|awsuser|t\n"
                                              "initiating session|dev|awsuser|t\n")
    assert psql("-c", f"select session_id, event from sys_connection_log where session_id = {pid} order by record_time desc limit 1") == \
        f"{pid}|disconnecting session\n"
    assert psql("-c", f"select user_name, db_name, endtime >= starttime from stl_sessions where process = {pid}") == "awsuser|dev|t\n"
    failed = "select count(*) > 0 from stl_connection_log where event = 'authentication failure' and username = 'awsuser'"
    assert psql("-c", failed) == "t\n"
    still = "select count(*) from stl_connection_log where event = 'initiating session' and pid not in (select pid from " \
            "stl_connection_log where event = 'disconnecting session') and pid = pg_backend_pid()"
    assert psql("-c", still) == "1\n"


def test_messages_come_before_the_error_that_ends_a_call(psql):
    out = psql(text="""
        create or replace procedure fails() as $$
        begin
          raise info 'first';
          execute 'select invalid';
        exception when others then
          raise warning 'caught %', sqlerrm;
        end;
        $$ language plpgsql;
        call fails();
    """, status=3)
    assert [line.split(":", 3)[-1].strip() for line in out.splitlines() if "INFO" in line or "WARNING" in line or "ERROR" in line] == \
        ["first", 'caught column "invalid" does not exist', 'column "invalid" does not exist']


def test_temporary_credentials(psql, server, user, allow, place):
    """They say themselves which workgroup they are for."""
    theirs = user(allow("redshift-serverless:GetCredentials"))
    given = server.client("redshift-serverless", credentials=theirs).get_credentials(workgroupName=place["WORKGROUP"])
    env = {"PGUSER": given["dbUser"], "PGPASSWORD": given["dbPassword"], "PGOPTIONS": ""}
    assert psql("-c", "select current_user, current_database()", **env) == f"IAM:{theirs['UserName']}|dev\n"
    assert "password authentication failed" in psql("-c", "select 1", **{**env, "PGUSER": "IAM:someone"}, status=2)


def test_psycopg2(python):
    assert python("""
        import psycopg2, psycopg2.extras
        c = psycopg2.connect("")
        k = c.cursor()
        k.execute("create table pg2_t (id int identity(1,1), name varchar(50), day date, seen timestamptz, amount numeric(10,2),"
                  " ok bool, x float8)")
        k.execute("insert into pg2_t (name, day, seen, amount, ok, x) values (%s, %s, %s, %s, %s, %s)",
                  ("O'Brien\\\\x", datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
                   decimal.Decimal("12.50"), True, 1.5))
        assert k.rowcount == 1
        c.commit()
        k.execute("select name, day, seen, amount, ok, x from pg2_t")
        print(k.fetchall(), [d.name for d in k.description])
        try:
            k.execute("select * from nosuch_table")
        except psycopg2.errors.UndefinedTable as error:
            print(error.pgcode)
        c.rollback()
        psycopg2.extras.execute_values(k, "insert into pg2_t (name) values %s", [(str(i),) for i in range(2500)])
        k.execute("delete from pg2_t where name = '7'")
        print(k.rowcount)
        c.commit()
        with c.cursor("named") as named:
            named.itersize = 1000
            named.execute("select name from pg2_t")
            print(sum(1 for _ in named))
        c.commit()
        k.copy_expert("copy pg2_t (name, x) from stdin with csv", __import__("io").StringIO("a,1\\nb,2\\n"))
        print(k.rowcount)
        c.close()
    """).splitlines() == [
        "[(\"O'Brien\\\\x\", datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), "
        "Decimal('12.50'), True, 1.5)] ['name', 'day', 'seen', 'amount', 'ok', 'x']", "42P01", "1", "2500", "2"]


def test_psycopg3(python):
    assert python("""
        import psycopg, threading
        with psycopg.connect("") as c:
            c.execute("create table pg3_t (id bigint, name varchar(50), day date, seen timestamp, amount numeric(10,2), ok bool, x float8)")
            row = (1, "one", datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, 1, 2, 3, 500000), decimal.Decimal("12.50"), True,
                   1.5)
            k = c.cursor()
            k.executemany("insert into pg3_t values (%s, %s, %s, %s, %s, %s, %s)", [row, (2,) + (None,) * 6])
            print(k.rowcount)
            assert c.execute("select * from pg3_t where id = %s and name = %s", (1, "one")).fetchall() == [row]
            binary = c.cursor(binary=True).execute("select * from pg3_t where id = %b and amount = %b", (1, decimal.Decimal("12.50")))
            assert binary.fetchall() == [row]
            for i in range(8):  # beyond the fifth time it is prepared on the server
                assert c.execute("select %s + 1", (i,), prepare=True).fetchone() == (i + 1,)
            with c.pipeline():
                a, b = c.execute("select 1"), c.execute("select 2")
            print(a.fetchone(), b.fetchone())
            with k.copy("copy pg3_t (id, name) from stdin") as copy:
                for i in range(3000):
                    copy.write_row((i, "tab\\there" if i else None))
            print(c.execute("select count(*), max(name) from pg3_t").fetchone())
        with psycopg.connect("", autocommit=True) as c:
            c.add_notice_handler(lambda n: print(n.severity, n.message_primary))
            c.execute("commit")
            timer = threading.Timer(0.3, c.cancel)
            timer.start()
            try:
                c.execute("select count(*) from generate_series(1, 3000000000) a, generate_series(1, 1000) b")
            except psycopg.errors.QueryCanceled as error:
                print(error.sqlstate)
            print(c.execute("select 1").fetchone())
    """).splitlines() == ["2", "(1,) (2,)", "(3002, 'tab\\there')", "INFO there is no transaction in progress", "57014", "(1,)"]


def test_redshift_connector(python):
    assert python("""
        import redshift_connector
        c = redshift_connector.connect(host="localhost", port=int(E["PGPORT"]), database="dev", user="awsuser", password=E["PGPASSWORD"])
        k = c.cursor()
        k.execute("create table rc_t (id int, name varchar(50), day date, amount decimal(10,2), ok bool, x float8)")
        k.execute("insert into rc_t values (%s, %s, %s, %s, %s, %s)",
                  (1, "one", datetime.date(2024, 2, 29), decimal.Decimal("12.50"), True, 1.5))
        k.executemany("insert into rc_t (id, name) values (%s, %s)", [(2, "two"), (3, None)])
        c.commit()
        k.execute("select * from rc_t order by id")
        print(k.description[0][0], k.fetchone(), k.fetchall()[1])
        k.execute("select count(*) from rc_t where id > %s", (1,))
        print(k.fetchone())
        try:
            k.execute("select nosuch from rc_t")
        except redshift_connector.error.ProgrammingError as error:
            print(error.args[0]["C"])
        c.rollback()
        c.close()
    """).splitlines() == ["id [1, 'one', datetime.date(2024, 2, 29), Decimal('12.50'), True, 1.5] [3, None, None, None, None, None]",
                          "[2]", "42703"]


ENGINE = """
        import sqlalchemy as sa
        trust = {{"sslrootcert": E["SSL_CERT_FILE"]}} if "{0}" == "psycopg2" else {{}}
        url = sa.URL.create("redshift+{0}", "awsuser", E["PGPASSWORD"], "localhost", int(E["PGPORT"]), "dev")
        engine = sa.create_engine(url, connect_args=trust)
        table = sa.Table("{2}", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30)))
        with engine.begin() as c:
            table.create(c{1})
            c.execute(table.insert(), [{{"id": 1, "name": "one"}}, {{"id": 2, "name": "two"}}])
        with engine.connect() as c:
            print(c.execute(sa.select(table).where(table.c.id > 1)).fetchall())
"""


def test_sqlalchemy(python):
    assert python(ENGINE.format("redshift_connector", ", checkfirst=False", "sa_unchecked")).splitlines() == ["[(2, 'two')]"]


@pytest.mark.parametrize("driver", ["psycopg2", "redshift_connector"])
def test_sqlalchemy_looks_at_the_catalog(python, driver):
    assert python(ENGINE.format(driver, "", "sa_" + driver) + """
        inspector = sa.inspect(engine)
        print(inspector.has_table(table.name), [(d["name"], str(d["type"])) for d in inspector.get_columns(table.name)])
        name = table.name + "_child"
        with engine.begin() as c:
            c.execute(sa.text(f"create table {name} (id int identity(1,1) not null distkey, parent int references {table.name}(id), "
                              "code char(3) encode zstd default 'x', amount decimal(9,2), seen timestamp sortkey, unique(code, amount))"))
            c.execute(sa.text(f"comment on column {name}.code is 'the code'"))
            c.execute(sa.text(f"create view {name}_v as select code from {name}"))
            c.execute(sa.text(f"create view {name}_l as select code, id from public.{name} with no schema binding"))
        inspector = sa.inspect(engine)
        print([(d["name"], str(d["type"]), d["nullable"], d["comment"]) for d in inspector.get_columns(name)])
        print(inspector.get_pk_constraint(table.name)["constrained_columns"])
        print([(f["constrained_columns"], f["referred_table"], f["referred_columns"]) for f in inspector.get_foreign_keys(name)])
        print([u["column_names"] for u in inspector.get_unique_constraints(name)])
        print(sorted(v for v in inspector.get_view_names() if v.startswith(name)), [d["name"] for d in inspector.get_columns(name + "_l")])
        print("select code" in inspector.get_view_definition(name + "_v"))
        reflected = sa.Table(name, sa.MetaData(), autoload_with=engine)
        print(sorted(c.name for c in reflected.columns), table.name in inspector.get_table_names())
    """).splitlines() == [
        "[(2, 'two')]", "True [('id', 'INTEGER'), ('name', 'VARCHAR(30)')]",
        "[('id', 'INTEGER', False, None), ('parent', 'INTEGER', True, None), ('code', 'CHAR(3)', True, 'the code'), "
        "('amount', 'NUMERIC(9, 2)', True, None), ('seen', 'TIMESTAMP', True, None)]",
        "['id']", f"[(['parent'], 'sa_{driver}', ['id'])]", "[['code', 'amount']]",
        f"['sa_{driver}_child_l', 'sa_{driver}_child_v'] ['code', 'id']", "True",
        "['amount', 'code', 'id', 'parent', 'seen'] True"]


def test_psql_describes(psql):
    psql("-c", "create table seen_t (id int primary key, name varchar(20) default 'x', amount decimal(7,2))",
         "-c", "create view seen_v as select id from seen_t")
    assert psql("-c", "\\d seen_t").splitlines()[:3] == [
        "id|integer||not null|", "name|character varying(20)|||'x'", "amount|numeric(7,2)|||"]
    listed = psql("-c", "\\d").splitlines()
    assert "public|seen_t|table|awsuser" in listed and "public|seen_v|view|awsuser" in listed
    assert "public|seen_v|view|awsuser" in psql("-c", "\\dv") and "public" in psql("-c", "\\dn+")
    assert psql("-c", "\\l").startswith("dev|")


COMMANDS = ["\\d", "\\dt+", "\\dv+", "\\dn+", "\\du+", "\\dg", "\\df+", "\\l+", "\\dp", "\\z asked_t", "\\det",
            "\\des", "\\dew", "\\di+", "\\ds", "\\dT+", "\\da", "\\db", "\\dx", "\\ddp", "\\d+ asked_child",
            "\\d+ asked_v", "\\d asked_t_pkey"]


def test_psql_commands(psql):
    psql("-c", "create table asked_t (id int, code char(3) not null, primary key (id, code))",
         "-c", "create table asked_child (n bigint identity(1,1), id int, code char(3), foreign key (id, code) references asked_t)",
         "-c", "create view asked_v as select n from asked_child",
         "-c", "create function asked_f(int, int) returns bigint stable as $$ select $1 + $2 $$ language sql",
         "-c", "create procedure asked_p(a int, b inout varchar(20)) as $$ begin b := b || a; end; $$ language plpgsql",
         "-c", "grant select, insert on asked_t to public", "-c", "comment on table asked_t is 'the asked'")
    # psql ends with an error when the question fails. Keys are footers, which go with the headers.
    shown = {command: psql("-P", "tuples_only=off", "-c", command) for command in COMMANDS}
    assert '"asked_t_pkey" PRIMARY KEY, btree (id, code)' in psql("-P", "tuples_only=off", "-c", "\\d asked_t")
    assert 'FOREIGN KEY (id, code) REFERENCES asked_t(id, code)' in shown["\\d+ asked_child"]
    assert "asked_f|bigint|integer, integer|func" in shown["\\df+"]
    assert "asked_p|character varying|a integer, INOUT b character varying|func" in shown["\\df+"]
    assert "asked_t|table|awsuser=arwdRxt/awsuser" in shown["\\dp"] and "=ar/awsuser" in shown["\\dp"]
    assert "the asked" in shown["\\dt+"] and "select" in shown["\\d+ asked_v"].lower() and "awsuser|Superuser" in shown["\\du+"]
    assert "asked_t_pkey|index|" in shown["\\di+"]


MODELS = {
    "first.sql": "select 1 as id, 'x' as name union all select 2, 'y'",
    "second.sql": "{{ config(materialized='view') }} select count(*) as n from {{ ref('first') }}",
    "late.sql": "{{ config(materialized='view', bind=False) }} select id from {{ ref('first') }}",
    "grows.sql": "{{ config(materialized='incremental', unique_key='id', dist='id', sort='id') }} select id, name from {{ ref('first') }}",
    "merges.sql": "{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge') }} "
                  "select id, name from {{ ref('first') }}",
    "kept.sql": "{{ config(materialized='materialized_view') }} select id from {{ ref('first') }}",
    "schema.yml": "models: [{name: first, description: the first, config: {persist_docs: {relation: true, columns: true}}, "
                  "columns: [{name: id, description: a number, data_tests: [unique, not_null]}]}]\n"}


def test_dbt(place, tmp_path):
    dbt = DEPS / "dbt" / "bin" / "dbt"
    if not dbt.exists():
        pytest.skip(f"dbt is not installed at {dbt}: run tools/setup.sh clients")
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: p\nversion: '1.0'\nprofile: p\nmodels: {p: {+materialized: table}}\n")
    for name, text in MODELS.items():
        (tmp_path / "models" / name).write_text(text)
    (tmp_path / "profiles.yml").write_text(json.dumps({"p": {"target": "t", "outputs": {"t": {
        "type": "redshift", "host": "localhost", "port": int(place["PGPORT"]), "user": "awsuser", "password": PASSWORD, "dbname": "dev",
        "schema": "dbt_made", "threads": 2, "sslmode": "require"}}}}))
    for command in (["run"], ["run"], ["test"], ["docs", "generate"]):  # incremental models find their tables the second time
        done = subprocess.run([str(dbt), *command, "--profiles-dir", "."], env={**place, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
                              cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-5000:]
    made = json.loads((tmp_path / "target" / "catalog.json").read_text())["nodes"]
    columns = {name.split(".")[-1]: list(node["columns"]) for name, node in made.items()}
    assert columns == {"first": ["id", "name"], "second": ["n"], "late": ["id"], "grows": ["id", "name"], "merges": ["id", "name"],
                       "kept": ["id"]}
    assert made["model.p.first"]["metadata"]["comment"] == "the first"


def test_binary_intervals_and_times_with_zones(python):
    """PostgreSQL's own drivers ask for them in binary; Redshift's drivers do not."""
    assert python("""
        import psycopg
        with psycopg.connect("", autocommit=True) as c:
            print(c.cursor(binary=True).execute("select interval '1 day 02:03:04.5', '12:30:00.25+02'::timetz").fetchone())
            print(c.execute("select %b + timestamp '2024-01-01 00:00:00'", (datetime.timedelta(days=1, seconds=1.5),)).fetchone())
    """).splitlines() == [
        "(datetime.timedelta(days=1, seconds=7384, microseconds=500000), "
        "datetime.time(12, 30, 0, 250000, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200))))",
        "(datetime.datetime(2024, 1, 2, 0, 0, 1, 500000),)"]


def test_a_session_ends_with_its_user(python):
    assert python("""
        import psycopg
        with psycopg.connect("", autocommit=True) as admin:
            admin.execute("create user leaver password 'Sesame-leaver-1'")
            theirs = psycopg.connect("", user="leaver", password="Sesame-leaver-1", autocommit=True)
            print(theirs.execute("select current_user").fetchone()[0])
            admin.execute("drop user leaver")
            try:
                theirs.execute("select 1")
            except psycopg.errors.AdminShutdown as error:
                print(error.sqlstate, theirs.closed)
            print(admin.execute("select 1").fetchone()[0])
    """).splitlines() == ["leaver", "57P01 True", "1"]


def test_a_session_ends_with_its_cluster(python, server, client, new_name):
    name = new_name("c")
    redshift = client("redshift")
    redshift.create_cluster(ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="awsuser", MasterUserPassword=PASSWORD)
    assert python(f"""
        import boto3, psycopg
        c = psycopg.connect("", options="-c warehouse={name}", autocommit=True)
        print(c.execute("select 1").fetchone()[0])
        boto3.client("redshift").delete_cluster(ClusterIdentifier="{name}", SkipFinalClusterSnapshot=True)
        try:
            c.execute("select 1")
        except psycopg.errors.AdminShutdown as error:
            print(error.sqlstate, c.closed)
    """).splitlines() == ["1", "57P01 True"]
