"""A PostgreSQL server of the machine's own, on loopback, with a directory of its own, for whoever reads from one."""
import glob
import os
import shutil
import socket
import subprocess
import time

import pytest

USER, PASSWORD, DATABASE = "owner", "Open-Sesame_1'", "sales"


def binaries():
    for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True) + [os.path.dirname(shutil.which("initdb") or "")]:
        if folder and os.path.exists(f"{folder}/initdb") and os.path.exists(f"{folder}/postgres"):
            return folder
    pytest.skip("no PostgreSQL server on this machine: apt install postgresql, or tools/setup.sh clients")


class Postgres:
    def __init__(self, folder):
        self.folder, self.port, self.host = str(folder), free_port(), "127.0.0.1"
        # It refuses to run as root.
        self.as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        self.binaries = binaries()
        if self.as_user:
            shutil.chown(self.folder, "nobody", "nogroup")
        password = f"{self.folder}/password"
        with open(password, "w") as out:
            out.write(PASSWORD)
        os.chmod(password, 0o644)
        self.run("initdb", "-D", f"{self.folder}/data", "-U", USER, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8",
                 "--no-sync")
        self.process = subprocess.Popen(
            [f"{self.binaries}/postgres", "-D", f"{self.folder}/data", "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off", "-c", "log_statement=all"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(f"{self.folder}/log", "wb"), cwd=self.folder,
            **self.as_user)
        for _ in range(1000):
            if subprocess.run([f"{self.binaries}/pg_isready", "-q", "-h", self.host, "-p", str(self.port)]).returncode == 0:
                break
            assert self.process.poll() is None, self.log()
            time.sleep(0.02)
        self.sql(f"CREATE DATABASE {DATABASE}", database="postgres")

    def run(self, program, *arguments):
        done = subprocess.run([f"{self.binaries}/{program}", *arguments], cwd=self.folder, capture_output=True, text=True, **self.as_user)
        assert done.returncode == 0, done.stderr

    def sql(self, text, database=DATABASE):
        done = subprocess.run(
            [f"{self.binaries}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", str(self.port), "-U",
             USER, "-d", database, "-c", text], env={"PGPASSWORD": PASSWORD, "PATH": os.environ["PATH"]}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log(self):
        with open(f"{self.folder}/log") as text:
            return text.read()

    def connection(self, glue, name, **properties):
        """A Glue connection to it; properties replace what it says."""
        said = {"JDBC_CONNECTION_URL": f"jdbc:postgresql://{self.host}:{self.port}/{DATABASE}", "USERNAME": USER, "PASSWORD": PASSWORD,
                **properties}
        glue.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC",
                                                "ConnectionProperties": {k: v for k, v in said.items() if v is not None}})
        return name

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    binaries()
    import tempfile
    folder = tempfile.mkdtemp(prefix="tarn-pg-")  # a short path: it holds a socket
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
