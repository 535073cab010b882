"""A query from start to result, as boto3 sees it: states, result objects, pages, statistics, errors, idempotency, rights."""
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def numbers(workgroup, put, client, new_name):
    name = new_name("numbers").replace("-", "_")
    put(f"{name}/a.csv", "1,one\n2,two\n3,\\N\n")
    workgroup.run(f"""CREATE EXTERNAL TABLE {name} (n int, word string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
                      LOCATION 's3://{workgroup.bucket}/{name}/'""")
    return name


def object_of(s3, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_select_writes_a_csv_and_its_metadata(workgroup, numbers, s3):
    execution = workgroup.run(f"SELECT n, word FROM {numbers} ORDER BY n")
    assert execution["StatementType"] == "DML" and execution["SubstatementType"] == "SELECT"
    assert execution["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"{workgroup.output}{execution['QueryExecutionId']}.csv"
    assert object_of(s3, location) == b'"n","word"\n"1","one"\n"2","two"\n"3",\n'
    assert object_of(s3, location + ".metadata")
    statistics = execution["Statistics"]
    assert statistics["DataScannedInBytes"] == 17
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"] >= 0
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"]


def test_results_have_one_header_row_and_types(workgroup, numbers):
    execution = workgroup.run(f"SELECT n, word FROM {numbers} ORDER BY n")
    pages = list(workgroup.pages(execution["QueryExecutionId"], MaxResults=2))
    rows = [[d.get("VarCharValue") for d in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows == [["n", "word"], ["1", "one"], ["2", "two"], ["3", None]]
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [2, 2]
    columns = pages[1]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(c["Name"], c["Type"], c["Precision"], c["CaseSensitive"]) for c in columns] == [
        ("n", "integer", 10, False), ("word", "varchar", 2147483647, True)]
    assert pages[0]["UpdateCount"] == 0


def test_a_page_is_at_most_a_thousand_rows_and_quotes_survive(workgroup):
    execution = workgroup.run("""SELECT x, 'a "b",' || chr(10) || 'c' AS t FROM UNNEST(sequence(1, 2500)) AS s (x)""")
    pages = list(workgroup.pages(execution["QueryExecutionId"]))
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    assert pages[2]["ResultSet"]["Rows"][-1]["Data"] == [{"VarCharValue": "2500"}, {"VarCharValue": 'a "b",\nc'}]


def test_values_are_printed_as_athena_does(workgroup):
    rows = workgroup.rows("""SELECT true, 1.5e0, 1e10, 0.00001e0, DATE '2024-02-29', TIMESTAMP '2024-01-02 03:04:05',
                             CAST(1.50 AS decimal(5,2)), ARRAY[1, 2], '', CAST(NULL AS varchar)""")
    assert rows == [["true", "1.5", "1.0E10", "1.0E-5", "2024-02-29", "2024-01-02 03:04:05.000", "1.50", "[1, 2]", "", None]]


def test_the_same_token_is_the_same_execution(workgroup):
    token = str(uuid.uuid4())
    first = workgroup.start("SELECT 1", ClientRequestToken=token)
    assert workgroup.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError) as refused:
        workgroup.start("SELECT 2", ClientRequestToken=token)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    workgroup.wait(first)


def test_errors_have_a_class_and_a_place(workgroup):
    execution = workgroup.execution("SELECT *\nFROM no_such_table")
    status = execution["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith("TABLE_NOT_FOUND: line 2:6: ")
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["Retryable"] is False
    assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
    with pytest.raises(ClientError) as refused:
        workgroup.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert "Final query state: FAILED" in str(refused.value)


@pytest.mark.parametrize("sql, message", [
    ("SELEC 1", "line 1:1: mismatched input 'SELEC'"),
    ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
    ("TRUNCATE t", "TRUNCATE is not supported"),
    ("MERGE INTO t USING s ON a = b", "syntax error"),
    ("ALTER TABLE t EXCHANGE PARTITION", "ALTER TABLE EXCHANGE is not supported"),
])
def test_what_is_no_statement_is_refused_at_once(workgroup, sql, message):
    with pytest.raises(ClientError) as refused:
        workgroup.start(sql)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert message in refused.value.response["Error"]["Message"]


def test_output_locations(workgroup, client, new_name, account):
    with pytest.raises(ClientError, match="No output location provided"):
        workgroup.start("SELECT 1", ResultConfiguration={})
    with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
        workgroup.start("SELECT 1", ResultConfiguration={"OutputLocation": f"s3://{new_name('none')}/x"})
    with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
        workgroup.start("SELECT 1", ResultConfiguration={"OutputLocation": workgroup.output,
                                                         "ExpectedBucketOwner": "999999999999"})
    enforced = new_name("wg")
    workgroup.athena.create_work_group(Name=enforced, Configuration={
        "ResultConfiguration": {"OutputLocation": f"s3://{workgroup.bucket}/enforced",
                                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
                                "ExpectedBucketOwner": account}})
    identifier = workgroup.athena.start_query_execution(
        QueryString="SELECT 1", WorkGroup=enforced,
        ResultConfiguration={"OutputLocation": workgroup.output})["QueryExecutionId"]
    result = workgroup.wait(identifier)["ResultConfiguration"]
    assert result["OutputLocation"] == f"s3://{workgroup.bucket}/enforced/{identifier}.csv"
    assert result["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


def test_parameters_stand_for_question_marks(workgroup, numbers):
    assert workgroup.rows(f"SELECT word FROM {numbers} WHERE n = ? AND word <> ?",
                          ExecutionParameters=["2", "'it''s'"]) == [["two"]]
    assert "Incorrect number of parameters" in workgroup.error("SELECT ?, ?", ExecutionParameters=["1"])


def test_a_result_is_used_again_when_asked_for(workgroup, numbers):
    sql = f"SELECT count(*) AS c FROM {numbers} -- {uuid.uuid4()}"
    again = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}}
    first = workgroup.run(sql, **again)
    assert not first["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
    second = workgroup.run(sql, **again)
    assert second["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
    assert second["Statistics"]["DataScannedInBytes"] == 0
    assert second["ResultConfiguration"]["OutputLocation"] == first["ResultConfiguration"]["OutputLocation"]
    assert not workgroup.run(sql)["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]


def test_a_running_query_can_be_stopped(workgroup):
    identifier = workgroup.start("SELECT count(*) FROM UNNEST(sequence(1, 9000)) a (x), UNNEST(sequence(1, 9000)) b (y), "
                                 "UNNEST(sequence(1, 9000)) c (z) WHERE x * y = z + 1")
    workgroup.athena.stop_query_execution(QueryExecutionId=identifier)
    status = workgroup.wait(identifier)["Status"]
    assert status["State"] == "CANCELLED" and "cancelled" in status["StateChangeReason"]
    workgroup.athena.stop_query_execution(QueryExecutionId=identifier)  # one that is over: nothing happens


def test_listing_and_batches(workgroup):
    identifiers = [workgroup.run("SELECT 1")["QueryExecutionId"] for _ in range(3)]
    page = workgroup.athena.list_query_executions(WorkGroup=workgroup.name, MaxResults=2)
    assert page["QueryExecutionIds"] == identifiers[:0:-1]
    more = workgroup.athena.list_query_executions(WorkGroup=workgroup.name, NextToken=page["NextToken"])
    assert more["QueryExecutionIds"][0] == identifiers[0]
    batch = workgroup.athena.batch_get_query_execution(QueryExecutionIds=[*identifiers, "none"])
    assert [e["QueryExecutionId"] for e in batch["QueryExecutions"]] == identifiers
    assert [u["QueryExecutionId"] for u in batch["UnprocessedQueryExecutionIds"]] == ["none"]


def test_runtime_statistics_are_the_executions(workgroup, numbers):
    execution = workgroup.run(f"SELECT n FROM {numbers}")
    statistics = workgroup.athena.get_query_runtime_statistics(
        QueryExecutionId=execution["QueryExecutionId"])["QueryRuntimeStatistics"]
    assert statistics["Rows"] == {"InputBytes": 17, "OutputRows": 3, "OutputBytes": 16}
    assert statistics["Timeline"]["TotalExecutionTimeInMillis"] == execution["Statistics"]["TotalExecutionTimeInMillis"]


def test_the_callers_rights_decide(workgroup, numbers, server, user, allow, account):
    everything = ["athena:*", "glue:GetTable", "glue:GetPartitions", "s3:GetBucketLocation", "s3:PutObject"]
    for missing, actions in [("glue:GetTable", [a for a in everything if a != "glue:GetTable"] + ["s3:GetObject", "s3:ListBucket"]),
                             ("s3:ListBucket", everything), ("s3:GetObject", everything + ["s3:ListBucket"])]:
        athena = server.client("athena", credentials=user(allow(actions)))
        identifier = athena.start_query_execution(
            QueryString=f"SELECT n FROM {workgroup.database}.{numbers}", WorkGroup=workgroup.name,
            ResultConfiguration={"OutputLocation": workgroup.output})["QueryExecutionId"]
        status = workgroup.wait(identifier)["Status"]
        assert status["State"] == "FAILED" and missing in status["StateChangeReason"], status
        assert status["AthenaError"]["ErrorCategory"] == 2
    athena = server.client("athena", credentials=user(allow(everything + ["s3:ListBucket", "s3:GetObject"])))
    identifier = athena.start_query_execution(
        QueryString=f"SELECT n FROM {workgroup.database}.{numbers}", WorkGroup=workgroup.name,
        ResultConfiguration={"OutputLocation": workgroup.output})["QueryExecutionId"]
    assert workgroup.wait(identifier)["Status"]["State"] == "SUCCEEDED"
    assert len(athena.get_query_results(QueryExecutionId=identifier)["ResultSet"]["Rows"]) == 4
    blind = server.client("athena", credentials=user(allow(["athena:*"])))
    with pytest.raises(ClientError, match="Could not read the result"):
        blind.get_query_results(QueryExecutionId=identifier)


def test_a_limit_of_bytes_scanned_ends_a_query(workgroup, put, new_name, s3):
    name = new_name("wide").replace("-", "_")
    put(f"{name}/a.csv", "x" * 1000 * 1000 * 12 + "\n")
    workgroup.run(f"CREATE EXTERNAL TABLE {name} (t string) LOCATION 's3://{workgroup.bucket}/{name}/'")
    limited = new_name("wg")
    workgroup.athena.create_work_group(Name=limited, Configuration={
        "BytesScannedCutoffPerQuery": 10_000_000,
        "ResultConfiguration": {"OutputLocation": workgroup.output}})
    identifier = workgroup.athena.start_query_execution(
        QueryString=f"SELECT count(*) FROM {workgroup.database}.{name} WHERE t = 'y'", WorkGroup=limited)["QueryExecutionId"]
    status = workgroup.wait(identifier)["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded")


@pytest.mark.parametrize("sql, names", [
    ("SELECT * FROM (VALUES (1, 2))", ["_col0", "_col1"]),
    ("SELECT * FROM UNNEST(ARRAY[1], MAP(ARRAY['a'], ARRAY[2])) WITH ORDINALITY", ["_col0", "_col1", "_col2", "_col3"]),
    ("SELECT * FROM UNNEST(ARRAY[CAST(ROW(1, 'p') AS ROW(x integer, y varchar))])", ["x", "y"]),
])
def test_columns_of_tables_without_names(workgroup, sql, names):
    execution = workgroup.run(sql)
    page = workgroup.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert [column["Name"] for column in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == names
