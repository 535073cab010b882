"""Why: people come with the clients they have: the AWS CLI, pandas with pyarrow's own S3 client or with s3fs, boto3 of two years ago. Each
runs as it is installed, in its own environment and process, knowing nothing but the variables that `tarn env` prints."""
import json
import os
import pathlib
import random
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("TARN_DEPS", ROOT / ".deps"))
TARN = pathlib.Path(os.environ.get("TARN_BINARY", ROOT / "build" / "tarn"))


@pytest.fixture(scope="session")
def variables(server):
    """What `eval "$(tarn env)"` sets, and nothing of this process's own AWS settings."""
    text = subprocess.run([str(TARN), "env", "--data-dir", str(server.data_dir), "--endpoint", server.endpoint], check=True,
                          capture_output=True, text=True).stdout
    found = dict(re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE))
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
    return {**kept, **nowhere, **{k: v.strip("'\"") for k, v in found.items()}}


@pytest.fixture
def python(variables, tmp_path):
    """python("s3fs", script, *arguments) -> what the script printed, run by that environment's interpreter."""

    def run(environment, script, *arguments):
        interpreter = DEPS / environment / "bin" / "python"
        if not interpreter.exists():
            pytest.skip(f"the environment {interpreter.parent.parent} is not installed: run tools/setup.sh")
        done = subprocess.run([str(interpreter), "-c", script, *arguments], env=variables, cwd=tmp_path, capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture
def aws(variables, tmp_path):
    """aws("s3", "ls", ...) -> its output; status: the exit status that is expected."""
    program = DEPS / "awscli" / "bin" / "aws"
    if not program.exists():
        pytest.skip(f"the AWS CLI is not installed at {program}: run tools/setup.sh")

    def run(*arguments, status=0):
        done = subprocess.run([str(program), *arguments], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


FRAME = """
import pandas
frame = pandas.DataFrame({"species": ["Puma concolor", "Lynx rufus", None], "count": [1, 2, 3], "where": [1.5, -2.25, None]})
"""


def test_pandas_over_pyarrow(python, bucket, client):
    """pandas without s3fs reads and writes s3:// by Arrow's C++ client."""
    out = python("python", FRAME + """
import sys, pyarrow.dataset, pyarrow.fs, pyarrow.parquet
uri = sys.argv[1]
frame.to_parquet(uri + "/one.parquet")
assert pandas.read_parquet(uri + "/one.parquet").equals(frame)
assert pandas.read_parquet(uri + "/one.parquet", columns=["count"])["count"].tolist() == [1, 2, 3]
pyarrow.parquet.write_to_dataset(pyarrow.Table.from_pandas(frame[:2]), uri + "/parts", partition_cols=["species"])
back = pandas.read_parquet(uri + "/parts").sort_values("count")
assert back["species"].tolist() == ["Puma concolor", "Lynx rufus"], back
s3, path = pyarrow.fs.FileSystem.from_uri(uri)
names = [i.path for i in s3.get_file_info(pyarrow.fs.FileSelector(path, recursive=True)) if i.is_file]
big = bytes(range(256)) * 50_000
with s3.open_output_stream(path + "/big") as f:
    f.write(big)
with s3.open_input_file(path + "/big") as f:
    assert f.size() == len(big)
    assert f.read_at(10, 5_000_000) == big[5_000_000:5_000_010]
    assert f.read() == big
s3.copy_file(path + "/big", path + "/copy")
s3.delete_file(path + "/big")
s3.delete_dir(path + "/parts")
print(len(names), s3.get_file_info(path + "/big").type.name)
""", f"s3://{bucket}/arrow")
    assert out.split() == ["3", "NotFound"]
    keys = {o["Key"] for o in client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
    assert {"arrow/one.parquet", "arrow/copy"} <= keys and not any(k.startswith("arrow/parts/species") for k in keys)


def test_pandas_over_s3fs(python, bucket, client):
    python("s3fs", FRAME + """
import sys, s3fs
uri = sys.argv[1]
frame.to_parquet(uri + "/one.parquet", storage_options={"anon": False})
assert pandas.read_parquet(uri + "/one.parquet", storage_options={"anon": False}).equals(frame)
frame.to_csv(uri + "/one.csv", index=False)
assert pandas.read_csv(uri + "/one.csv")["count"].tolist() == [1, 2, 3]
fs = s3fs.S3FileSystem()
root = uri.removeprefix("s3://")
assert sorted(fs.ls(root)) == [root + "/one.csv", root + "/one.parquet"]
big = bytes(range(256)) * 50_000
with fs.open(root + "/big", "wb", block_size=5 << 20) as f:
    f.write(big)
assert fs.info(root + "/big")["size"] == len(big)
with fs.open(root + "/big", "rb") as f:
    f.seek(7_000_000)
    assert f.read(5) == big[7_000_000:7_000_005]
fs.copy(root + "/big", root + "/copy")
fs.mv(root + "/copy", root + "/moved")
assert fs.cat(root + "/moved") == big
assert fs.glob(root + "/*.parquet") == [root + "/one.parquet"]
fs.setxattr(root + "/one.csv", note="kept")
assert fs.metadata(root + "/one.csv")["note"] == "kept"
assert not fs.exists(root + "/none")
assert fs.du(root) > 2 * len(big)
fs.rm(root + "/big")
fs.rm(root, recursive=True)
assert not fs.exists(root)
fs.mkdir(sys.argv[2])
fs.rmdir(sys.argv[2])
""", f"s3://{bucket}/fs", f"{bucket}-made-by-s3fs")
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


def test_boto3_of_two_years_ago(python, bucket, client):
    """boto3 1.34 sends no checksums unasked and signs its bodies as they are."""
    out = python("boto3-1.34", """
import sys, io, boto3, botocore
assert boto3.__version__.startswith("1.34."), boto3.__version__
name = sys.argv[1]
s3 = boto3.client("s3")
s3.put_object(Bucket=name, Key="k", Body=b"old", Metadata={"a": "b"})
answer = s3.get_object(Bucket=name, Key="k")
assert (answer["Body"].read(), answer["Metadata"]) == (b"old", {"a": "b"})
s3.put_object(Bucket=name, Key="sha", Body=b"x" * 100_000, ChecksumAlgorithm="SHA256")
big = bytes(range(256)) * 70_000
s3.upload_fileobj(io.BytesIO(big), name, "big")
into = io.BytesIO()
s3.download_fileobj(name, "big", into)
assert into.getvalue() == big
assert [o["Key"] for o in s3.list_objects_v2(Bucket=name)["Contents"]] == ["big", "k", "sha"]
s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "k"}]})
bucket = boto3.resource("s3").Bucket(name)
bucket.put_object(Key="r/1", Body=b"1")
bucket.Object("r/2").copy_from(CopySource={"Bucket": name, "Key": "r/1"})
print(sorted(o.key for o in bucket.objects.filter(Prefix="r/")), bucket.Object("r/2").get()["Body"].read())
bucket.objects.all().delete()
""", bucket)
    assert out.strip() == "['r/1', 'r/2'] b'1'"
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


def test_todays_boto3_resource(python, bucket):
    out = python("python", """
import sys, boto3
bucket = boto3.resource("s3").Bucket(sys.argv[1])
for i in range(3):
    bucket.put_object(Key=f"d/{i}", Body=str(i).encode())
summary = next(iter(bucket.objects.filter(Prefix="d/1")))
print(summary.key, summary.size, summary.get()["Body"].read().decode(), bucket.Object("d/1").content_type, bucket.creation_date is not None)
bucket.object_versions.delete()
print(list(bucket.objects.all()))
""", bucket)
    assert out.split("\n")[:2] == ["d/1 1 1 binary/octet-stream True", "[]"]


def test_aws_cli(aws, bucket, tmp_path, client):
    source = tmp_path / "source"
    (source / "sub dir").mkdir(parents=True)
    (source / "a.txt").write_text("a")
    (source / "sub dir" / "b+c.csv").write_text("1,2\n")
    (source / "big.bin").write_bytes(random.Random(1).randbytes(9 << 20))
    aws("s3", "cp", str(source / "a.txt"), f"s3://{bucket}/a.txt")
    assert re.search(r" 1 a\.txt$", aws("s3", "ls", f"s3://{bucket}/"), re.MULTILINE)
    out = aws("s3", "sync", str(source), f"s3://{bucket}/tree")
    assert out.count("upload:") == 3
    assert "upload:" not in aws("s3", "sync", str(source), f"s3://{bucket}/tree")  # nothing has changed
    assert "PRE sub dir/" in aws("s3", "ls", f"s3://{bucket}/tree/")
    aws("s3", "sync", f"s3://{bucket}/tree", str(tmp_path / "back"))
    assert (tmp_path / "back" / "big.bin").read_bytes() == (source / "big.bin").read_bytes()
    assert (tmp_path / "back" / "sub dir" / "b+c.csv").read_text() == "1,2\n"
    aws("s3", "cp", f"s3://{bucket}/tree/big.bin", f"s3://{bucket}/copied.bin")
    aws("s3", "mv", f"s3://{bucket}/a.txt", f"s3://{bucket}/moved.txt")
    assert aws("s3", "cp", f"s3://{bucket}/moved.txt", "-") == "a"
    assert aws("s3", "rm", f"s3://{bucket}/tree", "--recursive").count("delete:") == 3
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "copied.bin"))
    assert head["ContentLength"] == 9 << 20
    keys = json.loads(aws("s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents[].Key"))
    assert keys == ["copied.bin", "moved.txt"]
    assert "NoSuchKey" in aws("s3api", "get-object", "--bucket", bucket, "--key", "none", "x", status=255)
    made = f"{bucket}-by-cli"
    aws("s3", "mb", f"s3://{made}")
    assert made in aws("s3", "ls")
    aws("s3", "rb", f"s3://{made}")
    aws("s3", "rb", f"s3://{bucket}", "--force")


@pytest.mark.parametrize("settings", ["", "s3 =\n  signature_version = s3v4\n"], ids=["default", "v4"])
def test_aws_cli_presigned(settings, aws, bucket, client, tmp_path, variables, monkeypatch):
    import urllib.request
    client("s3").put_object(Bucket=bucket, Key="k", Body=b"signed")
    config = tmp_path / "config"
    config.write_text("[default]\n" + settings)
    monkeypatch.setitem(variables, "AWS_CONFIG_FILE", str(config))
    url = aws("s3", "presign", f"s3://{bucket}/k", "--region", "us-east-1").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"signed"


def test_boto3_that_speaks_the_query_protocol(python, new_name):
    """Before botocore 1.31.81 SQS was called by forms and answered in XML. (That boto3 knows no AWS_ENDPOINT_URL.)"""
    out = python("boto3-1.26", """
import os, sys
import boto3
sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
assert sqs.meta.service_model.metadata["protocol"] == "query"
url = sqs.create_queue(QueueName=sys.argv[1], Attributes={"VisibilityTimeout": "5"}, tags={"a": "b"})["QueueUrl"]
assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
sqs.send_message(QueueUrl=url, MessageBody="a<&\\u00e9", MessageAttributes={
    "text": {"DataType": "String", "StringValue": "v"}, "bytes": {"DataType": "Binary", "BinaryValue": b"\\x00\\x01"}})
sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "m"}, {"Id": "2", "MessageBody": ""}])
assert [e["Id"] for e in sent["Successful"]] == ["1"] and sent["Failed"][0]["Code"] == "MissingParameter"
got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
assert [m["Body"] for m in got] == ["a<&\\u00e9", "m"] and got[0]["Attributes"]["ApproximateReceiveCount"] == "1"
assert got[0]["MessageAttributes"]["bytes"]["BinaryValue"] == b"\\x00\\x01"
sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": got[0]["ReceiptHandle"], "VisibilityTimeout": 9}])
done = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)])
assert len(done["Successful"]) == 2
sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "6"})
assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"] == {"DelaySeconds": "6"}
try:
    sqs.get_queue_url(QueueName="none-of-that-name")
except sqs.exceptions.QueueDoesNotExist as error:
    print(error.response["Error"]["Code"])
""", new_name("queue"))
    assert out.strip() == "AWS.SimpleQueueService.NonExistentQueue"
