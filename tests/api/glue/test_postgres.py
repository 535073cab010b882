"""Why: teams crawl the database that their application writes to. Its tables must come into the catalog with the names and types that
Glue gives them, and a connection that does not work must say why."""
import json
import time

import pytest

from support.crawlers import make_role, role, wait  # noqa: F401
from support.postgres import DATABASE, PASSWORD, postgres  # noqa: F401

SCHEMA = """
DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigserial PRIMARY KEY, customer_id integer NOT NULL, "Amount" numeric(10,2), note varchar(40), paid boolean,
  at timestamp, tz timestamptz, day date, ratio double precision, small smallint, single real, tags text[], doc jsonb, uid uuid,
  raw bytea, span interval);
COMMENT ON TABLE shop.orders IS 'what was ordered'; COMMENT ON COLUMN shop.orders.note IS 'by the customer';
CREATE TABLE shop.customers (id integer, name text);
CREATE TABLE shop.tmp_orders (id integer);
CREATE VIEW shop.big AS SELECT id FROM shop.orders;
CREATE TABLE public.loose (id integer);
"""


@pytest.fixture(scope="module")
def source(postgres):  # noqa: F811
    postgres.sql(SCHEMA)
    return postgres


@pytest.fixture
def crawl(glue, source, role, new_name):  # noqa: F811
    """crawl(path, exclusions, **connection) -> (crawler, tables by name)"""
    database = new_name("pgdb").replace("-", "_")
    crawler = new_name("pgcrawler")

    def run(path=f"{DATABASE}/shop/%", exclusions=(), properties=None, connection=None, target=None, **options):
        connection = connection or source.connection(glue, new_name("pg"), **(properties or {}))
        glue.create_crawler(Name=crawler, Role=role, DatabaseName=database, Targets={"JdbcTargets": [
            {"ConnectionName": connection, "Path": path, "Exclusions": list(exclusions), **(target or {})}]}, **options)
        return again()

    def again():
        glue.start_crawler(Name=crawler)
        done = wait(glue, crawler)
        try:
            tables = glue.get_tables(DatabaseName=database)["TableList"]
        except glue.exceptions.EntityNotFoundException:
            tables = []
        return done, {table["Name"]: table for table in tables}

    run.again, run.database = again, database
    yield run
    source.sql("DROP TABLE IF EXISTS shop.later")


def test_tables_come_as_glue_writes_them(crawl, glue):
    done, tables = crawl()
    assert done["LastCrawl"]["Status"] == "SUCCEEDED", done["LastCrawl"]
    assert sorted(tables) == ["sales_shop_big", "sales_shop_customers", "sales_shop_orders", "sales_shop_tmp_orders"]
    orders = tables["sales_shop_orders"]
    assert [(c["Name"], c["Type"]) for c in orders["StorageDescriptor"]["Columns"]] == [
        ("id", "bigint"), ("customer_id", "int"), ("amount", "decimal(10,2)"), ("note", "string"), ("paid", "boolean"),
        ("at", "timestamp"), ("tz", "timestamp"), ("day", "date"), ("ratio", "double"), ("small", "smallint"), ("single", "float"),
        ("tags", "array<string>"), ("doc", "string"), ("uid", "string"), ("raw", "binary"), ("span", "string")]
    assert orders["StorageDescriptor"]["Location"] == "sales.shop.orders"
    said = orders["Parameters"]
    assert (said["classification"], said["typeOfData"], said["compressionType"]) == ("postgresql", "table", "none")
    assert said["connectionName"] and orders["TableType"] == "EXTERNAL_TABLE" and orders["PartitionKeys"] == []
    assert tables["sales_shop_big"]["Parameters"]["typeOfData"] == "view"
    assert "Description" not in orders
    crawls = glue.list_crawls(CrawlerName=done["Name"])["Crawls"]
    assert said["CRAWL_RUN_ID"] == crawls[0]["CrawlId"], "as tables have it that crawlers have written since 2023"


@pytest.mark.parametrize("path, exclusions, names", [
    ("sales/shop/%", ["tmp_*"], ["sales_shop_big", "sales_shop_customers", "sales_shop_orders"]),
    ("sales/shop/orders", [], ["sales_shop_orders"]),
    ("sales/shop/%orders", [], ["sales_shop_orders", "sales_shop_tmp_orders"]),
    ("sales/%/loose", [], ["sales_public_loose"]),
    ("sales/%", ["shop/**", "app/**"], ["sales_public_loose"]),
])
def test_paths_and_exclusions(crawl, path, exclusions, names):
    done, tables = crawl(path, exclusions)
    assert done["LastCrawl"]["Status"] == "SUCCEEDED", done["LastCrawl"]
    assert sorted(tables) == names


def test_comments_come_when_they_are_wanted(crawl, glue):
    _, tables = crawl("sales/shop/orders", target={"EnableAdditionalMetadata": ["COMMENTS"]}, TablePrefix="pg_")
    orders = tables["pg_sales_shop_orders"]
    assert orders["Description"] == "what was ordered"
    assert {c["Name"]: c.get("Comment") for c in orders["StorageDescriptor"]["Columns"]}["note"] == "by the customer"


def test_a_second_crawl_follows_the_source(crawl, source):
    source.sql("CREATE TABLE shop.later (id integer)")
    _, tables = crawl()
    assert "sales_shop_later" in tables
    source.sql("ALTER TABLE shop.later ADD COLUMN name text")
    _, tables = crawl.again()
    assert [c["Name"] for c in tables["sales_shop_later"]["StorageDescriptor"]["Columns"]] == ["id", "name"]
    source.sql("DROP TABLE shop.later")
    done, tables = crawl.again()
    assert done["LastCrawl"]["Status"] == "SUCCEEDED"
    assert "DEPRECATED_BY_CRAWLER" in tables["sales_shop_later"]["Parameters"]
    assert "DEPRECATED_BY_CRAWLER" not in tables["sales_shop_orders"]["Parameters"]


