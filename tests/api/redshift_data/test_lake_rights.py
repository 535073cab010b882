"""External tables, UNLOAD and COPY as the role in charge: its rights decide, and a refusal says which one is missing."""
import io
import json

import pyarrow
import pyarrow.parquet
import pytest

from support.models import tarn_client
from support.redshift import SqlFailed, make_role, make_warehouse


def allowing(actions, resources):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}


@pytest.fixture(scope="module")
def bucket(client, new_name):
    name = new_name("lake")
    client("s3").create_bucket(Bucket=name)
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"k": ["a", "b", "a"], "n": [1, 2, 3]}), file)
    client("s3").put_object(Bucket=name, Key="in/part-0", Body=file.getvalue())
    return name


@pytest.fixture(scope="module")
def warehouse(client, new_name):
    return make_warehouse(client, new_name)


def mounted(client, warehouse, new_name, bucket, policy):
    """An external schema with one table over the bucket, whose role has that policy once it is made."""
    name = new_name("mount").replace("-", "_")
    role = make_role(client("iam"), new_name("role"))
    serverless = client("redshift-serverless")
    roles = serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["iamRoles"]
    serverless.update_namespace(namespaceName=warehouse.workgroup, iamRoles=[*roles, role])
    warehouse.run(f"CREATE EXTERNAL SCHEMA {name} FROM DATA CATALOG DATABASE {name} IAM_ROLE '{role}' "
                  "CREATE EXTERNAL DATABASE IF NOT EXISTS")
    warehouse.run(f"CREATE EXTERNAL TABLE {name}.t (k VARCHAR(max), n BIGINT, _absent INT) STORED AS PARQUET LOCATION 's3://{bucket}/in/'")
    client("iam").put_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyName="inline", PolicyDocument=json.dumps(policy))
    return name, role


def test_a_whole_summary(client, warehouse, new_name, bucket):
    name, role = mounted(client, warehouse, new_name, bucket, allowing(["s3:*", "glue:*"], "*"))
    assert client("glue").get_table(DatabaseName=name, Name="t")["Table"]["TableType"] == "EXTERNAL_TABLE"
    summary = new_name("sum").replace("-", "_")
    warehouse.run(f"CREATE TABLE public.{summary} AS SELECT k, COUNT(*) AS c, SUM(n) AS s FROM {name}.t "
                  "WHERE _absent IS NULL GROUP BY k")
    warehouse.run(f"UNLOAD ('SELECT * FROM {summary} ORDER BY k') TO 's3://{bucket}/out/{summary}_' IAM_ROLE DEFAULT "
                  "FORMAT AS PARQUET PARALLEL OFF")
    body = client("s3").get_object(Bucket=bucket, Key=f"out/{summary}_000.parquet")["Body"].read()
    assert pyarrow.parquet.read_table(io.BytesIO(body)).to_pydict() == {"k": ["a", "b"], "c": [2, 1], "s": [4, 2]}
    keys = [o["Key"] for o in client("s3").list_objects_v2(Bucket=bucket, Prefix=f"out/{summary}")["Contents"]]
    assert keys == [f"out/{summary}_000.parquet"]


@pytest.mark.parametrize("missing, policy", [
    ("s3:GetObject", allowing(["s3:ListBucket", "glue:*"], "*")),
    ("s3:ListBucket", allowing(["s3:GetObject", "glue:*"], "*")),
    ("glue:GetTable", allowing(["s3:*"], "*")),
])
def test_reading_without_a_right(client, server, warehouse, new_name, bucket, missing, policy):
    name, role = mounted(client, warehouse, new_name, bucket, policy)
    with pytest.raises(SqlFailed) as caught:
        warehouse.run(f"SELECT count(*) FROM {name}.t")
    text = str(caught.value)
    assert missing in text and role.rsplit("/", 1)[1] in text and "not authorized" in text


def test_writing_without_a_right(client, warehouse, new_name, bucket):
    role = make_role(client("iam"), new_name("role"), allowing(["s3:GetObject", "s3:ListBucket"], "*"))
    serverless = client("redshift-serverless")
    roles = serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["iamRoles"]
    serverless.update_namespace(namespaceName=warehouse.workgroup, iamRoles=[*roles, role])
    with pytest.raises(SqlFailed, match="s3:PutObject"):
        warehouse.run(f"UNLOAD ('SELECT 1 AS a') TO 's3://{bucket}/refused/x_' IAM_ROLE '{role}' PARALLEL OFF")
    assert client("s3").list_objects_v2(Bucket=bucket, Prefix="refused/")["KeyCount"] == 0


def test_a_role_that_does_not_trust_redshift(client, warehouse, new_name, bucket):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}]}
    name = new_name("role")
    arn = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    serverless = client("redshift-serverless")
    roles = serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["iamRoles"]
    serverless.update_namespace(namespaceName=warehouse.workgroup, iamRoles=[*roles, arn])
    with pytest.raises(SqlFailed, match="is not authorized to assume IAM Role"):
        warehouse.run(f"UNLOAD ('SELECT 1') TO 's3://{bucket}/x/' IAM_ROLE '{arn}'")


def test_reads_are_audited_as_the_role(client, server, warehouse, new_name, bucket):
    name, role = mounted(client, warehouse, new_name, bucket, allowing(["s3:*", "glue:*"], "*"))
    assert warehouse.rows(f"SELECT SUM(n) FROM {name}.t") == [[6]]
    records = tarn_client(server).list_audit_records(Operation="GetObject", MaxResults=1000)["Records"]
    mine = [r for r in records if r.get("RoleArn") == role]
    assert mine and mine[0]["Allowed"] and f"arn:aws:s3:::{bucket}/in/part-0" in mine[0]["Resources"]
