"""Tarn's own operations over the wire: the clock as it is told, what cannot be moved, backups that are refused, and audit
records, which no principal sees but those of its own account."""
import datetime

import pytest
from botocore.exceptions import ClientError

from support.models import tarn_client


@pytest.fixture
def tarn(server):
    return tarn_client(server)


def code(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_get_clock_tells_the_systems_time(tarn):
    state = tarn.get_clock()
    assert state["Virtual"] is False
    assert abs((datetime.datetime.now(datetime.timezone.utc) - state["Time"]).total_seconds()) < 60


def test_advance_clock_and_set_clock_need_a_virtual_clock(tarn):
    assert code(tarn.advance_clock, Seconds=1)[0] == "ClockNotVirtual"
    refused, text = code(tarn.set_clock, Time="2999-01-01T00:00:00Z")
    assert refused == "ClockNotVirtual" and "--clock virtual" in text


def test_backup_wants_an_absolute_path_that_is_not_there(tarn, tmp_path):
    assert code(tarn.backup, Directory="relative")[0] == "InvalidDirectory"
    (tmp_path / "something").write_text("")
    assert code(tarn.backup, Directory=str(tmp_path))[0] == "DirectoryExists"


def test_list_audit_records_tells_who_did_what_and_what_decided(server, client, tarn, bucket, user, allow):
    reader = user(allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    s3 = server.client("s3", credentials=reader)
    done = s3.list_objects_v2(Bucket=bucket)["ResponseMetadata"]["RequestId"]
    with pytest.raises(ClientError):
        s3.put_object(Bucket=bucket, Key="k", Body=b"")
    arn = f"arn:aws:iam::{server.account}:user/{reader['UserName']}"

    records = tarn.list_audit_records(PrincipalArn=arn)["Records"]
    by_operation = {r["Operation"]: r for r in records}
    listed, put = by_operation["ListObjectsV2"], by_operation["PutObject"]
    assert listed["RequestId"] == done and listed["Allowed"] and listed["ReadOnly"]
    assert listed["Actions"] == ["s3:ListBucket"] and "/inline statement #0" in listed["DecidedBy"]
    assert bucket in listed["Parameters"] and listed["SourceIp"] == "127.0.0.1"
    assert not put["Allowed"] and put["ErrorCode"] == "AccessDenied" and "s3:PutObject" in put["ErrorMessage"]


def test_an_audit_record_hides_what_is_secret(client, tarn, new_name):
    name = new_name("ns").lower()
    answer = client("redshift-serverless").create_namespace(
        namespaceName=name, adminUsername="admin", adminUserPassword="Very-Secret-1")
    record = tarn.list_audit_records(RequestId=answer["ResponseMetadata"]["RequestId"])["Records"][0]
    assert name in record["Parameters"] and "Very-Secret-1" not in record["Parameters"]
