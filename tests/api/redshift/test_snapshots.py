"""Why: people take a snapshot before they change what they cannot bring back. It must hold what was there, with its users and rights, while
sessions go on, and give it back."""
import datetime
import pathlib
import subprocess
import threading
import time

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client
from support.redshift import SqlFailed, Warehouse, make_warehouse
from support.server import TARN, Server

PASSWORD = "Passw0rdPassw0rd"


def refused(code, call, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(**kwargs)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


def until(what):
    for _ in range(3000):
        if done := what():
            return done
        time.sleep(0.01)
    raise AssertionError("it does not come to be")


class Cluster:
    """A provisioned cluster as a warehouse."""

    def __init__(self, client, name):
        self.data, self.name = client("redshift-data"), name
        self.place = {"ClusterIdentifier": name, "Database": "dev", "DbUser": "awsuser"}

    def run(self, sql):
        identifier = self.data.execute_statement(Sql=sql, **self.place)["Id"]
        described = until(lambda: (d := self.data.describe_statement(Id=identifier))["Status"] in ("FINISHED", "FAILED", "ABORTED") and d)
        if described["Status"] != "FINISHED":
            raise SqlFailed(described)
        return described

    def rows(self, sql):
        page = self.data.get_statement_result(Id=self.run(sql)["Id"])
        return [[next(iter(field.values())) for field in row] for row in page["Records"]]


@pytest.fixture(scope="module")
def serverless(client):
    return client("redshift-serverless")


@pytest.fixture(scope="module")
def redshift(client):
    return client("redshift")


@pytest.fixture
def cluster(redshift, client, new_name):
    name = new_name("c")
    redshift.create_cluster(ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="awsuser", MasterUserPassword=PASSWORD)
    return Cluster(client, name)


def snapshot_of(serverless, name):
    return until(lambda: (s := serverless.get_snapshot(snapshotName=name)["snapshot"])["status"] != "CREATING" and s)


def test_a_namespace_comes_back(serverless, client, new_name, account):
    warehouse, name = make_warehouse(client, new_name), new_name("snap")
    warehouse.run("CREATE TABLE t (a integer IDENTITY(1,1), b varchar(20))")
    warehouse.run("INSERT INTO t (b) VALUES ('before'), ('größer')")
    warehouse.run("CREATE VIEW v AS SELECT b FROM t")
    warehouse.run("CREATE DATABASE second")
    second = Warehouse(warehouse.data, warehouse.workgroup, database="second")
    second.run("CREATE TABLE other AS SELECT 7 AS seven")
    warehouse.run("CREATE USER reader PASSWORD DISABLE")
    warehouse.run("GRANT SELECT ON t TO reader")
    warehouse.run("CREATE FUNCTION twice(integer) RETURNS integer IMMUTABLE AS $$ SELECT $1 * 2 $$ LANGUAGE sql")
    made = serverless.create_snapshot(namespaceName=warehouse.workgroup, snapshotName=name, tags=[{"key": "a", "value": "b"}])["snapshot"]
    assert made["namespaceName"] == warehouse.workgroup and made["ownerAccount"] == account
    assert serverless.list_tags_for_resource(resourceArn=made["snapshotArn"])["tags"] == [{"key": "a", "value": "b"}]
    refused("ConflictException", serverless.create_snapshot, namespaceName=warehouse.workgroup, snapshotName=name)
    done = snapshot_of(serverless, name)
    assert done["status"] == "AVAILABLE" and done["totalBackupSizeInMegaBytes"] > 0
    assert serverless.get_snapshot(snapshotArn=made["snapshotArn"])["snapshot"]["snapshotName"] == name
    assert [s["snapshotName"] for s in serverless.list_snapshots(namespaceName=warehouse.workgroup)["snapshots"]] == [name]

    warehouse.run("DROP TABLE t CASCADE")
    warehouse.run("CREATE TABLE later (x int)")
    warehouse.run("DROP FUNCTION twice(integer)")
    second.run("DELETE FROM other")
    restored = serverless.restore_from_snapshot(namespaceName=warehouse.workgroup, workgroupName=warehouse.workgroup, snapshotName=name)
    assert restored["snapshotName"] == name and restored["namespace"]["status"] == "MODIFYING"
    until(lambda: serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["status"] == "AVAILABLE")
    assert warehouse.rows("SELECT b FROM v ORDER BY 1") == [["before"], ["größer"]]
    assert warehouse.rows("SELECT twice(4), has_table_privilege('reader', 't', 'select')") == [[8, True]]
    with pytest.raises(SqlFailed, match="later"):
        warehouse.run("SELECT * FROM later")
    assert second.rows("SELECT seven FROM other") == [[7]]
    warehouse.run("INSERT INTO t (b) VALUES ('after')")
    assert warehouse.rows("SELECT count(*), count(DISTINCT a) FROM t") == [[3, 3]]

    assert serverless.update_snapshot(snapshotName=name, retentionPeriod=3)["snapshot"]["snapshotRemainingDays"] == 3
    refused("ValidationException", serverless.update_snapshot, snapshotName=name, retentionPeriod=4000)
    assert serverless.delete_snapshot(snapshotName=name)["snapshot"]["status"] == "DELETED"
    refused("ResourceNotFoundException", serverless.get_snapshot, snapshotName=name)
    assert warehouse.rows("SELECT count(*) FROM t") == [[3]]


def test_writers_go_on_while_a_snapshot_is_made(serverless, client, new_name):
    """What a snapshot holds is a moment: all that was acknowledged before it was asked for, and whole statements only."""
    warehouse, name = make_warehouse(client, new_name), new_name("snap")
    warehouse.run("CREATE TABLE t (a integer, b varchar(100))")
    stop, written = threading.Event(), [0]

    def write():
        own = Warehouse(client("redshift-data"), warehouse.workgroup)
        while not stop.is_set():
            own.run(f"INSERT INTO t SELECT {written[0]}, repeat('x', 100) FROM generate_series(1, 1000)")
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: written[0] >= 3)
        before = written[0]
        serverless.create_snapshot(namespaceName=warehouse.workgroup, snapshotName=name)
        assert snapshot_of(serverless, name)["status"] == "AVAILABLE"
        until(lambda: written[0] >= before + 3)
    finally:
        stop.set()
        writer.join()
    serverless.restore_from_snapshot(namespaceName=warehouse.workgroup, workgroupName=warehouse.workgroup, snapshotName=name)
    until(lambda: serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["status"] == "AVAILABLE")
    statements, least, rows = warehouse.rows(
        "SELECT count(DISTINCT a), min(n), sum(n) FROM (SELECT a, count(*) AS n FROM t GROUP BY a) q")[0]
    assert before <= statements <= written[0] and least == 1000 and int(rows) == 1000 * statements


