"""Runs the files of cases in athena/: each in a database of its own, statement by statement, as Athena's clients see them.

    statement ok                  the statement, up to an empty line, succeeds
    statement error <text>        it fails, and the error contains the text
    query                         after ---- its rows, one a line, values separated by |, NULL for null

{bucket} and {database} are put in. Lines that start with # are comments. Queries that follow each other run at once."""
import pathlib
import re

import pytest
from botocore.exceptions import ClientError

from support.athena import Workgroup, make_workgroup
from support.cases import cases

HERE = pathlib.Path(__file__).parent
FILES = sorted(HERE.glob("athena/*.test"))
AT_ONCE = 8


@pytest.fixture(scope="module")
def athena(client, new_name):
    return make_workgroup(client, new_name)


class Runner:
    def __init__(self, workgroup, database):
        self.workgroup, self.database = workgroup, database
        self.started = []  # (line, rows expected, execution)

    def text(self, lines):
        return "\n".join(lines).replace("{bucket}", self.workgroup.bucket).replace("{database}", self.database)

    def run(self, line, command, body):
        word, _, rest = command.partition(" ")
        if word == "query":
            split = body.index("----")
            self.started.append((line, body[split + 1:], self.workgroup.start(self.text(body[:split]))))
            if len(self.started) == AT_ONCE:
                self.settle()
            return
        self.settle()
        kind, _, expected = rest.partition(" ")
        assert word == "statement" and kind in ("ok", "error"), f"unknown command {command!r}"
        if kind == "ok":
            self.workgroup.run(self.text(body))
            return
        try:
            said = self.workgroup.error(self.text(body))
        except ClientError as refused:  # when it is started
            said = str(refused)
        assert self.text([expected]) in said, said

    def settle(self):
        """Waits for the queries that were started and compares their rows."""
        started, self.started = self.started, []
        for line, expected, identifier in started:
            execution = self.workgroup.wait(identifier)
            assert execution["Status"]["State"] == "SUCCEEDED", (line, execution["Status"].get("StateChangeReason"))
            rows = ["|".join("NULL" if "VarCharValue" not in datum else datum["VarCharValue"] for datum in row["Data"])
                    for page in self.workgroup.pages(identifier) for row in page["ResultSet"]["Rows"]]
            skipped = execution.get("SubstatementType") == "SELECT"
            if not skipped:  # SHOW COLUMNS and its like pad their lines
                rows = [row.rstrip(" \t") for row in rows]
            assert rows[skipped:] == [self.text([row]) for row in expected], f"line {line}"


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_cases(path, athena, new_name):
    database = re.sub(r"\W", "_", new_name("sql")).lower()
    athena.run(f"CREATE DATABASE {database}")
    runner = Runner(Workgroup(athena.athena, athena.name, athena.bucket, database), database)
    for line, command, body in cases(path):
        try:
            runner.run(line, command, body)
        except AssertionError as wrong:
            raise AssertionError(f"{path.name}:{line}: {wrong}") from None
    runner.settle()
