"""What the catalog's tests share: a fresh database, and tables in it."""
import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="session")
def glue(client):
    return client("glue")


@pytest.fixture
def database(glue, new_name):
    name = new_name("db").replace("-", "_")
    glue.create_database(DatabaseInput={"Name": name})
    return name


@pytest.fixture
def partitioned(glue, database):
    """partitioned(("year", "int"), ...) -> the name of a table in the database with those partition keys."""

    def make(*keys, name="t"):
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": name,
                "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://bucket/t/"},
                "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys],
            },
        )
        return name

    return make


@pytest.fixture(scope="session")
def refused():
    """refused(call, **arguments) -> (code, message) of the error that the call must give."""

    def make(call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return make
