"""Fetches botocore's own protocol cases and AWS's signature vectors: they are in its source package only, not in the
installed one.

    .deps/python/bin/python tests/wire/fetch_cases.py

leaves them in .deps/protocol-cases/{input,output}/*.json and .deps/protocol-cases/aws4_testsuite/, and does nothing when
those of the installed version are there.
"""

import pathlib
import subprocess
import sys
import tarfile
import tempfile

import botocore

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = ROOT / ".deps" / "protocol-cases"
VECTORS = CASES / "aws4_testsuite"
WANTED = {  # folder of the package -> ours
    "tests/unit/protocols/input/": CASES / "input",
    "tests/unit/protocols/output/": CASES / "output",
    "tests/unit/auth/aws4_testsuite/": VECTORS,
}


def fetch():
    stamp = CASES / "version"
    if stamp.exists() and stamp.read_text() == botocore.__version__ and VECTORS.is_dir():
        return
    with tempfile.TemporaryDirectory() as folder:
        package = f"botocore=={botocore.__version__}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-binary", ":all:", "--no-deps", "-d", folder, package]
        subprocess.run(command, check=True)
        (archive,) = pathlib.Path(folder).glob("botocore-*.tar.gz")
        with tarfile.open(archive) as tar:
            for member in tar:
                _, _, name = member.name.partition("/")
                inside = next((folder for folder in WANTED if name.startswith(folder)), None)
                if not member.isfile() or inside is None:
                    continue
                target = WANTED[inside] / name[len(inside) :]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(tar.extractfile(member).read())
    stamp.write_text(botocore.__version__)


if __name__ == "__main__":
    fetch()
