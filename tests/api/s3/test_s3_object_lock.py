"""Object Lock: what is retained or held can be deleted by nobody, or only by whoever may bypass governance; seen on a clock that is
moved. Codes and words were recorded from AWS."""
import datetime
import json

import pytest

from support.models import tarn_client

DAY = datetime.timedelta(days=1)
MISSING = "Bucket is missing Object Lock Configuration"


@pytest.fixture
def s3(virtual):
    return virtual.client("s3")


@pytest.fixture
def tarn(virtual):
    return tarn_client(virtual)


@pytest.fixture
def now(tarn):
    return tarn.get_clock()["Time"].replace(microsecond=0)


@pytest.fixture
def locking(s3, new_name):
    name = new_name("locking")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def plain(s3, new_name):
    name = new_name("plain")
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def limited(virtual, new_name, allow):
    """limited(actions) -> a client of a user with these rights alone."""

    def make(actions):
        iam, name = virtual.client("iam"), new_name("user")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(allow(actions)))
        return virtual.client("s3", credentials=iam.create_access_key(UserName=name)["AccessKey"])

    return make


def test_a_buckets_configuration(s3, locking, plain, refused):
    assert s3.get_bucket_versioning(Bucket=locking)["Status"] == "Enabled"
    enabled = {"ObjectLockEnabled": "Enabled"}
    assert s3.get_object_lock_configuration(Bucket=locking)["ObjectLockConfiguration"] == enabled
    for period in ({"Days": 1}, {"Years": 2}):
        given = {**enabled, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **period}}}
        s3.put_object_lock_configuration(Bucket=locking, ObjectLockConfiguration=given)
        assert s3.get_object_lock_configuration(Bucket=locking)["ObjectLockConfiguration"] == given
    with refused("InvalidBucketState", 409) as error:
        s3.put_bucket_versioning(Bucket=locking, VersioningConfiguration={"Status": "Suspended"})
    assert "the versioning state cannot be changed" in error.response["Error"]["Message"]
    s3.put_bucket_versioning(Bucket=locking, VersioningConfiguration={"Status": "Enabled"})
    with refused("InvalidBucketState", 409):
        s3.put_object_lock_configuration(Bucket=plain, ObjectLockConfiguration=enabled)
    s3.put_bucket_versioning(Bucket=plain, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(Bucket=plain, ObjectLockConfiguration=enabled)
    assert s3.get_object_lock_configuration(Bucket=plain)["ObjectLockConfiguration"] == enabled


@pytest.mark.parametrize("given, code", [
    ({}, "MalformedXML"),
    ({"ObjectLockEnabled": "Yes"}, "MalformedXML"),
    ({"ObjectLockEnabled": "Enabled", "Rule": {}}, "MalformedXML"),
    ({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {}}}, "MalformedXML"),
    ({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE"}}}, "MalformedXML"),
    ({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "governance", "Days": 1}}}, "MalformedXML"),
    ({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}}}, "MalformedXML"),
    ({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 0}}}, "InvalidArgument"),
    ({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 101}}}, "InvalidArgument"),
])
def test_configurations_that_are_none(s3, locking, refused, given, code):
    with refused(code, 400):
        s3.put_object_lock_configuration(Bucket=locking, ObjectLockConfiguration=given)


