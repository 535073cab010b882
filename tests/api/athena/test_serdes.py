"""Files as each SerDe that Athena documents reads them, and partitions that a table's properties project."""
import bz2
import datetime
import gzip
import io
import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.avro import avro_file


@pytest.fixture
def make(workgroup, put, table):
    """make(columns, clauses, files) makes the table over those files."""

    def run(columns, clauses, files, partitions=""):
        for name, body in files.items():
            put(f"{table}/{name}", body)
        workgroup.run(f"CREATE EXTERNAL TABLE {table} ({columns}) {partitions} {clauses[0]} "
                      f"LOCATION 's3://{workgroup.bucket}/{table}/' {clauses[1] if len(clauses) > 1 else ''}")
        return lambda sql="SELECT * FROM {t}": workgroup.rows(sql.format(t=table))

    return run


def test_delimited_text(make):
    rows = make("n int, d double, t string, b boolean, day date, at timestamp", [
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' ESCAPED BY '\\\\'", "TBLPROPERTIES ('skip.header.line.count'='1')"], {
        "a.txt": "n|d|t|b|day|at\n1|1.5|a\\|b|true|2024-02-29|2024-01-02 03:04:05.5\n",
        "b.txt.gz": gzip.compress(b"header\nx|\\N||maybe|soon|later|more\n2\n")})
    assert sorted(rows(), key=str) == sorted([
        ["1", "1.5", "a|b", "true", "2024-02-29", "2024-01-02 03:04:05.500"],
        [None, None, "", None, None, None],
        ["2", None, None, None, None, None]], key=str)


def test_nested_delimited_text(make):
    rows = make("a array<int>, m map<string,int>, s struct<x:int,y:array<string>>", [
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' COLLECTION ITEMS TERMINATED BY ';' MAP KEYS TERMINATED BY ':'"], {
        "a": "1;2;3,k:1;l:2,7;p:q\n"})
    assert rows("SELECT a[2], m['l'], s.x, s.y FROM {t}") == [["2", "2", "7", "[p, q]"]]


def test_open_csv(make):
    rows = make("n int, t string, day date, at timestamp", [
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        "WITH SERDEPROPERTIES ('separatorChar'=';', 'quoteChar'='\\'')"], {
        "a.csv": "'1';'a;b''c';'19782';'1704164645000'\n;'';;\n"})
    assert rows() == [["1", "a;b'c", "2024-02-29", "2024-01-02 03:04:05.000"], [None, "", None, None]]


def test_open_csv_says_what_does_not_fit(make, workgroup, table):
    make("n int", ["ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"], {"a.csv": '"one"\n'})
    error = workgroup.error(f"SELECT * FROM {table}")
    assert error.startswith("HIVE_BAD_DATA: Error parsing field value 'one'")


JSON_LINES = "\n".join([
    json.dumps({"Id": 1, "name": "a", "tags": ["x", "y"], "facts": {"A": 2, "b": {"k": 1.5}}, "extra": 1}),
    json.dumps({"id": 2, "name": {"nested": True}, "facts": None}), ""])


@pytest.mark.parametrize("serde", ["org.apache.hive.hcatalog.data.JsonSerDe", "org.openx.data.jsonserde.JsonSerDe"])
def test_json(make, serde):
    rows = make("id int, name string, tags array<string>, facts struct<a:int,b:map<string,double>>",
                [f"ROW FORMAT SERDE '{serde}'"], {"a.json": JSON_LINES})
    assert rows("SELECT id, name, tags, facts.a, facts.b['k'] FROM {t} WHERE id = 1") == [["1", "a", "[x, y]", "2", "1.5"]]
    assert rows("SELECT id, name, tags, facts FROM {t} WHERE id = 2") == [["2", '{"nested":true}', None, None]]


