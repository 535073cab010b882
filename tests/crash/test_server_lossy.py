"""The server on a disk that forgets what was not synced (lossy_disk.cc): the same load and the same checks as under
kill -9, which alone keeps the page cache and would let a forgotten sync pass."""
import os
import pathlib
import random
import threading
import time

import pytest
from crash.test_server_crash import WRITERS, Load, prepare, verify
from support.server import Server

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
POINTS = int(os.environ.get("TARN_CRASH_POINTS", 2))

pytestmark = pytest.mark.own_server


class LossyServer(Server):
    def start(self):
        self.trigger = self.data_dir.with_name(self.data_dir.name + ".trigger")
        if not self.trigger.exists():
            os.mkfifo(self.trigger)
        shim = {"LD_PRELOAD": str(BUILD / "liblossy_disk.so"), "LOSSY_DIR": str(self.data_dir), "LOSSY_TRIGGER": str(self.trigger)}
        os.environ.update(shim)
        try:
            return super().start()
        finally:
            for name in shim:
                del os.environ[name]

    def crash(self, how):
        with open(self.trigger, "w") as trigger:
            trigger.write(how)
        self.process.wait(30)


def test_acknowledged_writes_survive_a_disk_that_forgets(tmp_path):
    server = LossyServer(tmp_path / "data")
    (tmp_path / "data").mkdir()
    server.start()
    prepare(server)
    chance = random.Random(os.environ.get("TARN_CRASH_SEED", "tarn"))
    total = 0
    try:
        for point in range(POINTS):
            load = Load(server)
            threads = [threading.Thread(target=load.run, args=item, daemon=True) for item in WRITERS.items()]
            for thread in threads:
                thread.start()
            time.sleep(0.3 + chance.random())
            load.stop.set()
            server.crash("ar"[point % 2])
            for thread in threads:
                thread.join(60)
            assert not hasattr(load, "failure"), load.failure
            server.start()
            verify(server, load)
            total += len(load.acknowledged)
        print(f"{POINTS} crashes, {total} acknowledged writes")
        assert total > 0, "no load was on the server: the test has shown nothing"
        assert any("lossy disk: took back" in line for line in server.output), "the disk forgot nothing"
    finally:
        server.kill()
