"""The protocol cases as tests and generator both see them."""

import json
import pathlib
import re

CASES = pathlib.Path(__file__).resolve().parents[2] / ".deps" / "protocol-cases"
# What tarn speaks; the files of other protocols (CBOR) are left alone.
FILES = ("json", "json_1_0", "json_1_0-query-compatible", "query", "ec2", "rest-json", "rest-xml")
ENDS = ("input", "output")


def suites(end, file):
    """(namespace, suite) of each suite in one file. The namespace names the generated code."""
    prefix = re.sub(r"\W", "_", f"{end}_{file}")
    for number, suite in enumerate(json.loads((CASES / end / f"{file}.json").read_text())):
        for case in suite["cases"]:
            if file == "query" and "output" in case["given"]:  # which services' models have and the cases' leave out
                case["given"]["output"].setdefault("resultWrapper", case["given"]["name"] + "Result")
        yield f"{prefix}_{number}", suite
