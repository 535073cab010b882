"""Every fuzz target runs some seconds from its committed corpus, and finds the fault that is planted in its twin.

TARN_FUZZ_SECONDS says how long (1); a find is left in build/fuzz/finds.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "fuzz"
NAMES = sorted(source.name.removesuffix("_fuzz.cc") for source in HERE.glob("*_fuzz.cc"))
SECONDS = os.environ.get("TARN_FUZZ_SECONDS", "1")
PLANTED_SECONDS = "60"  # a limit; it takes about one


@pytest.fixture(scope="module")
def built():
    subprocess.run(["cmake", "-S", HERE, "-B", BUILD, "-G", "Ninja"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD], check=True, stdout=subprocess.DEVNULL)
    return BUILD


def run(built, name, program, seconds, folder):
    """The corpus is copied: what a run adds does not belong to the tree."""
    corpus = folder / "corpus"
    shutil.copytree(HERE / "corpus" / name, corpus)
    finds = built / "finds"
    finds.mkdir(exist_ok=True)
    command = [built / program, corpus, f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024", "-max_len=65536",
               "-seed=1", f"-artifact_prefix={finds}/{name}-"]  # fmt: skip
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found(built, name, tmp_path):
    done = run(built, name, f"{name}_fuzz", SECONDS, tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("name", NAMES)
def test_the_planted_fault_is_found(built, name, tmp_path):
    done = run(built, name, f"{name}_fuzz_planted", PLANTED_SECONDS, tmp_path)
    assert done.returncode != 0, "the run missed the planted fault"
    assert "deadly signal" in done.stdout, done.stdout[-4000:]
