"""The store alone, killed at random points under eighty writers of ten kinds: what it acknowledged is there and whole, nothing is
half visible, and it opens quickly. Then on a disk that forgets what was not synced (lossy_disk.cc), which kill -9 alone
does not show; and a store with syncing off must fail there, or the disk would prove nothing.
TARN_CRASH_POINTS sets the number of kills (the long run is 200)."""
import collections
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import pytest

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
POINTS = int(os.environ.get("TARN_CRASH_POINTS", 4))
OPEN_LIMIT_MS = 1000


class CrashingStore:
    """One data directory, written to and killed round after round; knows all that was ever said of it."""

    def __init__(self, directory, lossy=False, sync=True):
        self.directory, self.lossy, self.sync = directory, lossy, sync
        self.round, self.said = 0, []
        self.chance = random.Random(os.environ.get("TARN_CRASH_SEED", f"{lossy} {sync}"))

    def write_and_crash(self, how="a"):
        """Returns, by kind, how many writes were in flight."""
        self.round += 1
        command = [BUILD / "crash_store", "write", self.directory / "data", str(self.round)]
        environment = dict(os.environ)
        fifo = self.directory / "trigger"
        if self.lossy:
            if not fifo.exists():
                os.mkfifo(fifo)
            environment.update(LD_PRELOAD=str(BUILD / "liblossy_disk.so"), LOSSY_DIR=str(self.directory / "data"),
                               LOSSY_TRIGGER=str(fifo))
        process = subprocess.Popen(command + ([] if self.sync else ["--no-sync"]), env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stdout))
        reader.start()
        deadline = time.monotonic() + 20
        while not said and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2 + self.chance.random() * 0.6)
        if self.lossy:
            with open(fifo, "w") as trigger:
                trigger.write(how)
        else:
            process.kill()
        code = process.wait(60)
        reader.join()
        assert code == -signal.SIGKILL, process.stderr.read()
        failed = [line for line in said if line.startswith("!")]
        assert not failed, failed[:3]
        self.said += [line for line in said if line.endswith("\n")]
        in_flight = {line[2:] for line in said if line[0] == "+"} - {line[2:] for line in said if line[0] == "="}
        return collections.Counter(name.split("-")[0] for name in in_flight)

    def check(self):
        done = subprocess.run([BUILD / "crash_store", "check", self.directory / "data"], input="".join(self.said),
                              capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr


def crash_and_check(store, points, ways="a"):
    unacknowledged = []
    for point in range(points):
        in_flight = store.write_and_crash(ways[point % len(ways)])
        code, said = store.check()
        assert code == 0, said[:4000]
        opened = int(said.split("opened in ")[1].split()[0])
        assert opened < OPEN_LIMIT_MS, f"opening took {opened} ms"
        unacknowledged.append(sum(in_flight.values()))
    print(f"{points} kills; unacknowledged at each: {unacknowledged}; at the last one: {dict(in_flight)}; {said.strip()}")
    assert min(unacknowledged) > 0, "no writes were in flight: the test has shown nothing"


def test_kill_9(tmp_path):
    crash_and_check(CrashingStore(tmp_path), POINTS)


@pytest.mark.parametrize("ways", ["a", "r"], ids=["all unsynced writes lost", "some unsynced writes lost"])
def test_a_disk_that_forgets(tmp_path, ways):
    crash_and_check(CrashingStore(tmp_path, lossy=True), POINTS, ways)


def test_a_store_that_does_not_sync_is_caught(tmp_path):
    store = CrashingStore(tmp_path, lossy=True, sync=False)
    store.write_and_crash()
    code, said = store.check()
    lost = "was acknowledged and is gone" in said or "that were acknowledged are missing" in said
    assert code != 0 and lost, f"the disk forgot nothing: {said[:2000]}"
