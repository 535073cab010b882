"""Why: query planners read statistics of columns from the catalog. Computed ones must be true, computed as the role that was named, and
a run that fails must say why."""
import datetime
import decimal
import io

import time

import pytest

from support.crawlers import make_role, prepare, role  # noqa: F401
from support.models import tarn_client
from support.server import Server

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COLUMNS = [("id", "bigint"), ("name", "string"), ("amount", "decimal(10,2)"), ("ratio", "double"), ("paid", "boolean"), ("day", "date"),
           ("at", "timestamp"), ("tags", "array<string>")]


def over(glue, run):
    for _ in range(3000):
        told = glue.get_column_statistics_task_run(ColumnStatisticsTaskRunId=run)["ColumnStatisticsTaskRun"]
        if told["Status"] not in ("STARTING", "RUNNING"):
            return told
        time.sleep(0.01)
    raise AssertionError("the run does not end")


def as_number(value):
    return decimal.Decimal(int.from_bytes(value["UnscaledValue"], "big", signed=True)).scaleb(-value["Scale"])


@pytest.fixture
def table(glue, client, bucket, database):
    """A table of four rows, with NULLs; gives the arguments that name it."""

    out = io.BytesIO()
    pq.write_table(pa.table({
        "id": pa.array([1, 2, 3, None], pa.int64()),
        "name": pa.array(["a", "bcd", "a", ""], pa.string()),
        "amount": pa.array([decimal.Decimal("-12.50"), decimal.Decimal("300.01"), None, decimal.Decimal("0.00")], pa.decimal128(10, 2)),
        "ratio": pa.array([0.5, -1.5, None, None], pa.float64()),
        "paid": pa.array([True, False, True, None], pa.bool_()),
        "day": pa.array([datetime.date(2024, 1, 2), datetime.date(1999, 12, 31), None, datetime.date(2024, 1, 2)], pa.date32()),
        "at": pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5), None, None, None], pa.timestamp("us")),
        "tags": pa.array([["x"], [], None, ["y"]], pa.list_(pa.string())),
    }), out)
    client("s3").put_object(Bucket=bucket, Key="t/a.parquet", Body=out.getvalue())
    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {
        "Columns": [{"Name": n, "Type": t} for n, t in COLUMNS], "Location": f"s3://{bucket}/t/",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}}})
    return {"DatabaseName": database, "TableName": "t"}


def statistics(glue, table, *names):
    got = glue.get_column_statistics_for_table(ColumnNames=list(names), **table)
    return {c["ColumnName"]: c["StatisticsData"] for c in got["ColumnStatisticsList"]}


def test_numbers_are_true(glue, table, role):  # noqa: F811
    run = glue.start_column_statistics_task_run(Role=role, **table)["ColumnStatisticsTaskRunId"]
    told = over(glue, run)
    assert told["Status"] == "SUCCEEDED", told
    assert (told["DatabaseName"], told["TableName"], told["Role"]) == (table["DatabaseName"], "t", role)
    assert told["CreationTime"] <= told["StartTime"] <= told["EndTime"]
    said = statistics(glue, table, *[name for name, _ in COLUMNS])
    assert sorted(said) == sorted(name for name, _ in COLUMNS if name != "tags")
    assert said["id"]["LongColumnStatisticsData"] == {"MinimumValue": 1, "MaximumValue": 3, "NumberOfNulls": 1, "NumberOfDistinctValues": 3}
    assert said["name"]["StringColumnStatisticsData"] == {"MaximumLength": 3, "AverageLength": 1.25, "NumberOfNulls": 0,
                                                          "NumberOfDistinctValues": 3}
    amount = said["amount"]["DecimalColumnStatisticsData"]
    assert (as_number(amount["MinimumValue"]), as_number(amount["MaximumValue"])) == (decimal.Decimal("-12.50"), decimal.Decimal("300.01"))
    assert (amount["NumberOfNulls"], amount["NumberOfDistinctValues"]) == (1, 3)
    assert said["ratio"]["DoubleColumnStatisticsData"] == {"MinimumValue": -1.5, "MaximumValue": 0.5, "NumberOfNulls": 2,
                                                           "NumberOfDistinctValues": 2}
    assert said["paid"]["BooleanColumnStatisticsData"] == {"NumberOfTrues": 2, "NumberOfFalses": 1, "NumberOfNulls": 1}
    day = said["day"]["DateColumnStatisticsData"]
    assert (day["MinimumValue"].strftime("%F"), day["MaximumValue"].strftime("%F")) == ("1999-12-31", "2024-01-02")
    assert said["at"]["LongColumnStatisticsData"]["MinimumValue"] == 1704164645