def test_a_final_snapshot_outlives_its_namespace(serverless, client, new_name, server):
    warehouse, other, name = make_warehouse(client, new_name), make_warehouse(client, new_name), new_name("final")
    warehouse.run("CREATE TABLE t AS SELECT 1 AS a")
    identifier = serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["namespaceId"]
    serverless.delete_workgroup(workgroupName=warehouse.workgroup)
    serverless.delete_namespace(namespaceName=warehouse.workgroup, finalSnapshotName=name)
    assert snapshot_of(serverless, name)["status"] == "AVAILABLE"
    until(lambda: not (server.data_dir / "redshift" / identifier).exists())
    serverless.restore_from_snapshot(namespaceName=other.workgroup, workgroupName=other.workgroup, snapshotName=name)
    until(lambda: serverless.get_namespace(namespaceName=other.workgroup)["namespace"]["status"] == "AVAILABLE")
    assert other.rows("SELECT a FROM t") == [[1]]
    serverless.delete_snapshot(snapshotName=name)


def test_a_cluster_comes_back_as_another(redshift, client, cluster, new_name):
    name, new = new_name("snap"), new_name("c")
    cluster.run("CREATE TABLE t AS SELECT 'x' AS a")
    made = redshift.create_cluster_snapshot(SnapshotIdentifier=name, ClusterIdentifier=cluster.name, ManualSnapshotRetentionPeriod=7,
                                            Tags=[{"Key": "k", "Value": "v"}])["Snapshot"]
    assert (made["Status"], made["SnapshotType"], made["ClusterIdentifier"]) == ("creating", "manual", cluster.name)
    assert (made["MasterUsername"], made["ManualSnapshotRetentionPeriod"]) == ("awsuser", 7)
    assert made["Tags"] == [{"Key": "k", "Value": "v"}]
    refused("ClusterSnapshotAlreadyExists", redshift.create_cluster_snapshot, SnapshotIdentifier=name, ClusterIdentifier=cluster.name)
    waiter = redshift.get_waiter("snapshot_available")
    waiter.config.delay = 0.05
    waiter.wait(SnapshotIdentifier=name)

    def listed(**chosen):
        pages = redshift.get_paginator("describe_cluster_snapshots").paginate(ClusterIdentifier=cluster.name, **chosen)
        return [s["SnapshotIdentifier"] for page in pages for s in page["Snapshots"]]

    assert listed() == listed(ClusterExists=True) == listed(SnapshotType="manual") == [name]
    assert listed(ClusterExists=False) == listed(SnapshotType="automated") == []
    refused("UnsupportedOperation", redshift.describe_cluster_snapshots, SortingEntities=[{"Attribute": "CREATE_TIME"}])
    cluster.run("DROP TABLE t")
    restoring = redshift.restore_from_cluster_snapshot(ClusterIdentifier=new, SnapshotIdentifier=name, NodeType="ra3.xlplus")["Cluster"]
    assert restoring["ClusterStatus"] == "restoring" and restoring["NodeType"] == "ra3.xlplus"
    until(lambda: redshift.describe_clusters(ClusterIdentifier=new)["Clusters"][0]["ClusterStatus"] == "available")
    assert Cluster(client, new).rows("SELECT a FROM t") == [["x"]]
    refused("ClusterAlreadyExists", redshift.restore_from_cluster_snapshot, ClusterIdentifier=new, SnapshotIdentifier=name)
    refused("ClusterSnapshotNotFound", redshift.restore_from_cluster_snapshot, ClusterIdentifier=new_name("c"), SnapshotIdentifier="none")
    assert redshift.modify_cluster_snapshot(SnapshotIdentifier=name, ManualSnapshotRetentionPeriod=-1)["Snapshot"][
        "ManualSnapshotRetentionPeriod"] == -1
    assert redshift.delete_cluster_snapshot(SnapshotIdentifier=name)["Snapshot"]["Status"] == "deleted"
    refused("ClusterSnapshotNotFound", redshift.describe_cluster_snapshots, SnapshotIdentifier=name)


