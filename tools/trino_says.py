#!/usr/bin/env python3
"""Asks Trino itself and tarn's Athena the same queries, and shows where they differ.

    .deps/python/bin/python tools/trino_says.py QUERIES

QUERIES is a file with a query a line; lines that begin with '#' are left out. Trino 423 runs in a program of ours
(tools/trino), which wants a JDK 17 and Maven, and fetches 120 MB into .deps/trino once. Athena differs from Trino in some places of
its own: a difference is a question, not a verdict. Ends with 1 where there are any."""
import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
LIBRARIES = ROOT / ".deps" / "trino"
SAME_TYPES = {"real": "float"}  # as Athena names it


def trinos(queries, folder):
    if not LIBRARIES.exists():
        print("fetching Trino ..", file=sys.stderr)
        part = LIBRARIES.with_suffix(".part")
        subprocess.run(["mvn", "-q", "-B", "-f", str(ROOT / "tools/trino/pom.xml"), "dependency:copy-dependencies",
                        f"-DoutputDirectory={part}"], check=True)
        part.rename(LIBRARIES)
    asked, answered = folder / "queries", folder / "answers"
    asked.write_text("".join(json.dumps(sql) + "\n" for sql in queries))
    subprocess.run(["java", "-Xmx2g", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp", f"{LIBRARIES}/*",
                    str(ROOT / "tools/trino/TrinoSays.java"), str(asked), str(answered)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return [json.loads(line) for line in answered.read_text().splitlines()]


def tarns(queries):
    from support.athena import Workgroup
    from support.server import Server

    with Server() as server:
        athena = server.client("athena")
        server.client("s3").create_bucket(Bucket="compared")
        athena.create_work_group(Name="compared", Configuration={"EnforceWorkGroupConfiguration": False})
        server.client("glue").create_database(DatabaseInput={"Name": "compared"})
        workgroup = Workgroup(athena, "compared", "compared", "compared")

        def answer(sql):
            try:
                execution = workgroup.wait(workgroup.start(sql))
            except athena.exceptions.InvalidRequestException as error:
                return {"error": str(error)}
            if execution["Status"]["State"] != "SUCCEEDED":
                return {"error": execution["Status"]["StateChangeReason"]}
            pages = list(workgroup.pages(execution["QueryExecutionId"]))
            columns = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows = [[datum.get("VarCharValue") for datum in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
            return {"types": [c["Type"] for c in columns], "names": [c["Name"] for c in columns],
                    "rows": rows[1:] if execution["SubstatementType"] == "SELECT" else rows}

        with concurrent.futures.ThreadPoolExecutor(6) as threads:
            return list(threads.map(answer, queries))


def plain_type(name):
    name = name if name.startswith(("time", "interval")) else name.split("(")[0]
    return SAME_TYPES.get(re.sub(r"\(.*?\)", "", name), re.sub(r"\(.*?\)", "", name))


def to_milliseconds(value):
    """As Athena shows times, whatever their precision."""
    return value and re.sub(r"(\d\d:\d\d:\d\d)(?:\.(\d+))?", lambda m: f"{m[1]}.{((m[2] or '') + '000')[:3]}", value)


def difference(sql, trino, tarn):
    """What differs, in a word; None: nothing."""
    if "error" in trino:
        if "error" not in tarn:
            return "Trino refuses it"
        return None if trino["error"] in tarn["error"] and trino["code"] in tarn["error"] else "another error"
    if "error" in tarn:
        return "tarn refuses it"
    of_trino, of_tarn = ([[to_milliseconds(value) for value in row] for row in answer["rows"]] for answer in (trino, tarn))
    if "ORDER BY" not in sql.upper():
        of_trino, of_tarn = sorted(of_trino, key=str), sorted(of_tarn, key=str)
    if of_trino != of_tarn:
        return "other rows"
    if [plain_type(t) for t in trino["types"]] != [plain_type(t) for t in tarn["types"]]:
        return "other types"
    return None if trino["names"] == tarn["names"] else "other names"


def shown(answer):
    if "error" in answer:
        return f"{answer.get('code', '')} {answer['error']}".strip()[:300]
    return f"{answer['types']} {answer['rows']}"[:300]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queries", type=pathlib.Path, metavar="QUERIES")
    lines = parser.parse_args().queries.read_text().splitlines()
    queries = [line for line in lines if line.strip() and not line.startswith("#")]
    with tempfile.TemporaryDirectory() as folder:
        answers = zip(queries, trinos(queries, pathlib.Path(folder)), tarns(queries), strict=True)
    different = 0
    for sql, trino, tarn in answers:
        if what := difference(sql, trino, tarn):
            different += 1
            print(f"{what}: {sql}\n  Trino  {shown(trino)}\n  tarn   {shown(tarn)}")
    print(f"{len(queries)} queries, {different} answered differently")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
