"""A disk that is full, and files that are not as they were written: the server says so in words, never answers with other
bytes than it was given, and what it acknowledged is there."""
import os
import pathlib
import subprocess
import tempfile

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from support.server import TARN, Server

pytestmark = pytest.mark.own_server
RESERVE = 64 << 20  # store.h's reserve_bytes


def body_of(name):
    return name.encode() * (300_000 // len(name))


@pytest.fixture
def small_disk():
    """A disk of its own."""
    with tempfile.TemporaryDirectory(prefix="tarn-disk-") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", folder], capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
        yield pathlib.Path(folder)
        subprocess.run(["umount", "-l", folder], check=True)


def fill(path, leave):
    """Leaves so many bytes of the disk free."""
    disk = os.statvfs(path.parent)
    with open(path, "ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), disk.f_bavail * disk.f_frsize - leave)


def put_until_refused(s3, names, refusals):
    """What was acknowledged before five were refused."""
    there = []
    for name in names:
        try:
            s3.put_object(Bucket="full", Key=name, Body=body_of(name))
            there.append(name)
        except ClientError as error:
            refusals.append(error.response)
            if len(refusals) == 5:
                break
    return there


@pytest.mark.parametrize("brim", [False, True], ids=["reserve", "brim"])
def test_a_full_disk_refuses_writes_and_loses_none(small_disk, brim):
    """The server keeps some of the disk in reserve; at the brim others have taken that too, in the middle of the writing."""
    server = Server(small_disk / "data").start()
    try:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="full")
        there = put_until_refused(s3, ["first"], [])
        assert there
        ballast = small_disk / "ballast"
        fill(ballast, 0 if brim else RESERVE + 3_000_000)
        refusals = []
        there += put_until_refused(s3, [f"k{i}" for i in range(400)], refusals)
        assert len(refusals) == 5 and (brim or len(there) > 3), (len(there), refusals)
        for refusal in refusals:
            assert refusal["ResponseMetadata"]["HTTPStatusCode"] == 507, refusal
            assert refusal["Error"]["Code"] == "InsufficientStorage" and "full" in refusal["Error"]["Message"], refusal
        assert server.process.poll() is None, server.output[-20:]
        try:
            s3.delete_object(Bucket="full", Key=there[0])  # makes room, so it is tried
            there.pop(0)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InsufficientStorage", error.response
        for name in there:  # what was said to be there can be read although nothing can be written
            assert s3.get_object(Bucket="full", Key=name)["Body"].read() == body_of(name)

        ballast.unlink()
        there += put_until_refused(s3, ["made-room"], [])
        server.restart()
        s3 = server.client("s3")
        s3.put_object(Bucket="full", Key="after", Body=body_of("after"))
        there.append("after")
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="full")["Contents"]]
        assert sorted(keys) == sorted(there), "what was refused is not there, what was acknowledged is"
        for name in there:
            assert s3.get_object(Bucket="full", Key=name)["Body"].read() == body_of(name)
    finally:
        server.kill()


def check(folder):
    return subprocess.run([TARN, "check", "--data-dir", folder], capture_output=True, text=True, timeout=60)


def filled(folder):
    """A directory with small and large objects, in table files and in the log: a backup leaves the first behind."""
    server = Server(folder).start()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept")
    for turn in range(2):
        for i in range(200):
            s3.put_object(Bucket="kept", Key=f"{turn}-{i}", Body=body_of(f"{turn}-{i}")[:2000])
        s3.put_object(Bucket="kept", Key=f"{turn}-large", Body=body_of(f"{turn}-large"))
        if turn == 0:
            backup = [TARN, "backup", folder.with_name("backup"), "--data-dir", folder, "--endpoint", server.endpoint]
            subprocess.run(backup, check=True, capture_output=True, timeout=60)
    server.kill()  # so that the log holds something
    return server


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_a_sound_directory_is_called_sound(tmp_path):
    filled(tmp_path / "data")
    done = check(tmp_path / "data")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["*.sst", "*.log", "blob", "MANIFEST-*", "CURRENT"])
def test_a_flipped_byte_is_seen(tmp_path, kind):
    folder = tmp_path / "data"
    server = filled(folder)
    files = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and p.stat().st_size > 0]
    if kind == "blob":
        files = [p for p in files if p.stat().st_size >= 200_000 and p.suffix not in (".sst", ".log")]
    else:
        files = [p for p in files if p.match(kind) and p.name != "LOG"]
    assert files, f"no {kind} in {sorted(str(p.relative_to(folder)) for p in folder.rglob('*'))}"
    victim = max(files, key=lambda p: p.stat().st_size)
    flip(victim, victim.stat().st_size // 2)

    done = check(folder)
    assert done.returncode == 1 and (done.stdout + done.stderr).strip(), (done.returncode, done.stdout, done.stderr)
    try:
        server.endpoint = None  # so that an endpoint is a sign of this start
        server.start()
    except RuntimeError as refused:
        assert server.process.wait(20) == 1, f"it ended with {server.process.returncode}"
        assert "orrupt" in str(refused) or "checksum" in str(refused), refused
        return
    try:  # or it serves, and answers with the bytes that it was given or with an error
        s3 = server.client("s3")
        for turn in range(2):
            for name in [f"{turn}-{i}" for i in range(200)] + [f"{turn}-large"]:
                try:
                    got = s3.get_object(Bucket="kept", Key=name)["Body"].read()
                except (ClientError, HTTPClientError) as error:
                    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else "cut"
                    assert code in ("InternalError", "ServiceUnavailable", "cut"), error
                    continue
                assert got == (body_of(name) if "large" in name else body_of(name)[:2000]), f"{name} has other bytes"
        assert server.process.poll() is None
    finally:
        server.kill()


def test_a_directory_that_may_not_be_written_is_refused(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    with pytest.raises(RuntimeError, match="ermission denied"):
        Server(folder).start()
