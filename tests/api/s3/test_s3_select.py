"""Why: programs read summaries by S3 Select and parse each Records event by itself, so a record must never be split over two; and what is
wrong with a statement must be said before the stream begins."""
import bz2
import gzip
import json

import pytest
from botocore.exceptions import ClientError

ROWS = [("Puma concolor", 3, "US"), ("Lynx rufus", 11, "CA"), ('Ocelot, "spotted"', 7, "MX"), ("Felis catus", 0, "")]


def quoted(value):
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


CSV = "species,count,country\n" + "".join(",".join(map(quoted, row)) + "\n" for row in ROWS)
JSON_LINES = "".join(json.dumps({"species": s, "count": c, "where": {"country": k}}) + "\n" for s, c, k in ROWS)


@pytest.fixture(scope="module")
def data(client, new_name):
    import io

    import pandas
    name = new_name("select")
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    parquet = io.BytesIO()
    pandas.DataFrame(ROWS, columns=["species", "count", "country"]).to_parquet(parquet)
    for key, body in (("t.csv", CSV.encode()), ("t.csv.gz", gzip.compress(CSV.encode())), ("t.csv.bz2", bz2.compress(CSV.encode())),
                      ("t.jsonl", JSON_LINES.encode()), ("t.json", json.dumps({"rows": [dict(zip("sck", r)) for r in ROWS]}).encode()),
                      ("t.parquet", parquet.getvalue()), ("empty.csv", b""),
                      ("big.csv", b"id,text\n" + b"".join(b"%d,%s\n" % (i, b"x" * (i % 300)) for i in range(30_000)))):
        s3.put_object(Bucket=name, Key=key, Body=body)
    return name


@pytest.fixture(scope="module")
def select(client, data):
    """select(key, sql, input, output) -> (the records' bytes, all events in order)"""

    def run(key, sql, given=None, output=None, **more):
        answer = client("s3").select_object_content(
            Bucket=data, Key=key, Expression=sql, ExpressionType="SQL", InputSerialization=given or {"CSV": {"FileHeaderInfo": "USE"}},
            OutputSerialization=output or {"CSV": {}}, **more)
        events = list(answer["Payload"])
        return b"".join(e["Records"]["Payload"] for e in events if "Records" in e).decode(), events

    return run


def kinds(events):
    return [next(iter(e)) for e in events if "Cont" not in e]


def test_csv(select):
    text, events = select("t.csv", "SELECT s.species FROM s3object s WHERE s.country = 'CA'")
    assert text == "Lynx rufus\n"
    assert kinds(events) == ["Records", "Stats", "End"]
    stats = events[-2]["Stats"]["Details"]
    assert (stats["BytesScanned"], stats["BytesProcessed"], stats["BytesReturned"]) == (len(CSV), len(CSV), len(text))


def test_all_columns(select):
    assert select("t.csv", "SELECT * FROM s3object s")[0] == CSV.partition("\n")[2]


def test_headers(select):
    assert select("t.csv", "SELECT _1 FROM s3object s LIMIT 2", {"CSV": {"FileHeaderInfo": "NONE"}})[0] == "species\nPuma concolor\n"
    assert select("t.csv", "SELECT s._2 FROM s3object s LIMIT 2", {"CSV": {"FileHeaderInfo": "Ignore"}})[0] == "3\n11\n"


def test_compressed(select):
    for key, kind in (("t.csv.gz", "GZIP"), ("t.csv.bz2", "BZIP2")):
        text, events = select(key, "SELECT count(*) FROM s3object s", {"CSV": {"FileHeaderInfo": "USE"}, "CompressionType": kind})
        assert text == "4\n"
        assert events[-2]["Stats"]["Details"]["BytesProcessed"] == len(CSV)
    with pytest.raises(ClientError, match="InvalidCompressionFormat.*GZIP is not applicable to the queried object"):
        select("t.csv", "SELECT count(*) FROM s3object s", {"CSV": {"FileHeaderInfo": "USE"}, "CompressionType": "GZIP"})


def test_json_lines(select):
    text, _ = select("t.jsonl", "SELECT s.species, s.\"where\".country AS c FROM s3object s WHERE s.\"count\" > 5",
                     {"JSON": {"Type": "LINES"}}, {"JSON": {}})
    told = [json.loads(line) for line in text.splitlines()]
    assert told == [{"species": "Lynx rufus", "c": "CA"}, {"species": 'Ocelot, "spotted"', "c": "MX"}]


def test_json_document(select):
    text, _ = select("t.json", "SELECT r.s FROM s3object[*].rows[*] r WHERE r.c = 3", {"JSON": {"Type": "DOCUMENT"}}, {"JSON": {}})
    assert text == '{"s":"Puma concolor"}\n'


def test_parquet(select):
    text, _ = select("t.parquet", "SELECT s.species, s.count FROM s3object s WHERE s.count > 5", {"Parquet": {}}, {"JSON": {}})
    told = [json.loads(line) for line in text.splitlines()]
    assert told == [{"species": "Lynx rufus", "count": 11}, {"species": 'Ocelot, "spotted"', "count": 7}]


def test_partiql_lists(select):
    text, _ = select("t.csv", "SELECT s.species FROM s3object s WHERE s.country IN ['US','CA']")
    assert text == "Puma concolor\nLynx rufus\n"


