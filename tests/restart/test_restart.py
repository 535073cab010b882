"""A server that is stopped and started again on the same directory is the same server: objects, catalog, identities, keys
and page tokens are as they were. And a directory has one server at a time."""
import contextlib
import os
import pathlib
import signal
import subprocess
import time

import pytest

from support.server import TARN, Server

pytestmark = pytest.mark.own_server


def engine_seconds(server):
    """Processor time of the server's SQL engines so far."""
    ticks = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            name, _, rest = stat.read_text().rpartition(")")
            fields = rest.split()
            if name.endswith("(tarn-engine") and int(fields[1]) == server.process.pid:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path / "data").start()
    yield server
    if server.process.poll() is None:
        server.kill()


def test_what_was_there_is_there_after_a_restart(own):
    s3, iam, glue = own.client("s3"), own.client("iam"), own.client("glue")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="small", Body=b"abc", Metadata={"a": "b"})
    s3.put_object(Bucket="kept", Key="large", Body=b"x" * 3_000_000)
    for i in range(5):
        s3.put_object(Bucket="kept", Key=f"page/{i}", Body=b"")
    token = s3.list_objects_v2(Bucket="kept", Prefix="page/", MaxKeys=2)["NextContinuationToken"]
    iam.create_user(UserName="kept")
    key = iam.create_access_key(UserName="kept")["AccessKey"]
    glue.create_database(DatabaseInput={"Name": "kept"})
    account = own.account

    assert own.stop() == 0
    own.start()

    assert own.account == account
    s3, iam, glue = own.client("s3"), own.client("iam"), own.client("glue")
    assert s3.get_object(Bucket="kept", Key="small")["Body"].read() == b"abc"
    assert s3.head_object(Bucket="kept", Key="small")["Metadata"] == {"a": "b"}
    assert s3.get_object(Bucket="kept", Key="large")["Body"].read() == b"x" * 3_000_000
    rest = s3.list_objects_v2(Bucket="kept", Prefix="page/", ContinuationToken=token)
    assert [o["Key"] for o in rest["Contents"]] == ["page/2", "page/3", "page/4"]
    assert own.client("sts", credentials=key).get_caller_identity()["Arn"].endswith("user/kept")
    assert glue.get_database(Name="kept")["Database"]["Name"] == "kept"


def test_a_session_token_is_good_after_a_restart(own):
    credentials = None
    iam = own.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    credentials = own.client("sts", credentials=key).get_session_token()["Credentials"]
    own.restart()
    assert own.client("sts", credentials=credentials).get_caller_identity()["Arn"].endswith("user/u")


def test_a_second_server_on_the_same_directory_is_refused(own):
    second = subprocess.run([TARN, "serve", "--listen", "127.0.0.1:0", "--data-dir", own.data_dir], capture_output=True, text=True,
                            timeout=20)
    assert second.returncode != 0
    assert f"pid {own.process.pid}" in second.stderr and str(own.data_dir) in second.stderr


def test_a_taken_port_is_said(own, tmp_path):
    second = subprocess.run([TARN, "serve", "--listen", own.endpoint.removeprefix("http://"), "--data-dir", tmp_path / "other"],
                            capture_output=True, text=True, timeout=20)
    assert second.returncode != 0
    assert own.endpoint.rsplit(":", 1)[1] in second.stderr


def test_a_workgroup_names_no_place_where_its_wire_is_not(own, tmp_path):
    """Another server may have the port: who was sent there would hand it a password."""
    other = Server(tmp_path / "other", "--redshift-listen", f"127.0.0.1:{own.redshift_port}").start()
    try:
        assert any("wire is off" in line and "--redshift-listen" in line for line in other.output)
        serverless, redshift = other.client("redshift-serverless"), other.client("redshift")
        serverless.create_namespace(namespaceName="quiet")
        made = serverless.create_workgroup(workgroupName="quiet", namespaceName="quiet")["workgroup"]
        assert made["port"] == 5439 and made["endpoint"] == {}
        cluster = redshift.create_cluster(ClusterIdentifier="quiet", NodeType="ra3.large", MasterUsername="admin",
                                          MasterUserPassword="Passw0rd")["Cluster"]  # fmt: skip
        assert not cluster.get("Endpoint")
    finally:
        other.stop()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only directories")
def test_a_read_only_directory_is_said(tmp_path):
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    refused = subprocess.run([TARN, "serve", "--listen", "127.0.0.1:0", "--data-dir", folder / "data"], capture_output=True, text=True,
                             timeout=20)
    assert refused.returncode != 0 and str(folder) in refused.stderr


def test_sigterm_ends_cleanly_and_requests_under_way_are_answered(own):
    own.process.send_signal(signal.SIGTERM)
    assert own.process.wait(20) == 0


def test_several_accounts_have_their_own_keys_and_cannot_see_each_other(tmp_path):
    server = Server(tmp_path / "data", "--account", "321942852011", "--root-key", "AKIAEXAMPLEEXAMPLE1:secret-of-the-first",
                    "--account", "612489222122").start()
    try:
        first = server.client("sts", credentials={"AccessKeyId": "AKIAEXAMPLEEXAMPLE1", "SecretAccessKey": "secret-of-the-first"})
        assert first.get_caller_identity()["Account"] == "321942852011"
        assert server.client("sts", account="612489222122").get_caller_identity()["Account"] == "612489222122"
        server.client("iam", account="612489222122").create_user(UserName="other")
        users = server.client("iam", account="321942852011").list_users()["Users"]
        assert users == []
        printed = subprocess.run([TARN, "env", "--data-dir", server.data_dir, "--account", "612489222122"], capture_output=True,
                                 text=True, check=True).stdout
        entry = next(a for a in server.accounts() if a["account"] == "612489222122")
        assert entry["access_key_id"] in printed and server.endpoint in printed
    finally:
        server.stop()


