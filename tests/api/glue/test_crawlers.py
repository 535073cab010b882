"""Crawlers: what lies in S3 becomes tables that people query, so format, types, partitions and names must be what Glue
would have written; and a crawl does no more than its role may, and says what it lacks."""
import bz2
import gzip
import io
import json
import time

import pytest
from botocore.exceptions import ClientError

from support.crawlers import ALL, TRUST, make_role, role, wait  # noqa: F401

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.fixture(scope="module")
def glue(client):
    return client("glue")


@pytest.fixture
def crawl(glue, client, bucket, role, new_name):
    """crawl({key: bytes}, **crawler) -> {table name: table}; keys are put into the bucket first. crawl.again() too."""
    names = {"crawler": new_name("crawler"), "database": new_name("crawled").replace("-", "_")}

    def run():
        glue.start_crawler(Name=names["crawler"])
        made.last = wait(glue, names["crawler"])["LastCrawl"]
        assert made.last["Status"] == "SUCCEEDED", made.last
        return {t["Name"]: t for t in glue.get_tables(DatabaseName=names["database"])["TableList"]}

    def made(objects, path="", **more):
        for key, body in objects.items():
            client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        target = {"Path": f"s3://{bucket}/{path}", **more.pop("target", {})}
        glue.create_crawler(Name=names["crawler"], Role=role, DatabaseName=names["database"],
                            Targets={"S3Targets": [target]}, **more)
        return run()

    made.again, made.database, made.name, made.bucket = run, names["database"], names["crawler"], bucket
    return made


def columns(table):
    return [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]]


def partitions(glue, crawl, table):
    found = glue.get_partitions(DatabaseName=crawl.database, TableName=table)["Partitions"]
    return {tuple(p["Values"]): p["StorageDescriptor"]["Location"] for p in found}


def test_parquet_with_hive_partitions(glue, crawl):
    body = parquet(ID=[1, 2], name=["a", "b"], at=pa.array([1, 2], pa.timestamp("us")), price=pa.array([1.5, 2.5]),
                   small=pa.array([1, 2], pa.int16()), amount=pa.array([1, 2], pa.decimal128(10, 2)),
                   tags=[["x"], ["y"]], place=[{"lat": 1.0, "lon": 2.0}] * 2, day=pa.array([1, 2], pa.date32()),
                   counts=pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())))
    tables = crawl({f"sales/year={y}/month={m}/f.parquet": body for y in (2023, 2024) for m in ("jan", "feb")}, "sales")
    (name, table), = tables.items()
    assert name == "sales"
    assert columns(table) == [
        ("id", "bigint"), ("name", "string"), ("at", "timestamp"), ("price", "double"), ("small", "smallint"),
        ("amount", "decimal(10,2)"), ("tags", "array<string>"), ("place", "struct<lat:double,lon:double>"), ("day", "date"),
        ("counts", "map<string,int>")]
    assert [(k["Name"], k["Type"]) for k in table["PartitionKeys"]] == [("year", "string"), ("month", "string")]
    found = partitions(glue, crawl, name)
    assert found[("2024", "jan")] == f"s3://{crawl.bucket}/sales/year=2024/month=jan/" and len(found) == 4
    p = table["Parameters"]
    assert p["classification"] == "parquet" and p["recordCount"] == "8" and p["objectCount"] == "4"
    assert p["UPDATED_BY_CRAWLER"] == crawl.name and p["sizeKey"] == str(4 * len(body)) and p["typeOfData"] == "file"
    storage = table["StorageDescriptor"]
    assert storage["Location"] == f"s3://{crawl.bucket}/sales/" and table["TableType"] == "EXTERNAL_TABLE"
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")


def test_csv_header_types_and_quotes(crawl):
    tables = crawl({"people/a.csv": b'id,Name,score,ok,note\n1,"Ann, A.",1.5,true,\n2,Bob,2,false,x\n',
                    "people/b.csv": b'id,Name,score,ok,note\n3,Cy,7,true,y\n'}, "people/")
    table = tables["people"]
    assert columns(table) == [("id", "bigint"), ("name", "string"), ("score", "double"), ("ok", "boolean"), ("note", "string")]
    p = table["Parameters"]
    assert (p["classification"], p["delimiter"], p["skip.header.line.count"], p["areColumnsQuoted"], p["recordCount"]) == (
        "csv", ",", "1", "true", "3")
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["field.delim"] == ","