def test_output_forms(select):
    sql = "SELECT s.species, s.country FROM s3object s LIMIT 1"
    assert select("t.csv", sql, output={"CSV": {"QuoteFields": "ALWAYS", "FieldDelimiter": "\t", "RecordDelimiter": ";"}})[0] == (
        '"Puma concolor"\t"US";')
    assert select("t.csv", sql, output={"JSON": {"RecordDelimiter": ","}})[0] == '{"species":"Puma concolor","country":"US"},'


def test_records_are_never_split(select):
    for output in ({"CSV": {}}, {"JSON": {}}):
        text, events = select("big.csv", "SELECT s.id, s.text FROM s3object s", output=output, RequestProgress={"Enabled": True})
        payloads = [e["Records"]["Payload"] for e in events if "Records" in e]
        assert len(payloads) > 10 and all(p.endswith(b"\n") for p in payloads)
        assert len(text.splitlines()) == 30_000
        assert [e for e in events if "Progress" in e]
        assert kinds(events)[-2:] == ["Stats", "End"]


def test_nothing_to_tell(select):
    text, events = select("t.csv", "SELECT * FROM s3object s WHERE s.country = 'none'")
    assert text == "" and kinds(events) == ["Stats", "End"]
    assert select("empty.csv", "SELECT count(*) FROM s3object s", {"CSV": {}})[0] == "0\n"
    for header in ("NONE", "USE", "IGNORE"):
        assert select("empty.csv", "SELECT * FROM s3object s", {"CSV": {"FileHeaderInfo": header}})[0] == ""


@pytest.mark.parametrize("sql,given,code", [
    ("SELEC * FROM s3object", None, "ParseUnexpectedToken"),
    ("SELECT no_such_function(s.species) FROM s3object s", None, "UnsupportedFunction"),
    ("SELECT * FROM s3object s", {"CSV": {"FileHeaderInfo": "PERHAPS"}}, "InvalidFileHeaderInfo"),
    ("SELECT * FROM s3object s", {"CSV": {}, "JSON": {"Type": "LINES"}}, "InvalidDataSource"),
    ("SELECT * FROM s3object s", {"CSV": {}, "CompressionType": "RAR"}, "InvalidCompressionFormat"),
])
def test_what_is_refused(select, sql, given, code):
    with pytest.raises(ClientError) as error:
        select("t.csv", sql, given)
    assert error.value.response["Error"]["Code"] == code


def test_rights_and_missing_objects(user_client, allow, data, refused, s3):
    arguments = {"Bucket": data, "Expression": "SELECT * FROM s3object", "ExpressionType": "SQL", "InputSerialization": {"CSV": {}},
                 "OutputSerialization": {"CSV": {}}}
    with refused("AccessDenied", 403):
        user_client("s3", None).select_object_content(Key="t.csv", **arguments)
    with refused("NoSuchKey", 404):
        s3.select_object_content(Key="none", **arguments)


def test_scan_ranges_share_out_the_records(select, s3, data):
    """Each record belongs to the range that has its first byte, so that ranges side by side give all records once."""
    size = s3.head_object(Bucket=data, Key="big.csv")["ContentLength"]
    ids = []
    for start in range(0, size, 1_000_000):
        text, _ = select("big.csv", "SELECT s._1 FROM s3object s", {"CSV": {"FileHeaderInfo": "NONE"}},
                         ScanRange={"Start": start, "End": min(size, start + 1_000_000)})
        ids += text.splitlines()
    assert ids == ["id"] + [str(i) for i in range(30_000)]


def test_a_record_that_is_too_long_ends_the_stream(select, s3, data):
    from botocore.exceptions import EventStreamError
    s3.put_object(Bucket=data, Key="long.csv", Body=b"short\n" + b"x" * (1 << 20) + b"yz\n")
    with pytest.raises((EventStreamError, ClientError)) as error:
        select("long.csv", "SELECT * FROM s3object s", {"CSV": {}})
    assert error.value.response["Error"]["Code"] == "OverMaxRecordSize"


def test_many_at_once(server, data):
    import concurrent.futures
    boto = server.client("s3")

    def count(i):
        answer = boto.select_object_content(
            Bucket=data, Key="big.csv", Expression=f"SELECT count(*) FROM s3object s WHERE CAST(s.id AS INT) >= {i * 1000}",
            ExpressionType="SQL", InputSerialization={"CSV": {"FileHeaderInfo": "USE"}}, OutputSerialization={"CSV": {}})
        return b"".join(e["Records"]["Payload"] for e in answer["Payload"] if "Records" in e)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert list(pool.map(count, range(12))) == [b"%d\n" % (30_000 - i * 1000) for i in range(12)]


def test_a_client_that_leaves(server, data):
    boto = server.client("s3")
    for _ in range(3):
        answer = boto.select_object_content(
            Bucket=data, Key="big.csv", Expression="SELECT * FROM s3object s", ExpressionType="SQL",
            InputSerialization={"CSV": {"FileHeaderInfo": "USE"}}, OutputSerialization={"CSV": {}})
        next(iter(answer["Payload"]))
        answer["Payload"].close()
    assert boto.head_object(Bucket=data, Key="t.csv")["ContentLength"] == len(CSV)
