"""The pages that say what of a dialect's reference works are made from the cases, so they must follow them."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_pages_of_the_sql_references_are_current():
    done = subprocess.run(["python3", ROOT / "tools" / "sql_reference.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
