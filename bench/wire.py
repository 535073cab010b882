"""The PostgreSQL wire's row: an INSERT of one row, durable, on one connection, beside the engine's own durable commit of the same
row in a file of the same file system. Each is timed in turn, so that the disk is the same for both.

The client is a few lines of sockets, so that what is measured is the server, not a driver.
"""
import socket
import statistics
import struct
import tempfile
import time

INSERTS = 200
PASSWORD = "Passw0rdPassw0rd"


class Wire:
    """One connection, logged in with a cleartext password; query() waits until the server is ready again."""

    def __init__(self, port, user, password, database, warehouse):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        body = struct.pack(">i", 196608)
        for text in ("user", user, "database", database, "options", f"-c warehouse={warehouse}", ""):
            body += text.encode() + b"\0"
        self.socket.sendall(struct.pack(">i", len(body) + 4) + body)
        self.message()
        self.send(b"p", password.encode() + b"\0")
        self.until_ready()

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack(">i", len(body) + 4) + body)

    def message(self):
        while True:
            if len(self.buffer) >= 5:
                length = struct.unpack(">i", self.buffer[1:5])[0]
                if len(self.buffer) > length:
                    kind, body = self.buffer[:1], self.buffer[5:length + 1]
                    self.buffer = self.buffer[length + 1:]
                    return kind, body
            got = self.socket.recv(65536)
            if not got:
                raise RuntimeError("the server closed the connection")
            self.buffer += got

    def until_ready(self):
        while True:
            kind, body = self.message()
            if kind == b"E":
                raise RuntimeError(body.replace(b"\0", b" ").decode())
            if kind == b"Z":
                return

    def query(self, sql):
        self.send(b"Q", sql.encode() + b"\0")
        self.until_ready()


def measure(rows, server_class, rounds):
    import duckdb

    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder, server_class(folder + "/data") as server:
        serverless = server.client("redshift-serverless")
        serverless.create_namespace(namespaceName="bench", adminUsername="awsuser", adminUserPassword=PASSWORD)
        serverless.create_workgroup(namespaceName="bench", workgroupName="bench")
        wire = Wire(server.redshift_port, "awsuser", PASSWORD, "dev", "bench")
        engine = duckdb.connect(folder + "/plain.db", config={"threads": 2})
        for run in (wire.query, engine.execute):
            run("create table t (id int, name varchar(20))")

        def timed(run):
            started = time.perf_counter()
            for i in range(INSERTS):
                run(f"insert into t values ({i}, 'a name')")
            return (time.perf_counter() - started) * 1000 / INSERTS

        timed(wire.query), timed(engine.execute)  # warm
        pairs = [(timed(wire.query), timed(engine.execute)) for _ in range(rounds)]
        ours, theirs = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        rows.append(("INSERT of one row on the PostgreSQL wire, durable", f"{ours:.2f} ms",
                     f"{theirs:.2f} ms DuckDB's own commit", ours / theirs))
        wire.query("select 1")
        started = time.perf_counter()
        for _ in range(INSERTS):
            wire.query("select 1")
        trivial = (time.perf_counter() - started) * 1000 / INSERTS
        rows.append(("trivial statement on the PostgreSQL wire", f"{trivial:.2f} ms", "3 ms", trivial / 3))