def test_openx_options(make, workgroup, table):
    rows = make("time_at string, a_b int, n int", [
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ("
        "'ignore.malformed.json'='true', 'dots.in.keys'='true', 'mapping.time_at'='time')"], {
        "a": '{"time": "now", "a.b": 1, "n": 2}\n{broken\n'})
    assert sorted(rows(), key=str) == sorted([["now", "1", "2"], [None, None, None]], key=str)


def test_broken_json_is_an_error(make, workgroup, table):
    make("n int", ["ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'"], {"a": '{"n": 1}\n{broken\n'})
    assert workgroup.error(f"SELECT * FROM {table}").startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")


def test_regular_expressions(make):
    rows = make("host string, status int", [
        r"ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES "
        r"('input.regex'='^(\\S+) - \"[^\"]*\" (\\d+)$')"], {"a.log": '1.2.3.4 - "GET /" 200\nnothing\n'})
    assert sorted(rows(), key=str) == sorted([["1.2.3.4", "200"], [None, None]], key=str)


def test_grok(make):
    rows = make("at string, queue_id string, message string", [
        "ROW FORMAT SERDE 'com.amazonaws.glue.serde.GrokSerDe' WITH SERDEPROPERTIES ("
        "'input.grokCustomPatterns' = 'POSTFIX_QUEUEID [0-9A-F]{7,12}', "
        "'input.format'='%{SYSLOGTIMESTAMP:at} %{HOST} %{PROG}: %{POSTFIX_QUEUEID:queue_id}: %{GREEDYDATA:message}') "
        "STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat' "
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'"], {
        "a.log": "Feb  9 07:15:00 m4 postfix: B88C4120838: connect from unknown\n"})
    assert rows() == [["Feb  9 07:15:00", "B88C4120838", "connect from unknown"]]


def test_grok_of_whole_logs(make):
    """The parts of a pattern that names others, as crawlers write it for a web server's logs."""
    rows = make("clientip string, verb string, response string, bytes string, referrer string", [
        "ROW FORMAT SERDE 'com.amazonaws.glue.serde.GrokSerDe' WITH SERDEPROPERTIES ('input.format'='%{COMBINEDAPACHELOG}') "
        "STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat' "
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'"], {
        "a.log": '10.0.0.7 - ann [09/Feb/2024:07:15:00 +0000] "GET /a.csv HTTP/1.1" 200 17 "http://b/" "curl"\n'})
    assert rows() == [["10.0.0.7", "GET", "200", "17", '"http://b/"']]


def test_cloudtrail(make):
    records = {"Records": [{"eventVersion": "1.08", "eventTime": "2024-01-01T00:00:00Z", "userIdentity": {
        "type": "IAMUser", "accountId": "1"}, "requestParameters": {"bucketName": "b"}, "resources": [{"ARN": "a"}]}]}
    rows = make("eventversion string, useridentity struct<type:string,accountid:string>, requestparameters string, "
                "resources array<struct<arn:string,accountid:string,type:string>>", [
                    "ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde' STORED AS INPUTFORMAT "
                    "'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT "
                    "'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'"], {
        "a.json.gz": gzip.compress(json.dumps(records).encode())})
    assert rows("SELECT eventversion, useridentity.type, requestparameters, resources[1].arn FROM {t}") == [
        ["1.08", "IAMUser", '{"bucketName":"b"}', "a"]]


def test_parquet_by_name(make):
    file = io.BytesIO()
    pq.write_table(pa.table({"B": [1, 2], "extra": ["x", "y"]}), file)
    rows = make("a string, b bigint", ["STORED AS PARQUET"], {"a.parquet": file.getvalue()})
    assert rows("SELECT a, b FROM {t} ORDER BY b") == [[None, "1"], [None, "2"]]


AVRO = {"type": "record", "name": "r", "fields": [{"name": "name", "type": "string"}, {"name": "n", "type": "long"}]}


def test_avro(make):
    file = avro_file(AVRO, [{"name": "one", "n": 1}, {"name": "two", "n": -2}])
    rows = make("name string, n bigint, other string", ["STORED AS AVRO"], {"a.avro": file})
    assert rows("SELECT name, n, other FROM {t} ORDER BY n") == [["two", "-2", None], ["one", "1", None]]


def test_avro_by_logical_types(make):
    schema = {"type": "record", "name": "r", "fields": [
        {"name": "Day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
        {"name": "micro", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
        {"name": "inner", "type": {"type": "record", "name": "i", "fields": [
            {"name": "x", "type": "int"}, {"name": "gone", "type": "string"}]}},
        {"name": "list", "type": {"type": "array", "items": ["null", "string"]}}]}
    file = avro_file(schema, [{"Day": 19782, "at": 1704164645678, "micro": None, "inner": {"x": 5, "gone": "g"}, "list": ["a", None]}])
    rows = make("list array<string>, `inner` struct<y:int,x:bigint>, micro timestamp, at timestamp, day date", ["STORED AS AVRO"],
                {"a.avro": file})
    assert rows("SELECT day, at, micro, \"inner\".x, \"inner\".y, list FROM {t}") == [
        ["2024-02-29", "2024-01-02 03:04:05.678", None, "5", None, "[a, null]"]]


def hadoop_blocks(codec, text):
    packed = pa.compress(text, codec=codec, asbytes=True)
    return struct.pack(">II", len(text), len(packed)) + packed


@pytest.mark.parametrize("name, body", [
    ("a.bz2", bz2.compress(b"1,a\n") + bz2.compress(b"2,b\n")),
    ("a.snappy", hadoop_blocks("snappy", b"1,a\n") + hadoop_blocks("snappy", b"2,b\n")),
    ("a.lz4", hadoop_blocks("lz4_raw", b"1,a\n2,") + hadoop_blocks("lz4_raw", b"b\n")),
    ("a.lz4", pa.compress(b"1,a\n2,b\n", codec="lz4", asbytes=True)),
], ids=["bzip2", "snappy", "lz4", "lz4 frame"])
def test_compressed_text(make, workgroup, table, name, body):
    rows = make("n int, t string", ["ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"], {name: body})
    assert rows() == [["1", "a"], ["2", "b"]]


@pytest.mark.parametrize("ending", ["bz2", "snappy", "lz4"])
def test_damaged_compressed_text(make, workgroup, table, ending):
    make("n int", [""], {f"a.{ending}": b"\x00\x00\x00\x10\xff\xff\xff\xff nonsense"})
    assert workgroup.error(f"SELECT * FROM {table}").startswith("HIVE_CURSOR_ERROR: Failed to read: the ")


def test_projection_of_all_kinds(make, workgroup, put, table):
    for kind, n, day, body in [("a", "007", "2024/01/05", "1\n"), ("b", "008", "2024/01/06", "2\n"), ("a", "008", "2024/02/01", "3\n")]:
        put(f"{table}/{kind}/{n}/{day}/f.txt", body)
    at = f"s3://{workgroup.bucket}/{table}"
    rows = make("v int", ["", "TBLPROPERTIES ('projection.enabled'='true', 'projection.kind.type'='enum', "
                "'projection.kind.values'='a,b', 'projection.n.type'='integer', 'projection.n.range'='1,20', "
                "'projection.n.digits'='3', 'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd', "
                f"'projection.day.range'='2024/01/01,NOW', 'storage.location.template'='{at}/${{kind}}/${{n}}/${{day}}')"],
                {}, "PARTITIONED BY (kind string, n int, day string)")
    assert rows("SELECT v, kind, n, day FROM {t} WHERE day < '2024/02/01' AND n IN (7, 8) ORDER BY v") == [
        ["1", "a", "7", "2024/01/05"], ["2", "b", "8", "2024/01/06"]]
    assert rows("SELECT v FROM {t} WHERE kind = 'a' AND day BETWEEN '2024/01/01' AND '2024/02/28' ORDER BY v") == [["1"], ["3"]]


def test_injected_projection_needs_its_value(make, workgroup, put, table):
    put(f"{table}/device=x1/f.txt", "1\n")
    rows = make("v int", ["", "TBLPROPERTIES ('projection.enabled'='true', 'projection.device.type'='injected')"], {},
                "PARTITIONED BY (device string)")
    assert rows("SELECT v, device FROM {t} WHERE device = 'x1'") == [["1", "x1"]]
    assert rows("SELECT v FROM {t} WHERE device IN ('x1', 'x2')") == [["1"]]
    assert "the WHERE clause must contain only static equality conditions" in workgroup.error(f"SELECT * FROM {table}")


def test_projection_is_on_tarns_clock_and_says_what_is_missing(make, workgroup, put, table):
    today = datetime.datetime.now(datetime.timezone.utc)
    put(f"{table}/day={today:%Y-%m-%d}/f.txt", "1\n")
    rows = make("v int", ["", "TBLPROPERTIES ('projection.enabled'='true', 'projection.day.type'='date', "
                "'projection.day.format'='yyyy-MM-dd', 'projection.day.range'='NOW-3DAYS,NOW+1DAYS')"], {},
                "PARTITIONED BY (day string)")
    assert rows("SELECT v FROM {t}") == [["1"]]
    workgroup.run(f"ALTER TABLE {table} SET TBLPROPERTIES ('projection.day.type'='weekly')")
    assert "enum, integer, date and injected are known" in workgroup.error(f"SELECT * FROM {table}")
