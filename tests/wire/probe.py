"""The program wire_probe, asked one question at a time."""

import contextlib
import json
import os
import pathlib
import subprocess

BUILD = pathlib.Path(os.environ.get("TARN_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))


@contextlib.contextmanager
def running():
    process = subprocess.Popen([BUILD / "wire_probe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(**command):
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    assert process.wait(10) == 0
