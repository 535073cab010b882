"""The example is the promise: the monthly summary runs from one end to the other, survives a restart of the server
between any two steps, and tells a user which right is missing. Its readers take what others' archives look like."""
import datetime
import json
import os
import pathlib
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "occurrence_summary"
DATA = pathlib.Path(os.environ["TARN_DATA"]) if os.environ.get("TARN_DATA") else ROOT.parent / "shared" / "data"
# Regions of their own: databases, schemas and workgroups of other tests are elsewhere.
REGION, OTHER_REGION = "us-west-2", "eu-west-3"

sys.path.insert(0, str(EXAMPLE))
import archives  # noqa: E402
import load  # noqa: E402
import run_sql  # noqa: E402


def run_example(server, bucket, region, *arguments, credentials=None):
    environment = {**os.environ, **server.environment(region=region)}
    if credentials:
        environment["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]
        environment["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]
    command = [sys.executable, EXAMPLE / "workflow.py", "--bucket", bucket, "--month", "2024-11-01", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture
def bucket_name(new_name):
    return new_name("specnet")


def test_runs_twice_on_a_sample(server, bucket_name):
    for _ in range(2):  # the second month finds the first one's tables and objects
        done = run_example(server, bucket_name, REGION, "--sample", "3000")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the mounted month has 3,000 records" in done.stdout
        assert "non-zeros are the list's" in done.stdout
        assert "reads back as it was written" in done.stdout


def test_a_user_without_get_object_is_told(server, user, bucket_name):
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}],
    }
    name = user(policy)
    done = run_example(server, bucket_name, OTHER_REGION, "--sample", "500", credentials=name)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "read with pandas, failed" in done.stderr
    key = f"arn:aws:s3:::{bucket_name}/summary/dataset_counts_2024_11_01_000.parquet"
    assert f"user/{name['UserName']} is not authorized to perform: s3:GetObject on resource: \"{key}\"" in done.stderr
    assert "because no identity-based policy allows the s3:GetObject action" in done.stderr


