"""PutObject and GetObject of 1 KB and 64 MiB over 1 and 32 connections, beside nginx that serves the same bytes and takes
them by WebDAV PUT, and beside a loop of appends that share an fdatasync. The load comes from build/bench_load, whose
threads interrupt no server (SCHED_BATCH)."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOAD = ROOT / "build" / "bench_load"
SECONDS = 1.0

NGINX = """
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 10000000;
  client_body_temp_path {folder}/body;
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/files;
    location / {{ {dav} }}
  }}
}}
"""


def load(*arguments):
    done = subprocess.run([str(LOAD), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)["per_second"]


class Nginx:
    def __init__(self, folder, port):
        self.folder, self.port = pathlib.Path(folder), port
        (self.folder / "files" / "bench").mkdir(parents=True)
        (self.folder / "body").mkdir()
        built = subprocess.run(["nginx", "-V"], capture_output=True, text=True)
        self.has_put = "http_dav_module" in built.stderr
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(folder=self.folder, port=port, dav="dav_methods PUT;" if self.has_put else ""))
        subprocess.run(["chmod", "-R", "777", str(self.folder)], check=True)
        self.process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(self.folder)])
        time.sleep(0.3)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def measure(rows, make_server, rounds):
    import socket
    import statistics

    if not LOAD.exists():
        raise RuntimeError("build/bench_load is not built")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free_port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder, make_server() as server:
        # nginx drops its rights when started as root: the way to its files must be open.
        pathlib.Path(folder).chmod(0o755)
        nginx = Nginx(pathlib.Path(folder) / "nginx", free_port) if shutil.which("nginx") else None
        try:
            key = server.accounts()[0]
            server.client("s3").create_bucket(Bucket="bench")
            ours = ["--endpoint", server.endpoint, "--key", f"{key['access_key_id']}:{key['secret_access_key']}"]
            theirs = ["--endpoint", f"http://127.0.0.1:{free_port}"]
            for size, label in ((1000, "1 KB"), (64 << 20, "64 MiB")):
                for connections in (1, 32):
                    for verb in ("PUT", "GET"):
                        common = ["--verb", verb, "--size", size, "--connections", connections, "--seconds", SECONDS]
                        results = {"tarn": [], "nginx": []}
                        for _ in range(rounds if size < 1 << 20 else 3):
                            results["tarn"].append(load(*ours, *common))
                            if nginx and (verb == "GET" or nginx.has_put):
                                results["nginx"].append(load(*theirs, *common))
                        mine = statistics.median(results["tarn"])
                        name = f"{verb} {label}, {connections} connection{'s' if connections > 1 else ''}"
                        if results["nginx"]:
                            other = statistics.median(results["nginx"])
                            rows.append((name, f"{mine:,.0f}/s", f"nginx {other:,.0f}/s", mine / other))
                        else:
                            rows.append((name, f"{mine:,.0f}/s", "nginx is not here", float("nan")))
                        if verb == "PUT" and size == 1000:
                            limit = load("--verb", "SYNC", "--size", size, "--connections", connections, "--seconds", SECONDS,
                                         "--file", str(pathlib.Path(folder) / "log"))
                            rows.append((name, f"{mine:,.0f}/s", f"grouped fdatasync loop {limit:,.0f}/s", mine / limit))
        finally:
            if nginx:
                nginx.stop()