@pytest.mark.parametrize("body, expected, parameters", [
    (b"a\tb\n1\t2\n3\t4\n", [("a", "bigint"), ("b", "bigint")], {"delimiter": "\t", "skip.header.line.count": "1"}),
    (b"x;y\nz;w\nu;v\n", [("col0", "string"), ("col1", "string")], {"delimiter": ";"}),  # text over text is no header
    (b"1|2.5\n3|4\n", [("col0", "bigint"), ("col1", "double")], {"delimiter": "|"}),
    (b'{"A": 1, "b": {"c": [1.5]}}\n{"A": 99999999999, "d": null}\n',
     [("a", "bigint"), ("b", "struct<c:array<double>>"), ("d", "string")], {"classification": "json"}),
    (b'{\n "a": 1\n}\n{\n "a": 2\n}', [("a", "int")], {"classification": "json", "recordCount": "2"}),
    (b'[{"a": 1}, {"a": 2}]', [("array", "array<struct<a:int>>")], {"classification": "json"}),
    (b"<list><row id='1'><name>x</name></row><row id='2'><name>y</name></row></list>",
     [("id", "int"), ("name", "string")], {"classification": "xml", "rowTag": "row"}),
    (b'1.2.3.4 - bob [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 23\n' * 3,
     [(c, "string") for c in ("clientip", "ident", "auth", "timestamp", "verb", "request", "httpversion", "rawrequest",
                              "response", "bytes")], {"classification": "apache"}),
])
@pytest.mark.parametrize("packed", ["none", "gzip", "bzip2"])
def test_formats(crawl, body, expected, parameters, packed):
    pack = {"none": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}[packed]
    table = crawl({"t/f": pack(body)}, "t/")["t"]
    assert columns(table) == expected
    assert table["Parameters"].items() >= {**parameters, "compressionType": packed}.items()


def avro(schema):
    """The head of an Avro file: what its schema is read from."""
    def number(n):
        out, n = b"", n << 1
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    text = lambda value: number(len(value)) + value
    entries = [(b"avro.codec", b"null"), (b"avro.schema", json.dumps(schema).encode())]
    return b"Obj\x01" + number(len(entries)) + b"".join(text(k) + text(v) for k, v in entries) + number(0) + b"s" * 16


def test_avro(crawl):
    body = avro({"type": "record", "name": "r", "fields": [
        {"name": "A", "type": "long"}, {"name": "b", "type": ["null", "string"]},
        {"name": "t", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "m", "type": {"type": "map", "values": "int"}}]})
    table = crawl({"t/f.avro": body}, "t/")["t"]
    assert columns(table) == [("a", "bigint"), ("b", "string"), ("t", "timestamp"), ("d", "decimal(9,2)"), ("m", "map<string,int>")]
    assert table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("AvroSerDe")


def test_folders_that_differ_are_tables_of_their_own(crawl):
    tables = crawl({"in/a/x.json": b'{"a":1,"b":2}', "in/b/x.csv": b"x,y\n1,2\n3,4\n", "in/c/x.json": b'{"c":1,"d":2}'}, "in",
                   TablePrefix="p_")
    assert set(tables) == {"p_a", "p_b", "p_c"}


def test_plain_folders_are_partitions_and_an_odd_one_is_not(glue, crawl):
    same = {f"in/day{i}/f.json": b'{"a":1,"b":2}' for i in range(4)}
    tables = crawl({**same, "in/odd/f.csv": b"x,y\n1,2\n3,4\n"}, "in")
    assert set(tables) == {"in", "odd"}
    assert [k["Name"] for k in tables["in"]["PartitionKeys"]] == ["partition_0"]
    assert set(partitions(glue, crawl, "in")) == {(f"day{i}",) for i in range(4)}


def test_combining_what_is_compatible(glue, crawl):
    objects = {"t1/year=2017/d.json": b'{"A":1,"B":2}', "t1/year=2018/d.json": b'{"C":3,"D":4}'}
    tables = crawl(objects, "t1/", Configuration=json.dumps(
        {"Version": 1.0, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}))
    assert columns(tables["t1"]) == [("a", "int"), ("b", "int"), ("c", "int"), ("d", "int")]
    assert [k["Name"] for k in tables["t1"]["PartitionKeys"]] == ["year"]


def test_without_combining_they_are_two(crawl):
    assert set(crawl({"t1/year=2017/d.json": b'{"A":1,"B":2}', "t1/year=2018/d.json": b'{"C":3,"D":4}'}, "t1/")) == {
        "year_2017", "year_2018"}


