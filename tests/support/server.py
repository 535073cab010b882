"""A tarn server for tests: starts build/tarn on a data directory, stops it, kills it, and makes clients for it."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARN = pathlib.Path(os.environ.get("TARN_BINARY", ROOT / "build" / "tarn"))
START_LIMIT_SECONDS = 20
SESSION = boto3.session.Session()  # its loader reads each service model once


class Server:
    """REQUIRES: build/tarn. The port is chosen by the system at the first start and kept over restarts."""

    def __init__(self, data_dir=None, *args):
        self._temporary = None
        if data_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="tarn-test-", ignore_cleanup_errors=True)
            data_dir = self._temporary.name
        self.data_dir = pathlib.Path(data_dir)
        self.args = list(args)
        self.endpoint = None
        self.redshift_port = None
        self.process = None
        self.output = []

    def start(self):
        listen = self.endpoint.removeprefix("http://") if self.endpoint else "127.0.0.1:0"
        wire = [] if "--redshift-listen" in self.args else ["--redshift-listen", f"127.0.0.1:{self.redshift_port or 0}"]
        command = [str(TARN), "serve", "--listen", listen, *wire, "--data-dir", str(self.data_dir), *self.args]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ready, listening = threading.Event(), threading.Event()

        def read(stream):
            for line in stream:
                self.output.append(line.rstrip("\n"))
                match = re.search(r"listening on (http://\S+)", line)
                if match:
                    self.endpoint = match.group(1)
                    listening.set()
                match = re.search(r"redshift +\S+:(\d+)", line)
                if match:
                    self.redshift_port = int(match.group(1))
                if "use it" in line:  # the greeting's last lines
                    ready.set()
            ready.set()

        self._reader = threading.Thread(target=read, args=(self.process.stdout,), daemon=True)
        self._reader.start()
        if not ready.wait(START_LIMIT_SECONDS) or not listening.is_set():
            raise RuntimeError("the server did not start:\n" + "\n".join(self.output[-50:]))
        return self

    def stop(self):
        """Every server that is told to end is a test of that: it ends in time, and with 0."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            if self.process.wait(30) != 0:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n" + "\n".join(self.output[-50:]))
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def restart(self):
        self.stop()
        return self.start()

    def accounts(self):
        return json.loads((self.data_dir / "accounts.json").read_text())["accounts"]

    @property
    def account(self):
        return self.accounts()[0]["account"]

    def environment(self, account=None, region="us-east-1"):
        """The variables that `tarn env` prints."""
        entry = next(a for a in self.accounts() if account in (None, a["account"]))
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": entry["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": entry["secret_access_key"],
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        }

    def client(self, service, *, region="us-east-1", account=None, credentials=None, config=None, **kwargs):
        """A boto3 client of the account's root, or with `credentials` (a dict as STS returns it, or of an access key)."""
        if credentials is None:
            entry = next(a for a in self.accounts() if account in (None, a["account"]))
            credentials = {"AccessKeyId": entry["access_key_id"], "SecretAccessKey": entry["secret_access_key"]}
        options = Config(retries={"max_attempts": 1, "mode": "standard"}, inject_host_prefix=False, read_timeout=60,
                         parameter_validation=False)  # the server shall be seen to refuse, not the client
        return SESSION.client(
            service, region_name=region, endpoint_url=self.endpoint,
            aws_access_key_id=credentials["AccessKeyId"], aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            config=options.merge(config) if config else options, **kwargs)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        if self._temporary:
            self._temporary.cleanup()