def test_some_columns_and_runs_are_listed(glue, table, role):  # noqa: F811
    first = glue.start_column_statistics_task_run(Role=role, ColumnNameList=["ID"], **table)["ColumnStatisticsTaskRunId"]
    assert over(glue, first)["Status"] == "SUCCEEDED"
    assert list(statistics(glue, table, "id", "name")) == ["id"]
    second = glue.start_column_statistics_task_run(Role=role, SampleSize=100.0, **table)["ColumnStatisticsTaskRunId"]
    assert over(glue, second)["SampleSize"] == 100.0
    runs = glue.get_column_statistics_task_runs(**table)["ColumnStatisticsTaskRuns"]
    assert {run["ColumnStatisticsTaskRunId"] for run in runs} == {first, second}
    listed, token = [], {}
    while True:
        page = glue.list_column_statistics_task_runs(MaxResults=1, **token)
        listed += page["ColumnStatisticsTaskRunIds"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert {first, second} <= set(listed)


@pytest.mark.parametrize("columns, words", [
    (["nothing"], "Column nothing is not in the table"), (["tags"], "of which there are no statistics")])
def test_columns_without_statistics(glue, table, role, columns, words):  # noqa: F811
    run = glue.start_column_statistics_task_run(Role=role, ColumnNameList=columns, **table)["ColumnStatisticsTaskRunId"]
    told = over(glue, run)
    assert told["Status"] == "FAILED" and words in told["ErrorMessage"], told


def test_a_role_does_no_more_than_it_may(glue, table, make_role):  # noqa: F811
    def denied(action):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*"], "Resource": "*"},
                                                         {"Effect": "Deny", "Action": action, "Resource": "*"}]}
        run = glue.start_column_statistics_task_run(Role=make_role(policy), **table)["ColumnStatisticsTaskRunId"]
        told = over(glue, run)
        assert told["Status"] == "FAILED"
        return told["ErrorMessage"]

    for action in ("s3:GetObject", "glue:GetTable", "glue:UpdateColumnStatisticsForTable"):
        assert action in denied(action), action


def test_what_is_not_there(glue, table, role, refused):  # noqa: F811
    code, _ = refused(glue.start_column_statistics_task_run, Role=role, **{**table, "TableName": "nothing"})
    assert code == "EntityNotFoundException"
    code, _ = refused(glue.start_column_statistics_task_run, Role="no-such-role", **table)
    assert code == "InvalidInputException"
    code, _ = refused(glue.get_column_statistics_task_run, ColumnStatisticsTaskRunId="nothing")
    assert code == "EntityNotFoundException"
    code, _ = refused(glue.stop_column_statistics_task_run, **table)
    assert code == "ColumnStatisticsTaskNotRunningException"


def test_settings(glue, table, role, refused):  # noqa: F811
    code, _ = refused(glue.get_column_statistics_task_settings, **table)
    assert code == "EntityNotFoundException"
    glue.create_column_statistics_task_settings(Role=role, ColumnNameList=["id"], SampleSize=50.0, Schedule="cron(0 3 * * ? *)", **table)
    code, _ = refused(glue.create_column_statistics_task_settings, Role=role, **table)
    assert code == "AlreadyExistsException"
    said = glue.get_column_statistics_task_settings(**table)["ColumnStatisticsTaskSettings"]
    assert said["Schedule"] == {"ScheduleExpression": "cron(0 3 * * ? *)", "State": "SCHEDULED"}
    assert (said["ColumnNameList"], said["SampleSize"], said["Role"], said["ScheduleType"]) == (["id"], 50.0, role, "CRON")
    glue.stop_column_statistics_task_run_schedule(**table)
    said = glue.get_column_statistics_task_settings(**table)["ColumnStatisticsTaskSettings"]
    assert said["Schedule"]["State"] == "NOT_SCHEDULED"
    glue.start_column_statistics_task_run_schedule(**table)
    glue.update_column_statistics_task_settings(ColumnNameList=["name"], **table)
    said = glue.get_column_statistics_task_settings(**table)["ColumnStatisticsTaskSettings"]
    assert (said["ColumnNameList"], said["Schedule"]["State"]) == (["name"], "SCHEDULED")
    code, _ = refused(glue.update_column_statistics_task_settings, Schedule="rate(1 day)", **table)
    assert code == "InvalidInputException"
    glue.delete_column_statistics_task_settings(**table)
    code, _ = refused(glue.delete_column_statistics_task_settings, **table)
    assert code == "EntityNotFoundException"


def test_a_dropped_table_takes_its_settings_along(glue, table, role, refused):  # noqa: F811
    definition = glue.get_table(DatabaseName=table["DatabaseName"], Name="t")["Table"]
    glue.create_column_statistics_task_settings(Role=role, Schedule="cron(0 3 * * ? *)", **table)
    glue.delete_table(DatabaseName=table["DatabaseName"], Name="t")
    glue.create_table(DatabaseName=table["DatabaseName"], TableInput={k: definition[k] for k in ("Name", "StorageDescriptor")})
    code, _ = refused(glue.get_column_statistics_task_settings, **table)
    assert code == "EntityNotFoundException"


def test_a_schedule_runs_by_the_clock():
    with Server(None, "--clock", "virtual") as server:
        glue, tarn = server.client("glue"), tarn_client(server)
        start = tarn.get_clock()["Time"].replace(hour=11, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
        tarn.set_clock(Time=start)
        crawler = prepare(server)  # one JSON file, and a role
        glue.create_database(DatabaseInput={"Name": "d"})
        glue.create_table(DatabaseName="d", TableInput={"Name": "t", "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://bucket/in/",
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}}})
        table = {"DatabaseName": "d", "TableName": "t"}
        glue.create_column_statistics_task_settings(Role=crawler["Role"], Schedule="cron(0 12 * * ? *)", **table)
        tarn.set_clock(Time=start + datetime.timedelta(days=2))
        runs = glue.get_column_statistics_task_runs(**table)["ColumnStatisticsTaskRuns"]
        assert [run["Status"] for run in runs] == ["SUCCEEDED"] * 2, runs
        attempt = glue.get_column_statistics_task_settings(**table)["ColumnStatisticsTaskSettings"]["LastExecutionAttempt"]
        assert attempt["Status"] == "STARTED"
        assert attempt["ColumnStatisticsTaskRunId"] in {run["ColumnStatisticsTaskRunId"] for run in runs}
        assert glue.get_column_statistics_for_table(ColumnNames=["a"], **table)["ColumnStatisticsList"]
