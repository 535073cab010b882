"""Database users that IAM identities are: what they may do is what they were granted, and who is a superuser."""
import json
import uuid

import pytest

from support.redshift import SqlFailed, Warehouse, make_role

ALLOWED = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["redshift-data:*", "redshift-serverless:GetCredentials"], "Resource": "*"}]}


@pytest.fixture
def other(warehouse, server, user):
    """A warehouse as an IAM user sees it that may run statements, and the user's name in the database."""
    credentials = user(ALLOWED)
    return Warehouse(server.client("redshift-data", credentials=credentials), warehouse.workgroup), "IAM:" + credentials["UserName"]


def denied(warehouse, sql, text="permission denied"):
    with pytest.raises(SqlFailed) as caught:
        warehouse.run(sql)
    assert text in str(caught.value)


def test_an_iam_user_has_what_public_has(warehouse, other, table):
    theirs, name = other
    denied(theirs, f"SELECT * FROM {table}", f"permission denied for relation {table}")
    denied(theirs, f"DROP TABLE {table}", f"must be owner of relation {table}")
    own = "own_" + uuid.uuid4().hex
    theirs.run(f"CREATE TABLE {own} AS SELECT 1 AS a")  # in the schema public, which is everybody's
    assert theirs.rows(f"SELECT a FROM {own}") == [[1]]
    assert warehouse.rows(f"SELECT tableowner FROM pg_tables WHERE tablename = '{own}'") == [[name]]
    assert warehouse.rows(f"SELECT usesuper FROM pg_user WHERE usename = '{name}'") == [[False]]


def test_a_grant_takes_effect_at_once_and_ends_with_revoke(warehouse, other, table):
    theirs, name = other
    theirs.run("SELECT 1")
    warehouse.run(f'GRANT SELECT ON {table} TO "{name}"')
    assert len(theirs.rows(f"SELECT * FROM {table}")) == 3
    denied(theirs, f"INSERT INTO {table} VALUES (9)", f"permission denied for relation {table}")
    assert warehouse.rows(f"SELECT has_table_privilege('{name}', '{table}', 'select'), "
                          f"has_table_privilege('{name}', '{table}', 'delete')") == [[True, False]]
    warehouse.run(f"REVOKE SELECT ON {table} FROM {name}")
    denied(theirs, f"SELECT * FROM {table}", f"permission denied for relation {table}")


def test_an_identity_may_be_granted_to_before_it_connects(warehouse, server, client, user, allow, new_name, account, table):
    role = make_role(client("iam"), new_name("analyst"), ALLOWED).rsplit("/", 1)[1]
    denied(warehouse, f'GRANT SELECT ON {table} TO "IAMR:{role}"', "does not exist")
    warehouse.run(f'CREATE USER "IAMR:{role}" PASSWORD DISABLE')
    warehouse.run(f"GRANT SELECT ON {table} TO IAMR:{role}")  # without quotes, and with hyphens
    client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}))
    sts = server.client("sts", credentials=user(allow("sts:AssumeRole")))  # roots may not
    given = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="session")["Credentials"]
    theirs = Warehouse(server.client("redshift-data", credentials=given), warehouse.workgroup)
    assert theirs.rows("SELECT current_user") == [[f"IAMR:{role}"]]
    assert len(theirs.rows(f"SELECT * FROM {table}")) == 3


def test_who_made_the_namespace_is_a_superuser(warehouse):
    assert warehouse.rows("SELECT usesuper FROM pg_user WHERE usename = current_user") == [[True]]
    assert warehouse.rows("SELECT usename, usesuper FROM pg_user WHERE usename = 'admin'") == [["admin", True]]


def test_queries_of_others_are_a_superusers_to_see(warehouse, other):
    theirs, name = other
    word = "word_" + uuid.uuid4().hex
    theirs.run(f"SELECT '{word}'")
    warehouse.run(f"SELECT '{word}', 2")
    seen = "SELECT count(*) FROM sys_query_history WHERE query_text LIKE '%" + word + "%' AND query_text NOT LIKE '%history%'"
    assert theirs.rows(seen) == [[1]]
    assert warehouse.rows(seen) == [[2]]


def test_history_views_say_what_was_run(warehouse, table):
    number = warehouse.describe(f"SELECT count(*) FROM {table} -- looked for")["RedshiftQueryId"]
    assert warehouse.rows(f"SELECT query_type, status, returned_rows FROM sys_query_history WHERE query_id = {number}") == [
        ["SELECT", "success", 1]]
    assert warehouse.rows(f"SELECT aborted, trim(querytxt) LIKE '%looked for' FROM stl_query WHERE query = {number}") == [[0, True]]
    assert warehouse.rows(f"SELECT aborted FROM svl_qlog WHERE query = {number}") == [[0]]
    name = "p_" + uuid.uuid4().hex
    warehouse.run(f"CREATE PROCEDURE {name}() AS $$ BEGIN NULL; END; $$ LANGUAGE plpgsql")
    warehouse.run(f"CALL {name}()")
    assert warehouse.rows(f"SELECT status FROM sys_procedure_call WHERE procedure_name = '{name}'") == [["success"]]


def test_a_chain_of_roles(warehouse, client, new_name, bucket):
    """The first role may only assume the second, which may write."""
    second_name = new_name("second")
    first = make_role(client("iam"), new_name("first"), {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::*:role/{second_name}"}]})
    second = client("iam").create_role(RoleName=second_name, AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": first}}]}))
    arn = second["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=second_name, PolicyName="s3", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    serverless = client("redshift-serverless")
    roles = serverless.get_namespace(namespaceName=warehouse.workgroup)["namespace"]["iamRoles"]
    serverless.update_namespace(namespaceName=warehouse.workgroup, iamRoles=[*roles, first])
    warehouse.run(f"UNLOAD ('SELECT 1 AS a') TO 's3://{bucket}/chain/x_' IAM_ROLE '{first},{arn}' PARALLEL OFF")
    assert client("s3").list_objects_v2(Bucket=bucket, Prefix="chain/")["KeyCount"] == 1
    with pytest.raises(SqlFailed, match="s3:"):
        warehouse.run(f"UNLOAD ('SELECT 1 AS a') TO 's3://{bucket}/alone/x_' IAM_ROLE '{first}' PARALLEL OFF")
    with pytest.raises(SqlFailed, match="is not associated"):
        warehouse.run(f"UNLOAD ('SELECT 1 AS a') TO 's3://{bucket}/back/x_' IAM_ROLE '{arn},{first}' PARALLEL OFF")


def test_a_lock_is_waited_for(warehouse, table):
    sessions = []
    for _ in range(2):
        answer = warehouse.submit("SELECT 1", SessionKeepAliveSeconds=60)
        warehouse.wait(answer["Id"])
        sessions.append(answer["SessionId"])
    first, second = sessions
    warehouse.run("BEGIN", SessionId=first)
    warehouse.run(f"LOCK {table}", SessionId=first)
    waiting = warehouse.submit(f"DELETE FROM {table}", SessionId=second)["Id"]
    warehouse.run(f"INSERT INTO {table} VALUES (7, 'late', 1, NULL)", SessionId=first)
    assert warehouse.data.describe_statement(Id=waiting)["Status"] != "FINISHED"
    warehouse.run("COMMIT", SessionId=first)
    assert warehouse.wait(waiting)["Status"] == "FINISHED"
    assert warehouse.rows(f"SELECT count(*) FROM {table}") == [[0]]  # what the lock's holder wrote went too
