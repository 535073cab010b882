"""Runs the files of cases in redshift/: each in a database of its own, all its statements in one session, through the Data API.

    statement ok                  the statement, up to an empty line, succeeds
    statement error <text>        it fails, and the error contains the text
    query <name>:<type> ...       its columns (`?` for the whole: columns are not looked at), then after ---- its rows, one a line,
                                  values separated by |, NULL for null
    file <key>                    the text up to an empty line becomes that object of {bucket}
    object <key>                  that object's text is what stands behind ---- (or after the line)

{bucket}, {role} and {new} (a new name: users are the namespace's) are put in. Lines that start with # are comments."""
import pathlib
import re

import pytest

from support.cases import cases

HERE = pathlib.Path(__file__).parent
FILES = sorted(HERE.glob("redshift/*.test"))


def shown(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Runner:
    def __init__(self, warehouse, s3, bucket, database):
        self.warehouse, self.s3, self.bucket, self.new = warehouse, s3, bucket, database
        answer = warehouse.submit("SELECT 1", Database=database, SessionKeepAliveSeconds=600)
        warehouse.wait(answer["Id"])
        self.session = answer["SessionId"]

    def text(self, lines):
        return "\n".join(lines).replace("{bucket}", self.bucket).replace("{role}", self.warehouse.role) \
            .replace("{new}", self.new)

    def describe(self, lines):
        return self.warehouse.describe(self.text(lines), SessionId=self.session)

    def run(self, command, body):
        word, _, rest = command.partition(" ")
        if word == "statement":
            kind, _, expected = rest.partition(" ")
            description = self.describe(body)
            if kind == "ok":
                assert description["Status"] == "FINISHED", description.get("Error")
            else:
                assert description["Status"] == "FAILED", "it succeeded"
                assert self.text([expected]) in description["Error"], description["Error"]
        elif word == "query":
            self.query(rest.split(), body)
        elif word == "file":
            self.s3.put_object(Bucket=self.bucket, Key=rest, Body=(self.text(body) + "\n").encode())
        elif word == "object":
            assert self.s3.get_object(Bucket=self.bucket, Key=rest)["Body"].read().decode() == self.text(body) + "\n"
        else:
            raise AssertionError(f"unknown command {word!r}")

    def query(self, columns, body):
        split = body.index("----")
        description = self.describe(body[:split])
        assert description["Status"] == "FINISHED", description.get("Error")
        page = self.warehouse.data.get_statement_result(Id=description["Id"])
        if columns != ["?"]:
            assert [f"{c['name']}:{c['typeName']}" for c in page["ColumnMetadata"]] == columns
        rows = ["|".join(shown(None if f.get("isNull") else next(iter(f.values()))) for f in row) for row in page["Records"]]
        if columns == ["?"] and len(rows) == 1:  # one value of several lines
            rows = rows[0].split("\n")
        assert rows == [self.text([line]) for line in body[split + 1:]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(path, warehouse, client, new_name):
    s3 = client("s3")
    bucket = new_name("sql")
    s3.create_bucket(Bucket=bucket)
    database = re.sub(r"\W", "_", new_name(path.stem))
    warehouse.run(f"CREATE DATABASE {database}")
    runner = Runner(warehouse, s3, bucket, database)
    failures = []
    for line, command, body in cases(path):
        try:
            runner.run(command, body)
        except AssertionError as error:
            failures.append(f"{path.name}:{line}: {command}: {str(error).splitlines()[0] if str(error) else 'differs'}")
        except Exception as error:  # a client error: as much a failure of the case
            failures.append(f"{path.name}:{line}: {command}: {type(error).__name__}: {error}")
    assert not failures, "\n" + "\n".join(failures)