def test_restarts_between_all_steps():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "demo.py", "occurrence_summary", "--sample", "1000", "--restart-between-steps"],
        capture_output=True, text=True, timeout=300, env={**os.environ, "ARCHIVE": "", "KEEP": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "done in" in done.stdout


def test_real_archive(server, new_name):
    fishes, plants = DATA / "specify" / "kui-dwca.zip", DATA / "bison" / "gbif_2022-02-15_1k.tsv"
    if not (fishes.is_file() and plants.is_file()):
        pytest.skip(f"the real data is not in {DATA} (TARN_DATA names its folder)")
    done = run_example(server, new_name("specnet"), "ca-central-1", "--archive", fishes, "--gbif-table", plants)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the mounted month has 43,751 records" in done.stdout
    assert "the subset has 42,276 records" in done.stdout


# --- readers ---------------------------------------------------------------------------------------------------------

META = """<archive xmlns="http://rs.tdwg.org/dwc/text/">
  <core rowType="http://rs.tdwg.org/dwc/terms/Occurrence" encoding="{encoding}" fieldsTerminatedBy="{delimiter}"
        linesTerminatedBy="\\n" fieldsEnclosedBy='{quote}' ignoreHeaderLines="{header}">
    <files><location>o.txt</location></files>
    <id index="0"/>
    <field index="1" term="http://rs.tdwg.org/dwc/terms/genus"/>
    <field index="2" term="http://rs.tdwg.org/dwc/terms/specificEpithet"/>
    <field index="3" term="http://rs.tdwg.org/dwc/terms/decimalLatitude"/>
    <field index="4" term="http://rs.tdwg.org/dwc/terms/decimalLongitude"/>
    <field index="5" term="http://rs.tdwg.org/dwc/terms/recordedBy"/>
    <field term="http://rs.tdwg.org/dwc/terms/basisOfRecord" default="PreservedSpecimen"/>
  </core>
</archive>"""


def make_archive(folder, rows, delimiter=",", quote='"', header=0, encoding="utf-8", meta=True):
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        if meta:
            shown = delimiter.replace("\t", "\\t")
            archive.writestr("meta.xml", META.format(delimiter=shown, quote=quote, header=header, encoding=encoding))
        archive.writestr("o.txt" if meta else "o.csv", "\n".join(rows).encode(encoding))
    return path


@pytest.mark.parametrize(
    "rows, form",
    [
        (["1,Salmo,trutta,1.5,-2,\"Ray, J|Linnæus\"", "2,Salmo,,,,"], {}),
        (["id,genus,e,y,x,who", "1,Salmo,trutta,1.5,-2,\"Ray, J|Linnæus\"", "2,Salmo,,,,"], {"header": 1}),
        (["1\tSalmo\ttrutta\t1.5\t-2\tRay, J|Linnæus", "2\tSalmo\t\t\t\t"], {"delimiter": "\t", "quote": ""}),
        (["1;Salmo;trutta;1.5;-2;Ray, J|Linnæus", "2;Salmo;;;;"], {"delimiter": ";", "encoding": "latin-1"}),
    ],
)
def test_archives_of_all_forms(tmp_path, rows, form):
    first, second = (load.interpret(r) for r in archives.read_archive(make_archive(tmp_path, rows, **form)))
    assert (first["species"], first["taxonrank"]) == ("Salmo trutta", "SPECIES")
    assert first["basisofrecord"] == "PRESERVED_SPECIMEN"
    assert (first["decimallatitude"], first["decimallongitude"]) == (1.5, -2.0)
    assert first["recordedby"] == ["Ray, J", "Linnæus"] and first["occurrenceid"] == "1"
    assert first["occurrencestatus"] == "PRESENT" and first["datasetkey"] == second["datasetkey"]
    assert second["taxonrank"] == "GENUS" and "species" not in second and "decimallatitude" not in second


def test_archive_without_description(tmp_path):
    rows = ["occurrenceID,genus,specificEpithet,country", "x,Salmo,trutta,Norway"]
    [row] = (load.interpret(r) for r in archives.read_archive(make_archive(tmp_path, rows, meta=False)))
    assert (row["occurrenceid"], row["species"]) == ("x", "Salmo trutta")


def test_bad_archives_are_named(tmp_path):
    path = tmp_path / "not.zip"
    path.write_text("no")
    for bad in (path, tmp_path / "absent.zip"):
        with pytest.raises(archives.ArchiveError, match=bad.name):
            list(archives.read_archive(bad))


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"decimallatitude": "91", "decimallongitude": "0"}, {"decimallatitude": None, "decimallongitude": None}),
        ({"decimallatitude": "1", "decimallongitude": "nan"}, {"decimallatitude": None, "decimallongitude": None}),
        ({"year": "1909", "month": "4"}, {"year": 1909, "month": 4, "day": None}),
        ({"minimumdepthinmeters": "2", "maximumdepthinmeters": "4"}, {"depth": 3.0, "depthaccuracy": 1.0}),
        ({"license": "https://creativecommons.org/licenses/by-nc/4.0/legalcode"}, {"license": "CC_BY_NC_4_0"}),
        ({"license": "http://creativecommons.org/publicdomain/zero/1.0/"}, {"license": "CC0_1_0"}),
        ({"individualcount": "0"}, {"occurrencestatus": "ABSENT", "individualcount": 0}),
        ({"genus": "A", "specificepithet": "b", "infraspecificepithet": "c"}, {"taxonrank": "INFRASPECIFIC_NAME"}),
        ({"issue": "A;B", "mediatype": "StillImage"}, {"issue": ["A", "B"], "mediatype": ["StillImage"]}),
        (
            {"lastinterpreted": "2022-02-15T04:15:02.913+02:00"},
            {"lastinterpreted": datetime.datetime(2022, 2, 15, 2, 15, 2, 913000)},
        ),
    ],
)
def test_interpretation(given, expected):
    row = load.interpret(given)
    assert set(row) <= set(load.COLUMNS) and len(load.COLUMNS) == 50
    assert {name: row.get(name) for name in expected} == expected


def test_statements_are_cut_where_they_end():
    text = """-- a; comment
    SELECT 'a;\\'b;', "c;d" /* e; */;
    CREATE PROCEDURE p() AS $$ BEGIN x; END; $$ LANGUAGE plpgsql;
    -- nothing; more"""
    assert [s.splitlines()[-1].strip()[:6] for s in run_sql.statements(text)] == ["SELECT", "CREATE"]


def test_policies_are_json():
    for path in (EXAMPLE / "policies").glob("*.json"):
        json.loads(run_sql.fill(path.read_text(), bucket="b"))
