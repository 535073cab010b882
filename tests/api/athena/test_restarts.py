"""What a query was before the server stopped or was killed: what succeeded keeps its result, what was open has failed and left
nothing."""
import pytest

from support.athena import Workgroup
from support.server import Server

pytestmark = pytest.mark.own_server


@pytest.fixture
def own():
    with Server() as server:
        yield server


def workgroup_of(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="results")
    return Workgroup(server.client("athena"), "primary", "results")


SLOW = ("SELECT count(*) FROM UNNEST(sequence(1, 9000)) a (x), UNNEST(sequence(1, 9000)) b (y), "
        "UNNEST(sequence(1, 9000)) c (z) WHERE x * y = z + 1")


def test_after_a_kill(own):
    workgroup = workgroup_of(own)
    done = workgroup.run("SELECT 1 AS one")
    slow = workgroup.start(SLOW)
    own.kill()
    own.start()
    status = workgroup.wait(slow)["Status"]
    assert status["State"] == "FAILED" and "the server stopped" in status["StateChangeReason"]
    assert status["AthenaError"]["Retryable"] is True
    keys = [o["Key"] for o in own.client("s3").list_objects_v2(Bucket="results").get("Contents", [])]
    assert not [key for key in keys if slow in key]
    rows = workgroup.athena.get_query_results(QueryExecutionId=done["QueryExecutionId"])["ResultSet"]["Rows"]
    assert [row["Data"] for row in rows] == [[{"VarCharValue": "one"}], [{"VarCharValue": "1"}]]
    assert workgroup.rows("SELECT 2") == [["2"]]


def test_after_a_stop(own):
    workgroup = workgroup_of(own)
    slow = workgroup.start(SLOW)
    own.restart()
    assert workgroup.wait(slow)["Status"]["State"] == "FAILED"
    assert workgroup.rows("SELECT 2") == [["2"]]
