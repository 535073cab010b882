"""Why: Java programs come to Redshift by JDBC, with Amazon's driver or PostgreSQL's, and these have habits of their own on the wire: dates
with a zone and without a type, portals that are fetched in parts, binary values after a while, cancelling over a second connection."""
import os
import pathlib
import shutil
import subprocess
import uuid

import pytest

from support.redshift import make_warehouse

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVERS = pathlib.Path(os.environ.get("TARN_DEPS", ROOT / ".deps")) / "jdbc"
PASSWORD = f"Sesame-{uuid.uuid4().hex[:12]}-1"
UNCHECKED = {"redshift": ["sslfactory=com.amazon.redshift.ssl.NonValidatingFactory"], "postgresql": ["sslmode=require"]}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The folder of the compiled program."""
    if shutil.which("javac") is None:
        pytest.skip("there is no JDK: install one (17 or newer) to test JDBC")
    if not list(DRIVERS.glob("redshift-jdbc42-*.jar")) or not list(DRIVERS.glob("postgresql-*.jar")):
        pytest.skip(f"the JDBC drivers are not in {DRIVERS}: run tools/setup.sh clients, with a JDK and Maven installed")
    folder = tmp_path_factory.mktemp("jdbc")
    sources = [str(pathlib.Path(__file__).with_name(name)) for name in ("Jdbc.java", "JdbcCatalog.java")]
    subprocess.run(["javac", "-d", str(folder), *sources], check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def workgroup(client, new_name):
    return make_warehouse(client, new_name, adminUsername="awsuser", adminUserPassword=PASSWORD).workgroup


@pytest.fixture
def jdbc(program, server):
    """jdbc(driver, table, *properties) -> the lines that it printed. Table "-": it says who it is."""

    def run(driver, table, *properties, main="Jdbc"):
        jars = ":".join(str(jar) for jar in DRIVERS.glob("*.jar"))
        url = f"jdbc:{driver}://localhost:{server.redshift_port}/dev"
        done = subprocess.run(["java", "-Duser.timezone=UTC", "-cp", f"{program}:{jars}", main, url, table, *properties],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr[-4000:]
        return done.stdout.splitlines()

    return run


@pytest.fixture
def temporary(server, user, allow, workgroup):
    """Temporary credentials, which say themselves which workgroup they are for; both drivers take them as user and password."""
    theirs = user(allow("redshift-serverless:GetCredentials"))
    given = server.client("redshift-serverless", credentials=theirs).get_credentials(workgroupName=workgroup)
    return [f"user={given['dbUser']}", f"password={given['dbPassword']}"], f"IAM:{theirs['UserName']}|dev"


@pytest.mark.parametrize("driver", ["redshift", "postgresql"])
def test_a_program(jdbc, driver, workgroup, new_name):
    table = new_name("jdbc").replace("-", "_").lower()
    lines = jdbc(driver, table, "user=awsuser", f"password={PASSWORD}", *UNCHECKED[driver])
    assert lines == [
        # types
        "1", "1", "1|-2|1099511627776|12345.678|2.25|O'Brien \\|2024-02-29|12:34:56|2024-01-02 03:04:05.678|2024-01-02 01:04:05",
        "2|null|null|null|null|null|null|null|null|null", *["1"] * 7,
        # batches
        "250", "[3, 1]", "249|1",
        # transactions, cursors
        "249", "42P01", "25P02", "between", "249", "42601",
        # errors, a query that is cancelled
        "42601", "42703", "22012", "22P02", "42883", "57014", "alive",
        # metadata
        "public.true", "id int4 11", "label varchar 20", "id 4 10", "name 12 20", "dev true"]


@pytest.mark.parametrize("driver", ["redshift", "postgresql"])
def test_what_tools_ask(jdbc, driver, workgroup, new_name):
    schema = new_name("tools").replace("-", "_").lower()
    amazon = driver == "redshift"
    keys = ["parents id children parent 1", "parents code children code 2"]
    int4, int8, varchar = ("integer", "bigint", "character varying") if amazon else ("int4", "int8", "varchar")
    assert jdbc(driver, schema, "user=awsuser", f"password={PASSWORD}", *UNCHECKED[driver], main="JdbcCatalog") == [
        # names
        "true true", f"schema {schema}", "table children TABLE", "table parents TABLE", "table amounts VIEW", "column n -5 int8 19 0 NO 1",
        "column parent 4 int4 10 0 YES 2", "column code 12 varchar 10 0 YES 3", "column amount 2 numeric 9 2 YES 4",
        "column day 91 date 13 0 YES 5", "anywhere true", "true true", "version ctid",
        # keys; Amazon's driver knows no indexes
        "primary id 1 parents_pkey", "primary code 2 parents_pkey",
        *[f"{of} {key}" for of in ("imported", "exported", "crossed") for key in keys],
        *([] if amazon else ["index n f"]), "row n",
        # routines
        "procedure adds", "procedure does", "procedure swaps", f"argument {'' if amazon else 'returnValue'} {0 if amazon else 5} {varchar}",
        f"argument a 1 {int4}", f"argument b 2 {varchar}", "function adds", f"parameter {int8}", f"parameter {int4}", f"parameter {int4}",
        # statements
        "source children", "source children", "source ", "takes int4", "takes date", "takes varchar", "takes numeric", "takes int4 date",
        "done 5", "swapped b5", "changed changed"]


@pytest.mark.parametrize("driver", ["redshift", "postgresql"])
def test_temporary_credentials_and_verified_tls(jdbc, driver, server, temporary):
    who, expected = temporary
    trusted = f"sslrootcert={server.data_dir / 'tls' / 'server.crt'}"
    assert jdbc(driver, "-", *who, "sslmode=verify-full", trusted) == [expected]
    off = "ssl=false" if driver == "redshift" else "sslmode=disable"
    assert jdbc(driver, "-", *who, off) == [expected]
