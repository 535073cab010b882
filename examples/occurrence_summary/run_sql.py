"""Runs SQL on Redshift Serverless through the Data API: a statement, or all of a file, and gives its rows."""
import dataclasses
import pathlib
import re
import time

import boto3

SQL_FOLDER = pathlib.Path(__file__).parent / "sql"
LONGEST_WAIT = 5.0


class StatementFailed(Exception):
    """Says which statement failed, and why."""


@dataclasses.dataclass
class Rows:
    columns: list
    rows: list

    def value(self):
        """The only value of the only row."""
        [[value]] = self.rows
        return value


class Redshift:
    def __init__(self, workgroup, database="dev"):
        self.client = boto3.client("redshift-data")
        self.where = {"WorkgroupName": workgroup, "Database": database}

    def run(self, sql):
        """The statement's rows; none where it gives none."""
        statement = self.client.execute_statement(Sql=sql, **self.where)["Id"]
        pause = 0.02
        while True:
            state = self.client.describe_statement(Id=statement)
            if state["Status"] == "FINISHED":
                break
            if state["Status"] in ("FAILED", "ABORTED"):
                reason = state.get("Error", "no reason was given")
                raise StatementFailed(f"{_first_line(sql)}\n{state['Status']}: {reason}")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_WAIT)
        return self._result(statement) if state.get("HasResultSet") else Rows([], [])

    def run_file(self, name, **values):
        """Each statement of sql/<name> in turn, {{key}} replaced by its value; the rows of each."""
        return [self.run(sql) for sql in statements(fill((SQL_FOLDER / name).read_text(), **values))]

    def _result(self, statement):
        pages = self.client.get_paginator("get_statement_result").paginate(Id=statement)
        result = Rows([], [])
        for page in pages:
            result.columns = [column["name"] for column in page["ColumnMetadata"]]
            result.rows += [[_value(field) for field in row] for row in page["Records"]]
        return result


def _value(field):
    [(kind, value)] = field.items()
    return None if kind == "isNull" else value


def _first_line(sql):
    lines = [line for line in sql.splitlines() if line.strip() and not line.lstrip().startswith("--")]
    return lines[0] if lines else sql


def fill(text, **values):
    """The text with each {{key}} replaced. A key without a value is an error."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match.group(1)], text)


# A comment, a quoted text (with \' and ''), a quoted name, a $$ body, the end of a statement.
PIECES = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:\\.|''|[^'\\])*'|\"[^\"]*\"|\$\$.*?\$\$|;", re.DOTALL)


def statements(text):
    """The statements of a file: cut at each ; that is not in a comment, a text or a body."""
    start = 0
    for piece in PIECES.finditer(text):
        if piece.group() == ";":
            yield text[start:piece.start()].strip()
            start = piece.end()
    if PIECES.sub(lambda piece: "" if piece.group()[:2] in ("--", "/*") else piece.group(), text[start:]).strip():
        yield text[start:].strip()
