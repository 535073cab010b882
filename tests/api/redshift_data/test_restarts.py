"""What a stop, a crash and the passing of a day do to statements: each is settled, results last, and then are gone."""
import os
import signal
import time

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client
from support.redshift import Warehouse, make_warehouse
from support.server import Server

pytestmark = pytest.mark.own_server


@pytest.fixture
def names():
    count = iter(range(100))
    return lambda kind="x": f"{kind}-{next(count)}"


def reconnected(server, warehouse):
    return Warehouse(server.client("redshift-data"), warehouse.workgroup, warehouse.role)


def test_results_and_definitions_outlive_a_restart(names):
    with Server() as server:
        warehouse = make_warehouse(server.client, names)
        warehouse.run("CREATE TABLE t AS SELECT 1 AS a")
        warehouse.run("CREATE FUNCTION f() RETURNS int STABLE AS $$ select 41 $$ LANGUAGE sql")
        done = warehouse.run("SELECT a FROM t")["Id"]
        server.restart()
        again = reconnected(server, warehouse)
        assert again.data.get_statement_result(Id=done)["Records"] == [[{"longValue": 1}]]
        assert again.rows("SELECT f() + a FROM t") == [[42]]


def test_materialized_views_and_users_outlive_a_crash(names):
    with Server() as server:
        warehouse = make_warehouse(server.client, names)
        warehouse.run("CREATE TABLE t AS SELECT 1 AS a, '5' AS b")
        warehouse.run("CREATE MATERIALIZED VIEW m AUTO REFRESH YES AS SELECT SUM(b::INT) AS s FROM t")
        warehouse.run("CREATE USER ann PASSWORD DISABLE")
        server.kill()
        server.start()
        again = reconnected(server, warehouse)
        again.run("INSERT INTO t VALUES (2, '6')")
        assert again.rows("SELECT s FROM m") == [[11]]
        assert again.rows("SELECT count(*) FROM pg_user WHERE usename = 'ann'") == [[1]]
        assert "because other objects depend on it" in again.describe("DROP TABLE t")["Error"]


def test_a_crash_leaves_no_statement_open(names):
    with Server() as server:
        warehouse = make_warehouse(server.client, names)
        warehouse.run("CREATE TABLE t AS SELECT 1 AS a")
        for _ in range(12):
            warehouse.run("INSERT INTO t SELECT a + 1 FROM t")
        running = warehouse.submit("CREATE TABLE never AS SELECT count(*) AS n FROM t a, t b, t c, t d "
                                   "WHERE a.a + b.a + c.a + d.a = -1")["Id"]
        while warehouse.data.describe_statement(Id=running)["Status"] != "STARTED":
            time.sleep(0.005)
        server.kill()
        server.start()
        again = reconnected(server, warehouse)
        description = again.wait(running)
        assert description["Status"] == "FAILED" and "server stopped" in description["Error"]
        assert 'relation "never" does not exist' in again.describe("SELECT * FROM never")["Error"]
        assert again.rows("SELECT count(*) FROM t") == [[4096]]


def test_acknowledged_writes_are_there_after_a_crash(names):
    with Server() as server:
        warehouse = make_warehouse(server.client, names)
        warehouse.run("CREATE TABLE t (n INT)")
        statements = [warehouse.submit(f"INSERT INTO t VALUES ({i})")["Id"] for i in range(20)]
        finished = warehouse.wait(statements[0])
        server.kill()
        server.start()
        again = reconnected(server, warehouse)
        states = [again.wait(each)["Status"] for each in statements]
        assert finished["Status"] == "FINISHED" and states[0] == "FINISHED"
        # What is said to be finished is there, and nothing else is.
        rows = {row[0] for row in again.rows("SELECT n FROM t")}
        assert rows == {i for i, state in enumerate(states) if state == "FINISHED"}


def test_an_engine_that_ends_takes_only_what_it_ran(names):
    with Server() as server:
        warehouse = make_warehouse(server.client, names)
        warehouse.run("CREATE TABLE t AS SELECT 1 AS a")
        answer = warehouse.submit("CREATE TEMP TABLE mine AS SELECT 1 AS a", SessionKeepAliveSeconds=60)
        description = warehouse.wait(answer["Id"])
        os.kill(description["RedshiftPid"], signal.SIGKILL)
        assert warehouse.describe("SELECT * FROM mine", SessionId=answer["SessionId"])["Status"] == "FAILED"
        assert warehouse.rows("SELECT a FROM t") == [[1]]
        assert warehouse.rows("SELECT a FROM t", SessionId=answer["SessionId"]) == [[1]]


def test_results_are_kept_for_a_day(names):
    with Server(None, "--clock", "virtual") as server:
        warehouse = make_warehouse(server.client, names)
        done = warehouse.run("SELECT 1")["Id"]
        clock = tarn_client(server)
        clock.advance_clock(Seconds=23 * 3600)
        assert warehouse.data.get_statement_result(Id=done)["TotalNumRows"] == 1
        clock.advance_clock(Seconds=2 * 3600)
        with pytest.raises(ClientError) as caught:
            warehouse.data.describe_statement(Id=done)
        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
        assert warehouse.data.list_statements(Status="ALL")["Statements"] == []


def test_a_deleted_namespace_leaves_nothing(names):
    with Server() as server:
        warehouse = make_warehouse(server.client, names)
        warehouse.run("CREATE TABLE t AS SELECT 1 AS a")
        serverless = server.client("redshift-serverless")
        namespace = serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]
        folder = os.path.join(server.data_dir, "redshift", namespace["namespaceId"])
        assert os.path.isdir(folder)
        serverless.delete_workgroup(workgroupName=warehouse.workgroup)
        serverless.delete_namespace(namespaceName=warehouse.workgroup)
        while os.path.exists(folder):
            time.sleep(0.01)
