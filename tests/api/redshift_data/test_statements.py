"""Statements through the Data API as clients use it: submit, poll, read pages; batches, parameters, sessions, cancelling."""
import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError

from support.redshift import SqlFailed, value


def refused(code, call, *args, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"].get("Message") or caught.value.response.get("Message", "")


def test_a_statement_from_submission_to_result(warehouse, table):
    answer = warehouse.submit(f"SELECT * FROM {table} ORDER BY id", StatementName="first")
    assert uuid.UUID(answer["Id"]) and answer["Database"] == "dev" and answer["WorkgroupName"] == warehouse.workgroup
    assert answer["DbUser"].startswith("IAM:")
    description = warehouse.wait(answer["Id"])
    assert description["Status"] == "FINISHED" and description["HasResultSet"] is True
    assert description["ResultRows"] == 3 and description["ResultSize"] > 0 and description["Duration"] > 0
    assert description["QueryString"].startswith("SELECT *")
    result = warehouse.data.get_statement_result(Id=answer["Id"])
    assert result["TotalNumRows"] == 3 and "NextToken" not in result
    assert result["Records"] == [
        [{"longValue": 1}, {"stringValue": "one"}, {"stringValue": "1.50"}, {"stringValue": "2024-01-31"}],
        [{"longValue": 2}, {"stringValue": "two"}, {"isNull": True}, {"isNull": True}],
        [{"longValue": 3}, {"isNull": True}, {"stringValue": "-3.00"}, {"stringValue": "2024-02-29"}]]
    facts = [(c["name"], c["label"], c["typeName"], c["isSigned"], c["isCaseSensitive"]) for c in result["ColumnMetadata"]]
    assert facts == [("id", "id", "int4", True, False), ("name", "name", "varchar", False, True),
                     ("price", "price", "numeric", True, False), ("day", "day", "date", False, False)]
    assert (result["ColumnMetadata"][2]["precision"], result["ColumnMetadata"][2]["scale"]) == (8, 2)


def test_statements_without_rows(warehouse, table):
    description = warehouse.run(f"UPDATE {table} SET name = 'x' WHERE id < 3")
    assert description["HasResultSet"] is False and description["ResultRows"] == 2
    refused("ResourceNotFoundException", warehouse.data.get_statement_result, Id=description["Id"])


def test_failures_say_what_and_where(warehouse):
    for sql, error in [("SELECT * FROM nosuch", 'ERROR: relation "nosuch" does not exist\n  Position: 15'),
                       ("  SELEC 1", 'ERROR: syntax error at or near "SELEC"\n  Position: 3'),
                       ("SELECT 1; SELECT 2", "ERROR: cannot insert multiple commands into a prepared statement")]:
        description = warehouse.describe(sql)
        assert description["Status"] == "FAILED" and description["Error"] == error
        assert description["QueryString"] == sql and description["HasResultSet"] is False
    assert warehouse.describe("SELECT 1", Database="nosuch")["Error"] == 'FATAL: database "nosuch" does not exist'


def test_named_parameters_take_the_type_of_their_use(warehouse, table):
    given = {"id": "1", "word": "a '", "day": "2024-01-01"}
    rows = warehouse.rows(f"SELECT id, :word || name FROM {table} WHERE id = :id AND day > :day",
                          Parameters=[{"name": name, "value": text} for name, text in given.items()])
    assert rows == [[1, "a 'one"]]
    message = refused("ValidationException", warehouse.submit, "SELECT :a",
                      Parameters=[{"name": "a", "value": "1"}, {"name": "b", "value": "1"}])
    assert "b" in message
    message = refused("ValidationException", warehouse.submit, "SELECT :a, :c", Parameters=[{"name": "a", "value": "1"}])
    assert "c" in message


def test_large_results_come_in_pages(warehouse, table):
    warehouse.run(f"INSERT INTO {table} SELECT a.id + 10 * b.id + 100 * c.id, 'x', 1, NULL FROM {table} a, {table} b, {table} c")
    for _ in range(4):
        warehouse.run(f"INSERT INTO {table} SELECT a.id, repeat('y', 20), 1, NULL FROM {table} a, {table} b LIMIT 40000")
    description = warehouse.run(f"SELECT * FROM {table} ORDER BY id")
    first = warehouse.data.get_statement_result(Id=description["Id"])
    assert 0 < len(first["Records"]) < first["TotalNumRows"] == description["ResultRows"]
    _, rows = warehouse.result(f"SELECT id FROM {table} ORDER BY id")
    assert len(rows) == description["ResultRows"] and rows == sorted(rows)
    refused("ValidationException", warehouse.data.get_statement_result, Id=description["Id"], NextToken="nonsense")


def test_csv_results(warehouse, table):
    description = warehouse.run(f"SELECT id, name || ', \"q\"' AS n FROM {table} ORDER BY id", ResultFormat="CSV")
    result = warehouse.data.get_statement_result_v2(Id=description["Id"])
    assert result["ResultFormat"] == "CSV" and result["TotalNumRows"] == 3
    assert "".join(r["CSVRecords"] for r in result["Records"]) == '1,"one, ""q"""\n2,"two, ""q"""\n3,\n'
    refused("ValidationException", warehouse.data.get_statement_result, Id=description["Id"])


def test_a_batch_is_one_transaction(warehouse, table):
    data = warehouse.data
    target = {"WorkgroupName": warehouse.workgroup, "Database": "dev"}
    answer = data.batch_execute_statement(Sqls=[f"DELETE FROM {table} WHERE id = 1", f"SELECT count(*) FROM {table}"], **target)
    description = warehouse.wait(answer["Id"])
    assert description["Status"] == "FINISHED"
    first, second = description["SubStatements"]
    assert first["Id"] == answer["Id"] + ":1" and first["ResultRows"] == 1 and second["HasResultSet"] is True
    assert data.get_statement_result(Id=second["Id"])["Records"] == [[{"longValue": 2}]]
    assert data.describe_statement(Id=second["Id"])["QueryString"].startswith("SELECT count")
    refused("ResourceNotFoundException", data.get_statement_result, Id=answer["Id"])

    answer = data.batch_execute_statement(Sqls=[f"DELETE FROM {table}", "SELECT * FROM nosuch", "SELECT 1"], **target)
    description = warehouse.wait(answer["Id"])
    assert description["Status"] == "FAILED" and "nosuch" in description["Error"] and "#2" in description["Error"]
    assert [s["Status"] for s in description["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert warehouse.rows(f"SELECT count(*) FROM {table}") == [[2]]


def test_a_client_token_runs_it_once(warehouse, table):
    token = str(uuid.uuid4())
    sql = f"INSERT INTO {table} VALUES (9, 'nine', 9, NULL)"
    first = warehouse.submit(sql, ClientToken=token)["Id"]
    assert warehouse.submit(sql, ClientToken=token)["Id"] == first
    warehouse.wait(first)
    assert warehouse.rows(f"SELECT count(*) FROM {table} WHERE id = 9") == [[1]]


def test_sessions_keep_temporary_tables_and_transactions(warehouse, table):
    answer = warehouse.submit("CREATE TEMP TABLE mine AS SELECT 1 AS a", SessionKeepAliveSeconds=60)
    session = answer["SessionId"]
    assert warehouse.wait(answer["Id"])["Status"] == "FINISHED"
    assert warehouse.rows("SELECT a FROM mine", SessionId=session) == [[1]]
    with pytest.raises(SqlFailed):
        warehouse.run("SELECT a FROM mine")
    warehouse.run("BEGIN", SessionId=session)
    warehouse.run(f"DELETE FROM {table}", SessionId=session)
    assert warehouse.rows(f"SELECT count(*) FROM {table}") == [[3]]
    with pytest.raises(SqlFailed):
        warehouse.run("SELECT * FROM nosuch", SessionId=session)
    with pytest.raises(SqlFailed, match="current transaction is aborted"):
        warehouse.run("SELECT 1", SessionId=session)
    warehouse.run("ROLLBACK", SessionId=session)
    assert warehouse.rows(f"SELECT count(*) FROM {table}", SessionId=session) == [[3]]
    assert "SessionId" in refused("ValidationException", warehouse.data.execute_statement, Sql="SELECT 1", SessionId=session,
                                  Database="dev")
    refused("ResourceNotFoundException", warehouse.data.execute_statement, Sql="SELECT 1", SessionId=str(uuid.uuid4()))


def test_sessions_are_listed(warehouse):
    data = warehouse.data
    answer = warehouse.submit("SELECT 1", SessionKeepAliveSeconds=60)
    open_one = answer["SessionId"]
    warehouse.wait(answer["Id"])

    def only(session, **more):
        return data.list_sessions(SessionId=session, **more)["Sessions"]

    [listed] = only(open_one)
    assert listed["Status"] == "AVAILABLE" and listed["Database"] == "dev" and listed["WorkgroupName"] == warehouse.workgroup
    assert listed["SessionAliveSeconds"] == 60 and listed["SessionTtl"] > listed["CreatedAt"] and "CurrentStatementId" not in listed
    running = data.execute_statement(Sql=LONG.format(t="pg_attribute"), SessionId=open_one)["Id"]
    [listed] = only(open_one)
    assert (listed["Status"], listed["CurrentStatementId"]) == ("BUSY", running) and "SessionTtl" not in listed
    data.cancel_statement(Id=running)
    warehouse.wait(running)

    answer = warehouse.submit("SELECT 2", SessionKeepAliveSeconds=60)
    closed = answer["SessionId"]
    warehouse.wait(answer["Id"])
    warehouse.run("SELECT 3", SessionId=closed, SessionKeepAliveSeconds=0)
    assert [s["Status"] for s in only(closed)] == ["CLOSED"]

    def listed_by(**kwargs):
        pages = data.get_paginator("list_sessions").paginate(**kwargs, PaginationConfig={"PageSize": 1})
        return [s["SessionId"] for page in pages for s in page["Sessions"] if s["SessionId"] in (open_one, closed)]

    assert listed_by(WorkgroupName=warehouse.workgroup) == [open_one]
    assert listed_by(Status="CLOSED") == [closed] and listed_by(Status="AVAILABLE", Database="dev") == [open_one]
    assert listed_by(WorkgroupName="another") == [] and listed_by(RoleLevel=False) == [open_one]
    assert "SessionId" in refused("ValidationException", data.list_sessions, SessionId=closed, Status="CLOSED")
    refused("ResourceNotFoundException", data.list_sessions, SessionId=str(uuid.uuid4()))


LONG = "SELECT count(*) FROM {t} a, {t} b, {t} c, {t} d WHERE a.id + b.id + c.id + d.id = -1"


@pytest.fixture(scope="module")
def many(warehouse, new_name):
    name = new_name("many").replace("-", "_")
    warehouse.run(f"CREATE TABLE {name} AS SELECT 1 AS id")
    for _ in range(12):
        warehouse.run(f"INSERT INTO {name} SELECT id + 1 FROM {name}")
    return name


def test_cancelling(warehouse, many):
    running = warehouse.submit(LONG.format(t=many))["Id"]
    while warehouse.data.describe_statement(Id=running)["Status"] != "STARTED":
        time.sleep(0.005)
    assert warehouse.data.cancel_statement(Id=running)["Status"] is True
    assert warehouse.wait(running)["Status"] == "ABORTED"
    refused("ValidationException", warehouse.data.cancel_statement, Id=running)


def test_statements_run_side_by_side(warehouse, many):
    running = warehouse.submit(LONG.format(t=many))["Id"]
    assert warehouse.rows("SELECT 1") == [[1]]  # does not wait for the long one
    assert warehouse.data.describe_statement(Id=running)["Status"] in ("SUBMITTED", "PICKED", "STARTED")
    warehouse.data.cancel_statement(Id=running)


def test_waiting_for_the_end(warehouse):
    answer = warehouse.submit("SELECT 1", WaitTimeSeconds=10)
    assert answer["Status"] == "FINISHED" and answer["HasResultSet"] is True


def test_listing(warehouse, new_name):
    name = new_name("named")
    ids = [warehouse.run(f"SELECT {i}", StatementName=name)["Id"] for i in range(3)]
    warehouse.describe("SELEC", StatementName=name)
    pages = list(warehouse.data.get_paginator("list_statements").paginate(StatementName=name, PaginationConfig={"PageSize": 2}))
    listed = [s for page in pages for s in page["Statements"]]
    assert [s["Id"] for s in listed] == ids[::-1] and len(pages) >= 2
    assert listed[0]["QueryString"] == "SELECT 2" and listed[0]["StatementName"] == name and listed[0]["IsBatchStatement"] is False
    assert len(warehouse.data.list_statements(StatementName=name, Status="ALL")["Statements"]) == 4
    assert [s["Status"] for s in warehouse.data.list_statements(StatementName=name, Status="FAILED")["Statements"]] == ["FAILED"]


def test_bad_targets(warehouse):
    data = warehouse.data
    assert "cluster" in refused("ValidationException", data.execute_statement, Sql="SELECT 1", ClusterIdentifier="c", Database="dev")
    refused("ValidationException", data.execute_statement, Sql="SELECT 1", Database="dev")
    refused("ResourceNotFoundException", data.execute_statement, Sql="SELECT 1", WorkgroupName="nosuch-workgroup", Database="dev")
    refused("ValidationException", warehouse.submit, " ")
    refused("ValidationException", warehouse.submit, "SELECT '" + "x" * 300000 + "'")
    refused("ResourceNotFoundException", data.describe_statement, Id=str(uuid.uuid4()))


def test_metadata(warehouse, table):
    data = warehouse.data
    target = {"WorkgroupName": warehouse.workgroup}
    assert "dev" in data.list_databases(Database="dev", **target)["Databases"]
    assert "public" in data.list_schemas(Database="dev", **target)["Schemas"]
    tables = data.list_tables(Database="dev", SchemaPattern="public", TablePattern=table, **target)["Tables"]
    assert tables == [{"name": table, "type": "TABLE", "schema": "public"}]
    columns = data.describe_table(Database="dev", Schema="public", Table=table, **target)["ColumnList"]
    assert [c["name"] for c in columns] == ["id", "name", "price", "day"]


def test_many_clients_at_once(warehouse, table):
    def insert(number):
        warehouse.run(f"INSERT INTO {table} VALUES ({number}, 'n', 1, NULL)")

    threads = [threading.Thread(target=insert, args=(100 + i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warehouse.rows(f"SELECT count(*) FROM {table} WHERE id >= 100") == [[8]]


def test_updates_of_one_row_wait_for_each_other(warehouse, table):
    ids = [warehouse.submit(f"UPDATE {table} SET price = price + 1 WHERE id = 1")["Id"] for _ in range(12)]
    assert [warehouse.wait(each).get("Error") for each in ids] == [None] * 12
    assert warehouse.rows(f"SELECT price FROM {table} WHERE id = 1") == [["13.50"]]


def test_current_user_and_whose_statement_it_is(warehouse, server, user, account):
    allowed = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["redshift-data:*", "redshift-serverless:GetCredentials"], "Resource": "*"}]}
    credentials = user(allowed)
    theirs = server.client("redshift-data", credentials=credentials)
    answer = theirs.execute_statement(Sql="SELECT current_user", WorkgroupName=warehouse.workgroup, Database="dev")
    assert warehouse.wait(answer["Id"], theirs)["Status"] == "FINISHED"
    assert value(theirs.get_statement_result(Id=answer["Id"])["Records"][0][0]) == "IAM:" + credentials["UserName"]
    refused("ResourceNotFoundException", warehouse.data.describe_statement, Id=answer["Id"])
    refused("ResourceNotFoundException", warehouse.data.get_statement_result, Id=answer["Id"])


def test_rights_name_what_is_missing(warehouse, server, user, allow, client):
    arn = client("redshift-serverless").get_workgroup(workgroupName=warehouse.workgroup)["workgroup"]["workgroupArn"]
    target = {"WorkgroupName": warehouse.workgroup, "Database": "dev", "Sql": "SELECT 1"}
    message = refused("AccessDeniedException", server.client("redshift-data", credentials=user()).execute_statement, **target)
    assert "redshift-data:ExecuteStatement" in message and arn in message
    only_data = server.client("redshift-data", credentials=user(allow("redshift-data:*")))
    assert "redshift-serverless:GetCredentials" in refused("AccessDeniedException", only_data.execute_statement, **target)


def test_a_whole_double_is_a_double(warehouse):
    # Clients whose numbers have types must not be handed an integer.
    _, rows = warehouse.result("SELECT 2::float8 AS a, 1.5::float8 AS b")
    assert [type(v) for v in rows[0]] == [float, float] and rows[0][0] == 2.0


def test_a_right_may_be_bound_to_ones_own_statements(warehouse, server, user, client):
    # AWS's managed policies have this condition.
    arn = client("redshift-serverless").get_workgroup(workgroupName=warehouse.workgroup)["workgroup"]["workgroupArn"]

    def policy(owner):
        return {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["redshift-data:ExecuteStatement", "redshift-serverless:GetCredentials"], "Resource": arn},
            {"Effect": "Allow", "Action": ["redshift-data:DescribeStatement", "redshift-data:GetStatementResult",
                                           "redshift-data:ListStatements"], "Resource": "*",
             "Condition": {"StringEquals": {"redshift-data:statement-owner-iam-userid": owner}}}]}

    theirs = server.client("redshift-data", credentials=user(policy("${aws:userid}")))
    made = theirs.execute_statement(Sql="SELECT 1", WorkgroupName=warehouse.workgroup, Database="dev")["Id"]
    assert warehouse.wait(made, theirs)["Status"] == "FINISHED"
    assert theirs.get_statement_result(Id=made)["TotalNumRows"] == 1
    assert [s["Id"] for s in theirs.list_statements()["Statements"]] == [made]
    other = server.client("redshift-data", credentials=user(policy("AIDANOBODY")))
    made = other.execute_statement(Sql="SELECT 1", WorkgroupName=warehouse.workgroup, Database="dev")["Id"]
    message = refused("AccessDeniedException", other.describe_statement, Id=made)
    assert "redshift-data:DescribeStatement" in message and arn in message
