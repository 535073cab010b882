"""Insights queries over real groups: started, waited for, paged, stopped, saved; live tails; exports; resource policies."""
import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError


NOW = int(time.time())


def put(logs, group, *messages, at=NOW, stream="s"):
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
        {"timestamp": at * 1000 + i, "message": m if isinstance(m, str) else json.dumps(m)} for i, m in enumerate(messages)])


def ask(logs, text, groups, **more):
    more.setdefault("startTime", NOW - 3600)
    more.setdefault("endTime", NOW + 3600)
    identifier = logs.start_query(logGroupNames=groups, queryString=text, **more)["queryId"]
    while True:
        answer = logs.get_query_results(queryId=identifier)
        if answer["status"] != "Running":
            assert answer["status"] == "Complete", answer
            return [{c["field"]: c["value"] for c in row} for row in answer["results"]], answer
        time.sleep(0.005)


def error_of(operation, **kwargs):
    with pytest.raises(ClientError) as caught:
        operation(**kwargs)
    return caught.value.response["Error"]["Code"]


def test_a_query_counts_and_finds(logs, group, account):
    put(logs, group, {"level": "INFO", "ms": 1}, {"level": "ERROR", "ms": 10}, {"level": "ERROR", "ms": 20}, "plain")
    rows, answer = ask(logs, "stats count(*) as n, avg(ms) as mean by level | sort n desc", [group])
    assert rows[0] == {"level": "ERROR", "n": "2", "mean": "15"}
    assert answer["statistics"]["recordsScanned"] == 4 and answer["queryLanguage"] == "CWLI"
    rows, _ = ask(logs, "fields @timestamp, @message, @log, @logStream | filter @message like /plain/", [group])
    (row,) = rows
    assert row["@message"] == "plain" and row["@log"] == f"{account}:{group}" and row["@logStream"] == "s"
    assert row["@timestamp"] == time.strftime("%Y-%m-%d %H:%M:%S.003", time.gmtime(NOW))
    record = logs.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
    assert record["@message"] == "plain" and record["@timestamp"] == str(NOW * 1000 + 3)
    rows, _ = ask(logs, "fields ms | sort ms desc | limit 1", [group])
    assert rows[0]["ms"] == "20"
    assert [r["@message"] for r in ask(logs, "fields @message", [group], limit=1)[0]] == ["plain"]  # the newest first
    assert ask(logs, "fields @message", [group], startTime=NOW - 100, endTime=NOW - 50)[0] == []


def test_several_groups_are_one_answer(logs, group, new_name):
    other = new_name("group")
    logs.create_log_group(logGroupName=other)
    logs.create_log_stream(logGroupName=other, logStreamName="s")
    put(logs, group, "a1", "a2", at=NOW - 10)
    put(logs, other, "b1", at=NOW - 5)
    assert [r["@message"] for r in ask(logs, "fields @message", [group, other])[0]] == ["b1", "a2", "a1"]
    identifier = logs.start_query(logGroupNames=[group, other], queryString="fields @message", startTime=NOW, endTime=NOW)["queryId"]
    first = logs.list_log_groups_for_query(queryId=identifier, maxResults=50)
    assert sorted(first["logGroupIdentifiers"]) == sorted([group, other]) and "nextToken" not in first
    assert error_of(logs.list_log_groups_for_query, queryId=identifier[:-1] + "x") == "ResourceNotFoundException"