def test_a_deleted_cluster_leaves_no_files(redshift, cluster, server, new_name):
    cluster.run("CREATE TABLE t AS SELECT 1 AS a")
    identifier = redshift.describe_clusters(ClusterIdentifier=cluster.name)["Clusters"][0]["ClusterNamespaceArn"].rsplit(":", 1)[1]
    folder = pathlib.Path(server.data_dir) / "redshift" / identifier
    assert folder.exists()
    final = new_name("final")
    redshift.delete_cluster(ClusterIdentifier=cluster.name, FinalClusterSnapshotIdentifier=final)
    until(lambda: not folder.exists())
    assert redshift.describe_cluster_snapshots(SnapshotIdentifier=final)["Snapshots"][0]["Status"] == "available"


def test_tags_come_in_pages(redshift, cluster, account):
    arn = f"arn:aws:redshift:us-east-1:{account}:cluster:{cluster.name}"
    redshift.create_tags(ResourceName=arn, Tags=[{"Key": f"k{i:02}", "Value": "v"} for i in range(45)])
    pages = list(redshift.get_paginator("describe_tags").paginate(ResourceName=arn, PaginationConfig={"PageSize": 20}))
    assert [len(page["TaggedResources"]) for page in pages] == [20, 20, 5]
    assert len({t["Tag"]["Key"] for page in pages for t in page["TaggedResources"]}) == 45