def test_headers_that_are_none(s3, locking, plain, now, refused):
    for parameters, message in (
            ({"ObjectLockMode": "GOVERNANCE"}, "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"),
            ({"ObjectLockRetainUntilDate": now + DAY},
             "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"),
            ({"ObjectLockMode": "x", "ObjectLockRetainUntilDate": now + DAY}, "Unknown wormMode directive."),
            ({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": now - DAY}, "The retain until date must be in the future!"),
            ({"ObjectLockLegalHoldStatus": "x"}, "Legal Hold must be either of 'ON' or 'OFF'")):
        for call in (s3.put_object, s3.create_multipart_upload):
            with refused("InvalidArgument", 400) as error:
                call(Bucket=locking, Key="k", **parameters)
            assert error.response["Error"]["Message"] == message
    for parameters in ({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": now + DAY}, {"ObjectLockLegalHoldStatus": "ON"}):
        with refused("InvalidRequest", 400) as error:
            s3.put_object(Bucket=plain, Key="k", **parameters)
        assert error.response["Error"]["Message"] == MISSING


def test_retained_for_a_time(s3, tarn, locking, now, refused):
    made = s3.put_object(Bucket=locking, Key="k", Body=b"1", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=now + DAY)
    version = {"Bucket": locking, "Key": "k", "VersionId": made["VersionId"]}
    for told in (s3.head_object(**version), s3.get_object(**version)):
        assert (told["ObjectLockMode"], told["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", now + DAY)
        assert "ObjectLockLegalHoldStatus" not in told
    assert s3.get_object_retention(**version)["Retention"] == {"Mode": "COMPLIANCE", "RetainUntilDate": now + DAY}
    for bypass in (False, True):
        with refused("AccessDenied", 403) as error:
            s3.delete_object(**version, BypassGovernanceRetention=bypass)
        assert error.response["Error"]["Message"] == "Access Denied because object protected by object lock."
    errors = s3.delete_objects(Bucket=locking, Delete={"Objects": [{"Key": "k", "VersionId": made["VersionId"]}]},
                               BypassGovernanceRetention=True)["Errors"]
    assert [(e["Code"], e["VersionId"]) for e in errors] == [("AccessDenied", made["VersionId"])]
    shorter, weaker = {"Mode": "COMPLIANCE", "RetainUntilDate": now + DAY / 2}, {"Mode": "GOVERNANCE", "RetainUntilDate": now + 2 * DAY}
    for retention in (shorter, weaker, {}):
        with refused("AccessDenied", 403):
            s3.put_object_retention(**version, Retention=retention, BypassGovernanceRetention=True)
    s3.put_object_retention(**version, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": now + 2 * DAY})
    marker = s3.delete_object(Bucket=locking, Key="k")  # hides it, and takes nothing away
    assert marker["DeleteMarker"]
    for call in (s3.get_object_retention, s3.get_object_legal_hold):
        with refused("MethodNotAllowed", 405):
            call(Bucket=locking, Key="k", VersionId=marker["VersionId"])
    tarn.advance_clock(Seconds=int(DAY.total_seconds() * 1.5))
    with refused("AccessDenied", 403):
        s3.delete_object(**version)
    tarn.advance_clock(Seconds=int(DAY.total_seconds()))
    s3.delete_object(**version)
    with refused("NoSuchVersion", 404):
        s3.get_object(**version)


def test_governance_may_be_bypassed_by_those_who_may(s3, locking, now, limited, refused):
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": now + 3 * DAY}
    made = s3.put_object(Bucket=locking, Key="k", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=now + 2 * DAY)
    version = {"Bucket": locking, "Key": "k", "VersionId": made["VersionId"]}
    s3.put_object_retention(**version, Retention=retention)
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": now + DAY}
    harder = {"Mode": "COMPLIANCE", "RetainUntilDate": now + 4 * DAY}
    for changed in (shorter, harder, {}):
        with refused("AccessDenied", 403):
            s3.put_object_retention(**version, Retention=changed)
    deleter = limited(["s3:DeleteObjectVersion", "s3:PutObjectRetention"])
    with refused("AccessDenied", 403) as error:
        deleter.delete_object(**version, BypassGovernanceRetention=True)
    assert "s3:BypassGovernanceRetention" in error.response["Error"]["Message"]
    with refused("AccessDenied", 403):
        deleter.put_object_retention(**version, Retention=shorter, BypassGovernanceRetention=True)
    s3.put_object_retention(**version, Retention=shorter, BypassGovernanceRetention=True)
    assert s3.get_object_retention(**version)["Retention"] == shorter
    with refused("AccessDenied", 403):
        s3.delete_object(**version)
    limited(["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]).delete_object(**version, BypassGovernanceRetention=True)
    # What is not locked needs no right to bypass.
    other = s3.put_object(Bucket=locking, Key="k")["VersionId"]
    deleter.delete_object(Bucket=locking, Key="k", VersionId=other, BypassGovernanceRetention=True)


def test_held_until_the_hold_is_lifted(s3, locking, refused):
    made = s3.put_object(Bucket=locking, Key="k")
    version = {"Bucket": locking, "Key": "k", "VersionId": made["VersionId"]}
    for call in (s3.get_object_legal_hold, s3.get_object_retention):
        with refused("NoSuchObjectLockConfiguration", 404) as error:
            call(**version)
        assert error.response["Error"]["Message"] == "The specified object does not have a ObjectLock configuration"
    s3.put_object_legal_hold(**version, LegalHold={"Status": "ON"})
    assert s3.head_object(**version)["ObjectLockLegalHoldStatus"] == "ON"
    with refused("AccessDenied", 403):
        s3.delete_object(**version, BypassGovernanceRetention=True)
    for hold in ({}, {"Status": "on"}):
        with refused("MalformedXML", 400):
            s3.put_object_legal_hold(**version, LegalHold=hold)
    s3.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    assert s3.get_object_legal_hold(**version)["LegalHold"] == {"Status": "OFF"}
    assert s3.head_object(**version)["ObjectLockLegalHoldStatus"] == "OFF"
    s3.delete_object(**version)


def test_where_there_is_nothing_to_lock(s3, locking, plain, now, refused):
    s3.put_object(Bucket=plain, Key="k")
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": now + DAY}
    for call, more in ((s3.put_object_retention, {"Retention": retention}), (s3.get_object_retention, {}),
                       (s3.put_object_legal_hold, {"LegalHold": {"Status": "ON"}}), (s3.get_object_legal_hold, {})):
        with refused("InvalidRequest", 400) as error:
            call(Bucket=plain, Key="k", **more)
        assert error.response["Error"]["Message"] == MISSING
        with refused("NoSuchKey", 404):
            call(Bucket=locking, Key="none", **more)
    s3.put_object(Bucket=locking, Key="k")
    with refused("MalformedXML", 400):
        s3.put_object_retention(Bucket=locking, Key="k", Retention={"Mode": "GOVERNANCE"})
    with refused("InvalidArgument", 400):
        s3.put_object_retention(Bucket=locking, Key="k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": now - DAY})
    for call, more in ((s3.delete_object, {"Key": "k"}), (s3.delete_objects, {"Delete": {"Objects": [{"Key": "k"}]}})):
        with refused("InvalidArgument", 400) as error:
            call(Bucket=plain, BypassGovernanceRetention=False, **more)
        assert error.response["Error"]["Message"].endswith("is only applicable to Object Lock enabled buckets.")


def test_the_default_and_what_is_copied_or_uploaded(s3, locking, plain, now):
    s3.put_object(Bucket=locking, Key="source", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=now + DAY,
                  ObjectLockLegalHoldStatus="ON")
    s3.copy_object(Bucket=locking, Key="copy", CopySource=f"{locking}/source")
    copied = s3.head_object(Bucket=locking, Key="copy")
    assert not [name for name in copied if name.startswith("ObjectLock")]
    s3.copy_object(Bucket=plain, Key="copy", CopySource=f"{locking}/source")
    s3.put_object_lock_configuration(Bucket=locking, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 3}}})
    before = now
    s3.put_object(Bucket=locking, Key="k")
    s3.copy_object(Bucket=locking, Key="copy", CopySource=f"{locking}/source")
    upload = s3.create_multipart_upload(Bucket=locking, Key="parts")["UploadId"]
    etag = s3.upload_part(Bucket=locking, Key="parts", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(Bucket=locking, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    for key in ("k", "copy", "parts"):
        told = s3.head_object(Bucket=locking, Key=key)
        assert told["ObjectLockMode"] == "COMPLIANCE" and before + 3 * DAY <= told["ObjectLockRetainUntilDate"] <= now + 4 * DAY
    s3.put_object(Bucket=locking, Key="own", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=now + DAY)
    assert s3.head_object(Bucket=locking, Key="own")["ObjectLockMode"] == "GOVERNANCE"


def test_lifecycle_rules_leave_it(s3, tarn, locking, now):
    versions = [s3.put_object(Bucket=locking, Key="k", Body=str(i).encode())["VersionId"] for i in range(3)]
    s3.put_object_legal_hold(Bucket=locking, Key="k", VersionId=versions[0], LegalHold={"Status": "ON"})
    s3.put_bucket_lifecycle_configuration(Bucket=locking, LifecycleConfiguration={"Rules": [
        {"ID": "old", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]})
    tarn.advance_clock(Seconds=int(4 * DAY.total_seconds()))
    left = {v["VersionId"] for v in s3.list_object_versions(Bucket=locking)["Versions"]}
    assert left == {versions[0], versions[2]}


def test_rights_on_writes(s3, locking, now, limited, refused):
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": now + DAY, "ObjectLockLegalHoldStatus": "OFF"}
    writer = limited(["s3:PutObject"])
    writer.put_object(Bucket=locking, Key="k")
    for missing in ("s3:PutObjectRetention", "s3:PutObjectLegalHold"):
        others = {"s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"} - {missing}
        with refused("AccessDenied", 403) as error:
            limited(sorted(others)).put_object(Bucket=locking, Key="k", **lock)
        assert missing in error.response["Error"]["Message"]
    limited(["s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]).put_object(Bucket=locking, Key="k", **lock)
