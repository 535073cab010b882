"""`tarn preview` and `tarn profile`: a look at data from the command line, as the caller may see it."""
import os
import subprocess
import xml.dom.minidom

import pytest

from support.server import TARN

CSV = b'id,name,price\n1,"Ann, A",1.5\n2,<b>,\n3,Cy,7\n'


@pytest.fixture
def look(server, bucket, client, tmp_path):
    """look("preview", "s3://..", ..) -> (exit code, output, errors)"""
    client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=CSV)

    def run(*arguments, credentials=None):
        variables = {"AWS_ENDPOINT_URL": server.endpoint, **(credentials or {})}
        done = subprocess.run([str(TARN), *arguments, "--data-dir", str(server.data_dir)], capture_output=True, text=True,
                              cwd=tmp_path, env={"PATH": os.environ["PATH"], **variables}, timeout=60)
        return done.returncode, done.stdout, done.stderr

    run.bucket = bucket
    return run


def test_preview_prints_rows(look):
    code, out, errors = look("preview", f"s3://{look.bucket}/in/", "--rows", "2")
    assert (code, errors) == (0, "")
    lines = [line.split("  ") for line in out.splitlines()]
    assert lines[0][0] == "id" and len(lines) == 4 and "Ann, A" in out and "Cy" not in out


@pytest.mark.parametrize("body, shown", [
    (b"Serial number,38\nFirmware version,4.03,b\nDateTime,Lat,Lon\n20210624T040108,-35.1,174.3\n", "DateTime,Lat,Lon"),
    (b'{\n  "Report": {\n    "Release": "5.1"\n  }\n}\n', '"Release": "5.1"')])
def test_what_is_no_table_is_shown_as_it_begins(look, client, body, shown):
    client("s3").put_object(Bucket=look.bucket, Key="other/file", Body=body)
    code, out, errors = look("preview", f"s3://{look.bucket}/other/")
    assert (code, out) == (1, "") and "UnknownFormat" in errors and shown in errors


def test_preview_of_a_table(look, client, new_name):
    database = new_name("look").replace("-", "_")
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={
        "Name": "t", "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "string"}], "Location": f"s3://{look.bucket}/in/",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"}}})
    code, out, _ = look("preview", f"{database}.t")
    assert code == 0 and out.splitlines()[0].strip() == "a" and len(out.splitlines()) == 6


def test_profile_prints_numbers_and_draws_a_page(look, tmp_path):
    page = tmp_path / "page.html"
    code, out, errors = look("profile", f"s3://{look.bucket}/in/a.csv", "--page", str(page))
    assert (code, errors) == (0, "") and "3 rows, 3 columns" in out
    html = page.read_text()
    assert html.startswith("<!doctype html>") and "<b>" not in html and "&lt;b&gt;" in html
    assert "http" not in html  # nothing is fetched
    plots = html.split("<svg")[1:]
    assert len(plots) >= 3
    for plot in plots:
        xml.dom.minidom.parseString("<svg" + plot.split("</svg>")[0] + "</svg>")


def test_what_the_caller_may_not_see_stays_unseen(look, user):
    mine = user(None)
    code, out, errors = look("preview", f"s3://{look.bucket}/in/a.csv", credentials={
        "AWS_ACCESS_KEY_ID": mine["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": mine["SecretAccessKey"]})
    assert code == 1 and out == "" and "AccessDenied" in errors


@pytest.mark.parametrize("what, said", [("nonsense", "neither"), ("s3://no-such-bucket-at-all/x", "NoSuchBucket")])
def test_what_cannot_be_looked_at_is_said(look, what, said):
    code, out, errors = look("preview", what)
    assert code == 1 and out == "" and said in errors