def test_a_snapshot_that_was_cut_off_is_finished(new_name):
    with Server() as server:
        warehouse = make_warehouse(lambda service: server.client(service), new_name)
        warehouse.run("CREATE TABLE t AS SELECT * FROM generate_series(1, 200000) AS s(a)")
        server.client("redshift-serverless").create_snapshot(namespaceName=warehouse.workgroup, snapshotName="s")
        server.kill()
        server.start()
        serverless = server.client("redshift-serverless")
        assert snapshot_of(serverless, "s")["status"] == "AVAILABLE"
        again = Warehouse(server.client("redshift-data"), warehouse.workgroup)
        again.run("TRUNCATE t")
        serverless.restore_from_snapshot(namespaceName=warehouse.workgroup, workgroupName=warehouse.workgroup, snapshotName="s")
        server.kill()
        server.start()
        serverless = server.client("redshift-serverless")
        until(lambda: serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["status"] == "AVAILABLE")
        again = Warehouse(server.client("redshift-data"), warehouse.workgroup)
        assert again.rows("SELECT count(*) FROM t") == [[200000]]


def test_a_snapshot_goes_when_its_time_is_over(new_name):
    with Server(None, "--clock", "virtual") as server:
        serverless, tarn = server.client("redshift-serverless"), tarn_client(server)
        warehouse = make_warehouse(lambda service: server.client(service), new_name)
        warehouse.run("CREATE TABLE t AS SELECT 1 AS a")
        serverless.create_snapshot(namespaceName=warehouse.workgroup, snapshotName="s", retentionPeriod=2)
        assert snapshot_of(serverless, "s")["snapshotRetentionPeriod"] == 2
        folder = server.data_dir / "redshift" / "snapshots"
        assert len(list(folder.iterdir())) == 1
        tarn.set_clock(Time=tarn.get_clock()["Time"] + datetime.timedelta(days=3))
        refused("ResourceNotFoundException", serverless.get_snapshot, snapshotName="s")
        assert serverless.list_snapshots()["snapshots"] == []
        until(lambda: not list(folder.iterdir()))


def test_a_backup_of_the_server_holds_its_warehouses(new_name, tmp_path):
    """`tarn backup` is one copy of all that the server keeps: databases, snapshots and results of statements too."""

    def tarn(*arguments):
        done = subprocess.run([TARN, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    with Server() as server:
        warehouse = make_warehouse(lambda service: server.client(service), new_name)
        warehouse.run("CREATE TABLE t AS SELECT 'kept' AS a")
        statement = warehouse.run("SELECT a FROM t")["Id"]
        server.client("redshift-serverless").create_snapshot(namespaceName=warehouse.workgroup, snapshotName="s")
        snapshot_of(server.client("redshift-serverless"), "s")
        tarn("backup", tmp_path / "copy", "--data-dir", server.data_dir)
        warehouse.run("DROP TABLE t")
        tarn("restore", tmp_path / "copy", "--data-dir", tmp_path / "restored")
    with Server(tmp_path / "restored") as other:
        data, serverless = other.client("redshift-data"), other.client("redshift-serverless")
        again = Warehouse(data, warehouse.workgroup)
        assert again.rows("SELECT a FROM t") == [["kept"]]
        assert data.get_statement_result(Id=statement)["Records"] == [[{"stringValue": "kept"}]]
        again.run("DELETE FROM t")
        serverless.restore_from_snapshot(namespaceName=warehouse.workgroup, workgroupName=warehouse.workgroup, snapshotName="s")
        until(lambda: serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["status"] == "AVAILABLE")
        assert again.rows("SELECT a FROM t") == [["kept"]]
