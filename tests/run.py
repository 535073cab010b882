"""Runs every test, kind by kind, and prints the time of each.

    .deps/python/bin/python tests/run.py [KIND ...] [-- PYTEST ARGUMENTS]

KIND is one of those that `--list` prints; without one, all run. The black-box kinds share one server, started here.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
WORKERS = "4"  # a test mostly waits for the server or the client library, so more than the cores

sys.path.insert(0, str(ROOT / "tests"))

# kind -> folders below tests/, and whether they use the one shared server
PYTEST_KINDS = {
    "tidy": (["tidy"], False),
    "wire": (["wire"], False),
    "api": (["api"], True),
    "sql": (["sql"], True),
    "clients": (["clients"], True),
    "example": (["example"], True),
    "restart": (["restart"], False),
    "crash": (["crash"], False),
    "badinput": (["badinput"], False),
    "fuzz": (["fuzz"], False),
}
KINDS = ["unit", *PYTEST_KINDS]


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_junit(path):
    """A broken or missing report counts as one failure: a kind that ended without telling is not a pass."""
    tally = Tally()
    try:
        suites = ElementTree.parse(path).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        tally.failed = 1
        return tally
    for suite in suites:
        number = lambda name: int(suite.get(name, 0))  # noqa: E731
        failed = number("failures") + number("errors")
        skipped = number("skipped") + number("disabled")
        tally.failed += failed
        tally.skipped += skipped
        tally.passed += number("tests") - failed - skipped
    return tally


def with_signature_vectors(environment):
    """AWS's signature vectors come in botocore's source package; without a way to it, that one test says it is skipped."""
    sys.path.insert(0, str(ROOT / "tests" / "wire"))
    import fetch_cases

    try:
        fetch_cases.fetch()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"  the signature vectors could not be fetched: {error}", flush=True)
    if fetch_cases.VECTORS.is_dir():
        environment.setdefault("TARN_SIGV4_VECTORS", str(fetch_cases.VECTORS))
    return environment


def run_unit():
    """All GoogleTest executables, two at a time; prints the output of those that fail."""
    reports = BUILD / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    # What the build made, not what lies in the folder: a removed test's old executable does not run.
    names = re.findall(r"^build (test_\w+):", (BUILD / "build.ninja").read_text(), re.M)
    names = sorted({n for n in names if (BUILD / n).exists()})

    environment = with_signature_vectors(dict(os.environ))

    def one(name):
        report = reports / f"{name}.xml"
        report.unlink(missing_ok=True)
        done = subprocess.run([str(BUILD / name), f"--gtest_output=xml:{report}", "--gtest_brief=1"], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        tally = Tally()
        try:
            root = ElementTree.parse(report).getroot()
            tally.failed = int(root.get("failures", 0)) + int(root.get("errors", 0))
            tally.skipped = sum(1 for case in root.iter("testcase") if case.find("skipped") is not None)
            tally.passed = int(root.get("tests", 0)) - tally.failed - tally.skipped
        except (OSError, ElementTree.ParseError):
            tally.failed = 1
        if done.returncode != 0 and tally.failed == 0:
            tally.failed = 1
        return name, done, tally

    total = Tally()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, done, tally in pool.map(one, names):
            total.add(tally)
            print(f"  {name}: {tally}", flush=True)
            if tally.failed:
                print(done.stdout[-8000:], flush=True)
    if not names:
        total.failed = 1
        print("  no unit test was built", flush=True)
    return total


def run_pytest(kind, folders, environment, extra):
    present = [str(ROOT / "tests" / f) for f in folders if (ROOT / "tests" / f).is_dir()]
    if not present:
        return Tally()
    report = BUILD / "reports" / f"{kind}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    parallel = ["-n", WORKERS] if PYTEST_KINDS[kind][1] else []
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "tests" / "pytest.ini"), f"--junitxml={report}", "-rs",
               "--durations=5", *parallel, *extra, *present]
    code = subprocess.run(command, env=environment, cwd=ROOT / "tests").returncode
    tally = read_junit(report)
    if code not in (0, 5) and tally.failed == 0:
        tally.failed = 1
    return tally


def main():
    arguments = sys.argv[1:]
    extra = []
    if "--" in arguments:
        extra = arguments[arguments.index("--") + 1:]
        arguments = arguments[:arguments.index("--")]
    if "--list" in arguments:
        print("\n".join(KINDS))
        return 0
    unknown = [a for a in arguments if a not in KINDS]
    if unknown:
        print(f"unknown kind {unknown[0]!r}: one of {', '.join(KINDS)}", file=sys.stderr)
        return 2
    kinds = arguments or KINDS

    rows, total = [], Tally()
    environment = dict(os.environ)
    server = None
    try:
        for kind in kinds:
            print(f"== {kind}", flush=True)
            started = time.monotonic()
            if kind == "unit":
                tally = run_unit()
            else:
                folders, shared = PYTEST_KINDS[kind]
                if shared and server is None:
                    from support.server import Server

                    server = Server().start()
                    environment["TARN_TEST_SERVER"] = json.dumps(
                        {"endpoint": server.endpoint, "redshift_port": server.redshift_port, "data_dir": str(server.data_dir)})
                tally = run_pytest(kind, folders, environment, extra)
            total.add(tally)
            rows.append((kind, time.monotonic() - started, tally))
        if server is not None:
            if server.process.poll() is not None:
                print(f"the shared server ended by itself with {server.process.returncode}:\n" + "\n".join(server.output[-40:]))
                total.failed += 1
            elif server.stop() != 0:
                print(f"the shared server did not stop cleanly: {server.process.returncode}")
                total.failed += 1
    finally:
        if server is not None and server.process.poll() is None:
            server.kill()

    print("\nkind      seconds")
    for kind, seconds, tally in rows:
        print(f"{kind:<9} {seconds:7.1f}   {tally}")
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