def test_a_table_level_is_kept_to(glue, crawl):
    objects = {f"root/{t}/y={y}/f.json": b'{"a":1}' for t in ("a", "b") for y in (1, 2)}
    tables = crawl(objects, "", Configuration=json.dumps(
        {"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}}))
    assert set(tables) == {"a", "b"} and len(partitions(glue, crawl, "a")) == 2


def test_exclusions_and_samples(glue, crawl):
    objects = {f"in/f{i}.json": b'{"a":1}' for i in range(5)}
    tables = crawl({**objects, "in/x.tmp": b"z", "in/deep/er/f.csv": b"a,b\n1,2\n3,4\n", "in/_SUCCESS": b"ok"}, "in",
                   target={"Exclusions": ["**.tmp", "deep/**"], "SampleSize": 2})
    assert set(tables) == {"in"} and tables["in"]["Parameters"]["objectCount"] == "2"


def test_changes_are_written_as_the_policy_says(glue, crawl, client):
    crawl({"in/d=1/f.json": b'{"a":1}', "in/d=2/f.json": b'{"a":1}'}, "in",
          SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"})
    s3 = client("s3")
    s3.delete_object(Bucket=crawl.bucket, Key="in/d=1/f.json")
    s3.put_object(Bucket=crawl.bucket, Key="in/d=3/f.json", Body=b'{"a":1,"b":"x"}')
    s3.put_object(Bucket=crawl.bucket, Key="in/d=2/f.json", Body=b'{"a":1,"b":"x"}')
    table = crawl.again()["in"]
    assert columns(table) == [("a", "int"), ("b", "string")] and table["VersionId"] == "1"
    assert set(partitions(glue, crawl, "in")) == {("2",), ("3",)}
    assert crawl.again()["in"]["VersionId"] == "1"  # nothing is new
    metrics = glue.get_crawler_metrics(CrawlerNameList=[crawl.name])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesUpdated"], metrics["TablesDeleted"]) == (0, 0, 0)
    for d in (2, 3):
        s3.delete_object(Bucket=crawl.bucket, Key=f"in/d={d}/f.json")
    assert crawl.again() == {}
    history = glue.list_crawls(CrawlerName=crawl.name)["Crawls"]
    assert len(history) == 4 and all(c["State"] == "COMPLETED" for c in history)
    assert json.loads(json.loads(history[0]["Summary"])["TABLE"])["DELETE"] == 1


def test_logging_changes_leaves_the_catalog(glue, crawl, client):
    crawl({"in/f.json": b'{"a":1}'}, "in", SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    client("s3").put_object(Bucket=crawl.bucket, Key="in/f.json", Body=b'{"a":1,"b":1}')
    assert columns(crawl.again()["in"]) == [("a", "int")]
    client("s3").delete_object(Bucket=crawl.bucket, Key="in/f.json")
    assert set(crawl.again()) == {"in"}


def test_what_is_gone_is_deprecated_by_default(glue, crawl, client):
    crawl({"in/f.json": b'{"a":1}'}, "in")
    client("s3").delete_object(Bucket=crawl.bucket, Key="in/f.json")
    assert "DEPRECATED_BY_CRAWLER" in crawl.again()["in"]["Parameters"]
    client("s3").put_object(Bucket=crawl.bucket, Key="in/f.json", Body=b'{"a":1}')
    assert "DEPRECATED_BY_CRAWLER" not in crawl.again()["in"]["Parameters"]


def test_custom_classifiers_come_first(glue, crawl, new_name):
    names = [new_name("classifier") for _ in range(3)]
    glue.create_classifier(GrokClassifier={"Name": names[0], "Classification": "mine", "GrokPattern":
                                           "%{STAMP:at} %{LOGLEVEL:level} %{INT:n:int} %{GREEDYDATA:text}",
                                           "CustomPatterns": "STAMP [0-9]{8}"})
    glue.create_classifier(JsonClassifier={"Name": names[1], "JsonPath": "$.rows[*]"})
    glue.create_classifier(CsvClassifier={"Name": names[2], "Delimiter": "~", "ContainsHeader": "ABSENT",
                                          "Header": ["k", "v"], "QuoteSymbol": "'", "Serde": "OpenCSVSerDe"})
    tables = crawl({"in/a/f.log": b"20240101 INFO 5 hello\n20240102 ERROR 6 world\n",
                    "in/b/f.json": b'{"rows": [{"x": 1}, {"x": 2}]}', "in/c/f.csv": b"1~'a~b'\n2~'c'\n"}, "in",
                   Classifiers=names)
    assert columns(tables["a"]) == [("at", "string"), ("level", "string"), ("n", "int"), ("text", "string")]
    assert tables["a"]["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == "com.amazonaws.glue.serde.GrokSerDe"
    assert columns(tables["b"]) == [("x", "int")]
    assert columns(tables["c"]) == [("k", "bigint"), ("v", "string")]
    assert tables["c"]["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"separatorChar": "~", "quoteChar": "'"}
    assert glue.get_classifier(Name=names[0])["Classifier"]["GrokClassifier"]["CustomPatterns"] == "STAMP [0-9]{8}"
    glue.update_classifier(GrokClassifier={"Name": names[0], "GrokPattern": "%{GREEDYDATA:all}"})
    assert glue.get_classifier(Name=names[0])["Classifier"]["GrokClassifier"]["Version"] == 2
    listed, token = [], {}
    while token is not None:
        page = glue.get_classifiers(MaxResults=2, **token)
        listed += [next(iter(c.values()))["Name"] for c in page["Classifiers"]]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    assert set(names) <= set(listed)
    glue.delete_classifier(Name=names[0])
    with pytest.raises(ClientError, match="not found"):
        glue.get_classifier(Name=names[0])
    with pytest.raises(ClientError, match="NOSUCH"):
        glue.create_classifier(GrokClassifier={"Name": "x", "Classification": "x", "GrokPattern": "%{NOSUCH:a}"})


def test_catalog_targets_update_their_tables(glue, client, crawl, role, new_name):
    tables = crawl({"in/f.json": b'{"a":1}'}, "in")
    client("s3").put_object(Bucket=crawl.bucket, Key="in/g.json", Body=b'{"a":1,"b":2}')
    name = new_name("crawler")
    glue.create_crawler(Name=name, Role=role, Targets={"CatalogTargets": [{"DatabaseName": crawl.database, "Tables": ["in"]}]},
                        SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"})
    glue.start_crawler(Name=name)
    assert wait(glue, name)["LastCrawl"]["Status"] == "SUCCEEDED"
    table = glue.get_table(DatabaseName=crawl.database, Name="in")["Table"]
    assert columns(table) == [("a", "int"), ("b", "int")] and tables


def test_a_crawl_is_told_in_its_log(client, crawl):
    crawl({"in/d=1/f.json": b'{"a":1}'}, "in")
    assert (crawl.last["LogGroup"], crawl.last["LogStream"]) == ("/aws-glue/crawlers", crawl.name)
    events = client("logs").get_log_events(logGroupName="/aws-glue/crawlers", logStreamName=crawl.name)["events"]
    text = "\n".join(e["message"] for e in events)
    assert text.startswith(f"[{crawl.last['MessagePrefix']}] BENCHMARK : Running Start Crawl for Crawler {crawl.name}")
    assert f"INFO : Created table in in database {crawl.database}" in text and "Run Summary For TABLE: ADD: 1" in text


def test_a_denied_crawl_says_what_its_role_lacks(glue, client, bucket, make_role, new_name, account):
    client("s3").put_object(Bucket=bucket, Key="in/f.json", Body=b'{"a":1}')
    cases = [("s3:ListBucket", f"arn:aws:s3:::{bucket}"), ("s3:GetObject", f"arn:aws:s3:::{bucket}/in/f.json"),
             ("glue:CreateTable", f"arn:aws:glue:us-east-1:{account}:")]
    for action, resource in cases:
        policy = {"Version": "2012-10-17", "Statement": ALL["Statement"] + [
            {"Effect": "Deny", "Action": action, "Resource": "*"}]}
        name = new_name("crawler")
        glue.create_crawler(Name=name, Role=make_role(policy), DatabaseName=new_name("db").replace("-", "_"),
                            Targets={"S3Targets": [{"Path": f"s3://{bucket}/in/"}]})
        glue.start_crawler(Name=name)
        last = wait(glue, name)["LastCrawl"]
        assert last["Status"] == "FAILED" and action in last["ErrorMessage"] and resource in last["ErrorMessage"], last
        text = " ".join(e["message"] for e in client("logs").get_log_events(
            logGroupName="/aws-glue/crawlers", logStreamName=name)["events"])
        assert f"ERROR : " in text and action in text


def test_new_folders_only(glue, client, bucket, make_role, new_name):
    """Old folders are left alone: the role may not even read them any more."""
    s3, iam = client("s3"), client("iam")
    for key in ("sales/year=2023/a.json", "sales/year=2023/b.json", "other/x.json"):
        s3.put_object(Bucket=bucket, Key=key, Body=b'{"id": 1, "name": "n"}')
    name, database = new_name("crawler"), new_name("db").replace("-", "_")
    role = make_role(ALL)
    glue.create_crawler(Name=name, Role=role, DatabaseName=database, Targets={"S3Targets": [{"Path": f"s3://{bucket}/"}]},
                        RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
                        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    glue.start_crawler(Name=name)
    assert wait(glue, name)["LastCrawl"]["Status"] == "SUCCEEDED"
    s3.put_object(Bucket=bucket, Key="sales/year=2024/c.json", Body=b'{"id": 2, "name": "n"}')
    s3.put_object(Bucket=bucket, Key="sales/year=2023/d.json", Body=b'{"id": 2, "name": "n", "later": true}')
    iam.put_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyName="old", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": [
            f"arn:aws:s3:::{bucket}/sales/year=2023/b.json", f"arn:aws:s3:::{bucket}/sales/year=2023/d.json"]}]}))
    glue.start_crawler(Name=name)
    last = wait(glue, name)["LastCrawl"]
    assert last["Status"] == "SUCCEEDED", last
    found = glue.get_partitions(DatabaseName=database, TableName="sales")["Partitions"]
    assert sorted(p["Values"] for p in found) == [["2023"], ["2024"]]
    assert columns(glue.get_table(DatabaseName=database, Name="sales")["Table"]) == [("id", "int"), ("name", "string")]


def test_a_role_that_does_not_trust_glue(glue, client, bucket, make_role, new_name):
    trust = json.loads(json.dumps(TRUST).replace("glue.amazonaws.com", "ec2.amazonaws.com"))
    name = new_name("crawler")
    glue.create_crawler(Name=name, Role=make_role(ALL, trust), DatabaseName="d", Targets={"S3Targets": [{"Path": bucket}]})
    glue.start_crawler(Name=name)
    last = wait(glue, name)["LastCrawl"]
    assert last["Status"] == "FAILED" and "unable to assume role" in last["ErrorMessage"]
    with pytest.raises(ClientError, match="unable to assume"):
        glue.create_crawler(Name=name + "x", Role="no-such-role", DatabaseName="d",
                            Targets={"S3Targets": [{"Path": bucket}]})


def test_states_schedules_and_refusals(glue, bucket, role, new_name):
    name = new_name("crawler")
    targets = {"S3Targets": [{"Path": f"s3://{bucket}/"}]}
    glue.create_crawler(Name=name, Role=role, DatabaseName="d", Targets=targets, Tags={"a": "b"},
                        Schedule="cron(0 12 1 * ? *)", Description="x")
    crawler = glue.get_crawler(Name=name)["Crawler"]
    assert crawler["Schedule"] == {"ScheduleExpression": "cron(0 12 1 * ? *)", "State": "SCHEDULED"}
    assert crawler["State"] == "READY" and crawler["Version"] == 1 and "LastCrawl" not in crawler

    def code(call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        return caught.value.response["Error"]["Code"]

    assert code(glue.start_crawler_schedule, CrawlerName=name) == "SchedulerRunningException"
    glue.stop_crawler_schedule(CrawlerName=name)
    assert code(glue.stop_crawler_schedule, CrawlerName=name) == "SchedulerNotRunningException"
    glue.update_crawler_schedule(CrawlerName=name, Schedule="cron(15 12 * * ? *)")
    assert code(glue.update_crawler_schedule, CrawlerName=name, Schedule="rate(1 hour)") == "InvalidInputException"
    assert code(glue.create_crawler, Name=name, Role=role, DatabaseName="d", Targets=targets) == "AlreadyExistsException"
    assert code(glue.stop_crawler, Name=name) == "CrawlerNotRunningException"
    assert code(glue.start_crawler, Name=name + "x") == "EntityNotFoundException"
    assert code(glue.create_crawler, Name=name + "x", Role=role, DatabaseName="d",
                Targets={"DynamoDBTargets": [{"Path": "p"}]}) == "InvalidInputException"
    glue.update_crawler(Name=name, Description="y")
    assert glue.get_crawler(Name=name)["Crawler"]["Version"] == 2
    assert name in [c["Name"] for c in glue.get_crawlers(MaxResults=1000)["Crawlers"]]
    assert name in glue.list_crawlers(Tags={"a": "b"}, MaxResults=1000)["CrawlerNames"]
    batch = glue.batch_get_crawlers(CrawlerNames=[name, "none"])
    assert [c["Description"] for c in batch["Crawlers"]] == ["y"] and batch["CrawlersNotFound"] == ["none"]
    glue.delete_crawler(Name=name)
    assert code(glue.get_crawler, Name=name) == "EntityNotFoundException"