def test_results_are_paged(logs, group):
    put(logs, group, *[f"m{i}" for i in range(25)])
    _, answer = ask(logs, "fields @message | sort @timestamp asc", [group])
    identifier = logs.describe_queries(logGroupName=group)["queries"][0]["queryId"]
    seen, token = [], {}
    while True:
        page = logs.get_query_results(queryId=identifier, maxItems=10, **token)
        seen += [row[0]["value"] for row in page["results"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == [f"m{i}" for i in range(25)] and len(answer["results"]) == 25


def test_what_is_no_query_is_refused(logs, group):
    times = dict(startTime=NOW - 10, endTime=NOW)
    assert error_of(logs.start_query, logGroupName=group, queryString="nonsense", **times) == "MalformedQueryException"
    assert error_of(logs.start_query, logGroupName=group, queryString="diff", **times) == "MalformedQueryException"
    assert error_of(logs.start_query, logGroupName=group + "x", queryString="fields @message", **times) == "ResourceNotFoundException"
    assert error_of(logs.start_query, queryString="fields @message", **times) == "InvalidParameterException"
    sql = dict(queryString="fields a", queryLanguage="SQL", **times)
    assert error_of(logs.start_query, logGroupName=group, **sql) == "InvalidParameterException"
    assert error_of(logs.get_query_results, queryId="none") == "ResourceNotFoundException"
    assert error_of(logs.stop_query, queryId="none") == "ResourceNotFoundException"


def test_a_source_names_groups_by_how_they_begin(logs, new_name, user_client, allow, account):
    start = new_name("source")
    for end in ("one", "two"):
        logs.create_log_group(logGroupName=f"{start}/{end}")
        logs.create_log_stream(logGroupName=f"{start}/{end}", logStreamName="s")
        put(logs, f"{start}/{end}", end)
    times = dict(startTime=NOW - 100, endTime=NOW + 100)
    text = f"SOURCE logGroups(namePrefix: ['{start}/']) | stats count(*) as n by @message"

    def ask_source(boto):
        identifier = boto.start_query(queryString=text, **times)["queryId"]
        while (answer := boto.get_query_results(queryId=identifier))["status"] == "Running":
            time.sleep(0.005)
        return sorted((row[0]["value"], row[1]["value"]) for row in answer["results"])

    assert ask_source(logs) == [("one", "1"), ("two", "1")]
    assert error_of(logs.start_query, logGroupName=f"{start}/one", queryString=text, **times) == "InvalidParameterException"
    assert error_of(logs.start_query, queryString=text.replace(start, new_name("none")), **times) == "ResourceNotFoundException"
    groups = f"arn:aws:logs:us-east-1:{account}:log-group:{start}"
    half = user_client("logs", allow("logs:StartQuery", f"{groups}/one*"))
    assert error_of(half.start_query, queryString=text, **times) == "AccessDeniedException"
    whole = user_client("logs", allow(["logs:StartQuery", "logs:GetQueryResults"], "*"))
    assert len(ask_source(whole)) == 2


def test_patterns_of_a_log(logs, group):
    put(logs, group, *[f"[ERROR] no answer from 10.0.0.{n} after {n * 3} ms" for n in range(8)], "[INFO] started", "[INFO] started")
    rows, _ = ask(logs, "pattern @message", [group])
    assert rows[0] == {"@pattern": "[ERROR] no answer from <IPAddress-1> after <Number-2> ms", "@ratio": "0.8", "@sampleCount": "8",
                       "@severityLabel": "ERROR"}
    assert (rows[1]["@pattern"], rows[1]["@severityLabel"]) == ("[INFO] started", "INFO")


def test_texts_are_saved(logs, new_name):
    name = new_name("query")
    identifier = logs.put_query_definition(name=name, queryString="fields @message", logGroupNames=["g"])["queryDefinitionId"]
    logs.put_query_definition(name=name, queryString="fields a", queryDefinitionId=identifier)
    (got,) = logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    assert got["queryString"] == "fields a" and got["queryDefinitionId"] == identifier
    assert logs.delete_query_definition(queryDefinitionId=identifier)["success"]
    assert logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"] == []


def test_fields_are_found(logs, group):
    put(logs, group, {"a": {"b": 1}}, {"a": {"c": 2}}, at=NOW - 5)
    fields = {f["name"]: f["percent"] for f in logs.get_log_group_fields(logGroupName=group, time=NOW)["logGroupFields"]}
    assert fields["a.b"] == 50 and fields["@message"] == 100


def test_a_tail_hears_what_comes(logs, group, account):
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{group}"
    stream = logs.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="?yes ?also")["responseStream"]
    events = iter(stream)
    start = next(events)["sessionStart"]
    assert start["logGroupIdentifiers"] == [arn] and start["logEventFilterPattern"] == "?yes ?also"
    put(logs, group, "yes one", "no", "also two")
    heard = []
    while len(heard) < 2:
        heard += next(events)["sessionUpdate"]["sessionResults"]
    assert [(h["message"], h["logStreamName"], h["logGroupIdentifier"]) for h in heard] == [
        ("yes one", "s", arn), ("also two", "s", arn)]
    stream.close()
    assert error_of(logs.start_live_tail, logGroupIdentifiers=[arn + "x"]) == "ResourceNotFoundException"


def test_events_are_exported(logs, client, group, bucket, account):
    logs.create_log_stream(logGroupName=group, logStreamName="s/1")
    put(logs, group, "first", "second", at=NOW - 100, stream="s/1")
    wanted = {"logGroupName": group, "from": (NOW - 1000) * 1000, "to": NOW * 1000, "destination": bucket,
              "destinationPrefix": "out", "taskName": "t"}
    code = error_of(logs.create_export_task, **wanted)
    assert code == "InvalidParameterException"
    principal = {"Service": "logs.us-east-1.amazonaws.com"}
    client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"},
        {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*",
         "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account}}}]}))
    task = logs.create_export_task(**wanted)["taskId"]
    for _ in range(2000):
        (found,) = logs.describe_export_tasks(taskId=task)["exportTasks"]
        if found["status"]["code"] != "RUNNING":
            break
        time.sleep(0.005)
    assert found["status"]["code"] == "COMPLETED" and found["taskName"] == "t"
    keys = [o["Key"] for o in client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert set(keys) == {f"out/{task}/s-1/000000.gz", "out/aws-logs-write-test"}
    text = gzip.decompress(client("s3").get_object(Bucket=bucket, Key=f"out/{task}/s-1/000000.gz")["Body"].read()).decode()
    assert [line.split(" ", 1)[1] for line in text.splitlines()] == ["first", "second"]
    assert error_of(logs.cancel_export_task, taskId=task) == "InvalidOperationException"


def test_resource_policies(logs, new_name, account):
    name = new_name("policy")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:us-east-1:{account}:log-group:/aws/events/*:*"}]})
    made = logs.put_resource_policy(policyName=name, policyDocument=document)["resourcePolicy"]
    assert made["policyName"] == name
    assert document in [p["policyDocument"] for p in logs.describe_resource_policies()["resourcePolicies"]]
    assert error_of(logs.put_resource_policy, policyName=name, policyDocument="{") == "InvalidParameterException"
    logs.delete_resource_policy(policyName=name)
    assert error_of(logs.delete_resource_policy, policyName=name) == "ResourceNotFoundException"