@pytest.mark.parametrize("properties, path, words", [
    ({"PASSWORD": "wrong"}, "sales/shop/%", "password authentication failed"),
    ({"JDBC_CONNECTION_URL": "jdbc:postgresql://127.0.0.1:1/sales"}, "sales/shop/%", "Connection refused"),
    ({"JDBC_CONNECTION_URL": "jdbc:mysql://127.0.0.1:1/sales"}, "sales/shop/%", "is not jdbc:postgresql://"),
    ({"PASSWORD": None, "USERNAME": None, "SECRET_ID": "s"}, "sales/shop/%", "no Secrets Manager"),
    ({}, "other/shop/%", "is to database sales"),
])
def test_a_connection_that_fails_says_why(crawl, client, glue, properties, path, words):
    done, tables = crawl(path, properties=properties)
    assert done["LastCrawl"]["Status"] == "FAILED"
    assert words in done["LastCrawl"]["ErrorMessage"], done["LastCrawl"]["ErrorMessage"]
    assert PASSWORD not in done["LastCrawl"]["ErrorMessage"]
    events = client("logs").get_log_events(logGroupName=done["LastCrawl"]["LogGroup"], logStreamName=done["LastCrawl"]["LogStream"])
    assert any(words in event["message"] for event in events["events"])


def test_a_connection_that_is_not_there(crawl):
    done, _ = crawl(connection="nowhere")
    assert done["LastCrawl"]["Status"] == "FAILED"
    assert "Connection nowhere not found" in done["LastCrawl"]["ErrorMessage"]


def test_a_role_that_may_not_read_the_connection(crawl, glue, make_role, source, new_name):  # noqa: F811
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["glue:*", "logs:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "glue:GetConnection", "Resource": "*"}]}
    name, database = new_name("denied"), new_name("db").replace("-", "_")
    glue.create_crawler(Name=name, Role=make_role(policy), DatabaseName=database, Targets={"JdbcTargets": [
        {"ConnectionName": source.connection(glue, new_name("pg")), "Path": "sales/shop/%"}]})
    glue.start_crawler(Name=name)
    done = wait(glue, name)
    assert "glue:GetConnection" in done["LastCrawl"]["ErrorMessage"]


def test_targets_come_back(glue, role, new_name, refused):  # noqa: F811
    name = new_name("kept")
    target = {"ConnectionName": "c", "Path": "d/s/%", "Exclusions": ["a*"], "EnableAdditionalMetadata": ["COMMENTS"]}
    glue.create_crawler(Name=name, Role=role, DatabaseName="d", Targets={"JdbcTargets": [target]})
    assert glue.get_crawler(Name=name)["Crawler"]["Targets"]["JdbcTargets"] == [target]
    for wrong in ({"Path": "d/s/%"}, {"ConnectionName": "c", "Path": "d//t"}, {"ConnectionName": "c", "Path": ""}):
        code, _ = refused(glue.create_crawler, Name=new_name("bad"), Role=role, DatabaseName="d", Targets={"JdbcTargets": [wrong]})
        assert code == "InvalidInputException"


def test_connections_are_tried(glue, client, source, new_name, refused):
    glue.test_connection(ConnectionName=source.connection(glue, new_name("pg")))
    bad = source.connection(glue, new_name("pg"), PASSWORD="wrong")
    code, message = refused(glue.test_connection, ConnectionName=bad)
    assert code == "InvalidInputException" and "password authentication failed" in message and "/aws-glue/testconnection/output" in message
    lines = client("logs").get_log_events(logGroupName="/aws-glue/testconnection/output", logStreamName=bad)["events"]
    assert any("password authentication failed" in line["message"] for line in lines)
    url = f"jdbc:postgresql://{source.host}:{source.port}/{DATABASE}"
    glue.test_connection(TestConnectionInput={"ConnectionType": "JDBC", "ConnectionProperties": {
        "JDBC_CONNECTION_URL": url, "USERNAME": "owner", "PASSWORD": PASSWORD}})
    assert refused(glue.test_connection, ConnectionName="nowhere")[0] == "EntityNotFoundException"
    assert refused(glue.test_connection)[0] == "InvalidInputException"


def test_connections_have_tags(glue, new_name, account):
    name = new_name("tagged")
    arn = f"arn:aws:glue:us-east-1:{account}:connection/{name}"
    said = {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:postgresql://h:1/d",
                                                                            "USERNAME": "u", "PASSWORD": "p"}}
    glue.create_connection(ConnectionInput=said, Tags={"team": "data"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "data"}
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"a": "b"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["team"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    glue.delete_connection(ConnectionName=name)
    glue.create_connection(ConnectionInput=said)
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}


def test_passwords_lie_sealed(glue, server, new_name):
    """What a copy of the data directory's files must not tell."""
    secret = new_name("Very-Secret-Password")
    name = new_name("sealed")
    glue.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": {
        "JDBC_CONNECTION_URL": "jdbc:postgresql://h:1/d", "USERNAME": "u", "PASSWORD": secret}})
    assert glue.get_connection(Name=name)["Connection"]["ConnectionProperties"]["PASSWORD"] == secret
    assert "PASSWORD" not in glue.get_connection(Name=name, HidePassword=True)["Connection"]["ConnectionProperties"]
    listed = [c for c in glue.get_connections(HidePassword=True)["ConnectionList"] if c["Name"] == name]
    assert "PASSWORD" not in listed[0]["ConnectionProperties"]
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
