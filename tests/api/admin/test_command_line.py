"""The command as somebody meets it who has never used it: what is wrong is said in one line, and what to do instead."""
import os
import subprocess

import pytest

from support.server import TARN


def tarn(*arguments):
    environment = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
    done = subprocess.run([str(TARN), *arguments], capture_output=True, text=True, timeout=30, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_help_is_there_for_everything():
    status, text, _ = tarn("--help")
    assert status == 0 and "tarn serve" in text and 'eval "$(tarn env)"' in text
    for command in ("serve", "env", "backup", "restore", "check", "preview", "profile", "mail", "clock", "events"):
        assert f"  {command} " in text
        status, own, _ = tarn(command, "--help")
        assert status == 0 and f"tarn {command}" in own
    assert "HOST:PORT" in tarn("serve", "--help")[1] and "DIR" in tarn("serve", "--help")[1]
    assert tarn("--version")[1].startswith("tarn ")


@pytest.mark.parametrize("arguments, words", [
    ((), "tarn serve"),
    (("frobnicate",), "'frobnicate' is no command of tarn"),
    (("serve", "--lisen", "1"), "--lisen"),
    (("backup",), "DIR is required"),
    (("clock",), "subcommand"),
])
def test_a_wrong_line(arguments, words):
    status, _, said = tarn(*arguments)
    assert status == 2 and words in said


def test_no_server(tmp_path):
    status, _, said = tarn("clock", "show", "--data-dir", str(tmp_path))
    assert status == 1 and "tarn serve" in said
    status, _, said = tarn("mail", "--endpoint", "http://127.0.0.1:1", "--data-dir", str(tmp_path))
    assert status == 1


@pytest.mark.own_server
def test_a_server_that_has_stopped(tmp_path):
    from support.server import Server
    server = Server(tmp_path / "data").start()
    server.stop()
    status, _, said = tarn("mail", "--data-dir", str(server.data_dir))
    assert status == 1 and "no server answers at" in said and "tarn serve" in said