def test_the_root_key_file_is_for_its_owner_only(own):
    assert (own.data_dir / "accounts.json").stat().st_mode & 0o777 == 0o600


def test_env_makes_a_shell_use_the_server(own):
    script = f'eval "$({TARN} env --data-dir {own.data_dir})"; echo "$AWS_ENDPOINT_URL $AWS_DISABLE_HOST_PREFIX_INJECTION"'
    printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.split() == [own.endpoint, "true"]


def test_backup_check_and_restore(own, tmp_path):
    """A backup of the running server, restored elsewhere, is a directory that checks clean and serves the same."""
    s3 = own.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="large", Body=b"y" * 2_000_000)

    def tarn(*arguments):
        return subprocess.run([TARN, *arguments], capture_output=True, text=True, timeout=60)

    done = tarn("backup", tmp_path / "copy", "--data-dir", own.data_dir)
    assert done.returncode == 0, done.stderr
    s3.delete_object(Bucket="kept", Key="large")
    assert "DirectoryExists" in tarn("backup", tmp_path / "copy", "--data-dir", own.data_dir).stderr
    done = tarn("restore", tmp_path / "copy", "--data-dir", tmp_path / "restored")
    assert done.returncode == 0, done.stderr
    done = tarn("check", "--data-dir", tmp_path / "restored")
    assert done.returncode == 0, done.stdout + done.stderr
    with Server(tmp_path / "restored") as other:
        assert other.client("s3").get_object(Bucket="kept", Key="large")["Body"].read() == b"y" * 2_000_000


def test_check_finds_a_damaged_object_and_a_read_of_it_is_an_error(own):
    s3 = own.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="large", Body=b"z" * 3_000_000)
    own.stop()
    blobs = [p for p in (own.data_dir / "blobs").rglob("*") if p.is_file() and p.stat().st_size >= 3_000_000]
    assert len(blobs) == 1
    with open(blobs[0], "r+b") as file:
        file.seek(1_500_000)
        file.write(b"?")
    done = subprocess.run([TARN, "check", "--data-dir", own.data_dir], capture_output=True, text=True)
    assert done.returncode != 0 and blobs[0].name in done.stdout
    own.start()
    with pytest.raises(Exception):
        own.client("s3").get_object(Bucket="kept", Key="large")["Body"].read()
    assert own.client("s3").list_objects_v2(Bucket="kept")["KeyCount"] == 1


def test_the_virtual_clock_moves_only_when_told_and_never_back(tmp_path):
    def tarn(*arguments):
        return subprocess.run([TARN, *arguments, "--data-dir", tmp_path / "data"], capture_output=True, text=True, timeout=60)

    with Server(tmp_path / "data", "--clock", "virtual") as server:
        assert tarn("clock", "set", "2999-01-01T00:00:00Z").stdout.strip() == "2999-01-01T00:00:00Z"
        assert tarn("clock", "advance", "30d").stdout.strip() == "2999-01-31T00:00:00Z"
        assert tarn("clock", "show").stdout.strip() == "2999-01-31T00:00:00Z"
        back = tarn("clock", "set", "2998-01-01T00:00:00Z")
        assert back.returncode != 0 and "InvalidTime" in back.stderr
        server.client("s3").create_bucket(Bucket="dated")
        assert server.client("s3").list_buckets()["Buckets"][0]["CreationDate"].year == 2999
        server.restart()
        assert tarn("clock", "show").stdout.strip() == "2999-01-31T00:00:00Z"


def test_the_systems_clock_cannot_be_moved(own):
    done = subprocess.run([TARN, "clock", "advance", "1d", "--data-dir", own.data_dir], capture_output=True, text=True)
    assert done.returncode != 0 and "--clock virtual" in done.stderr


def test_a_server_stops_although_a_statement_does_not_listen(own):
    """One call of a function on one row looks at nothing until it is done: its engine is ended some seconds after it was told."""
    athena, s3 = own.client("athena"), own.client("s3")
    s3.create_bucket(Bucket="results")
    deaf = "SELECT levenshtein_distance(rpad('', 400000, 'ab'), rpad('', 400000, 'ba'))"
    query = athena.start_query_execution(QueryString=deaf, ResultConfiguration={"OutputLocation": "s3://results/"})["QueryExecutionId"]
    until = time.monotonic() + 60
    while engine_seconds(own) < 0.5:  # of computing: it is under way
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        assert status["State"] in ("QUEUED", "RUNNING") and time.monotonic() < until, status
    assert own.stop() == 0


def test_a_statement_that_eats_memory_ends_with_its_engine(own):
    """What functions allocate is in nobody's account but the process': a machine without memory would stand still."""
    athena, s3 = own.client("athena"), own.client("s3")
    s3.create_bucket(Bucket="results")

    def status_of(sql):
        query = athena.start_query_execution(QueryString=sql, ResultConfiguration={"OutputLocation": "s3://results/"})["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] in ("SUCCEEDED", "FAILED"):
                return status

    greedy = status_of("SELECT cardinality(transform(sequence(1, 9000), x -> split(rpad('', 100000, ','), ',')))")
    assert greedy["State"] == "FAILED" and "took more memory than it may" in greedy["StateChangeReason"]
    assert status_of("SELECT 1")["State"] == "SUCCEEDED"
