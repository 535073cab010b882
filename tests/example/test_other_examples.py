"""The examples are promises: a crawled lake that two engines agree about, also over restarts of the server, and months of
scheduled functions on a virtual clock whose counts are those that Python comes to."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def demo(*arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "demo.py", *arguments], capture_output=True, text=True, timeout=400,
        env={**os.environ, "ARCHIVE": "", "KEEP": "", "EXAMPLES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_lakehouse():
    said = demo("lakehouse", "--sample", "3000", "--restart-between-steps")
    assert "Athena and Redshift agree about species" in said
    assert "Athena and Redshift agree about usage" in said
    assert (ROOT / "build" / "occurrences.html").read_text().startswith("<!doctype html>")


def test_months_of_the_chain():
    said = demo("monthly_chain", "--sample", "300", "--months", "3")
    assert said.count("both chains come to the same counts") == 3
    assert said.count("they are Python's") == 3
    assert "nothing failed for good" in said
