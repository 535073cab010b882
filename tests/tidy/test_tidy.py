"""Holds the source to the rules that no compiler checks: who may include whom, one home for system calls and for each big
library, and a map in ARCHITECTURE.md that matches the tree."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A folder may include itself and these (all transitively; the design's order).
ALLOWED = {
    "base": set(),
    "os": {"base"},
    "http": {"base", "os"},
    "store": {"base", "os"},
    "blob": {"base", "os", "store"},
    "sql": {"base", "os"},
    "run": {"base", "os"},
    "wire": {"base", "os", "http"},
    "door": {"base", "os", "http", "wire", "store", "blob", "sql", "run"},
    "lake": {"base", "os", "http", "wire", "store", "blob", "sql", "run", "door", "gen"},
    "services": {"base", "os", "http", "wire", "store", "blob", "sql", "run", "door", "lake", "gen"},
    "console": {"base", "os", "http", "wire", "store", "blob", "sql", "run", "door", "lake", "gen", "services"},
    "pgwire": {"base", "os", "http", "store", "door", "sql", "services"},
    "cli": {"base", "os", "http", "wire", "store", "blob", "door", "lake", "server", "sql", "gen"},
    "server": {"base", "os", "http", "wire", "store", "blob", "sql", "run", "door", "lake", "gen", "services", "console", "pgwire", "cli"},
}
# The only folder that may include a library's headers.
HOMES = {
    r"rocksdb/": ("store",),
    r"duckdb": ("sql/engine",),
    r"boost/(?!geometry|iterator)": ("http", "pgwire"),
    r"(boost/geometry|geos_c)": ("sql/engine",),
    r"pugixml": ("wire", "lake", "cli"),
    r"rapidjson/": ("base",),
    r"libpq": ("lake",),
    r"CLI/": ("cli",),
    r"sys/(socket|stat|wait|mman|file|statvfs|prctl|resource|un)\.h|unistd\.h|fcntl\.h": (
        "os", "http", "sql/engine", "store", "blob", "run"),
    r"seccomp\.h|sched\.h": ("run",),
}


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def sources():
    return [p for p in tracked("src/*.cc", "src/*.h", "src/*.inl")]


def includes(path):
    return re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(), re.M)


def test_a_folder_includes_only_itself_and_what_stands_to_its_left():
    wrong = []
    for path in sources():
        folder = path.relative_to(ROOT / "src").parts[0]
        for name in includes(path):
            target = name.split("/")[0]
            if target in ALLOWED or target == "gen":
                if target != folder and target not in ALLOWED[folder]:
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_a_service_never_includes_another_service():
    wrong = []
    for path in sources():
        parts = path.relative_to(ROOT / "src").parts
        if parts[0] != "services":
            continue
        for name in includes(path):
            target = name.split("/")
            if target[0] == "services" and target[1] != parts[1]:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}: call it through the door")
    assert not wrong, "\n".join(wrong)


def test_each_big_library_is_seen_by_its_own_folder_only():
    wrong = []
    for path in sources():
        relative = str(path.relative_to(ROOT / "src"))
        for name in includes(path):
            for pattern, homes in HOMES.items():
                own = (ROOT / "src" / name).exists()
                if re.match(pattern, name) and not own and not any(relative.startswith(h + "/") for h in homes):
                    wrong.append(f"{relative} includes {name}, which only {' and '.join(homes)} may")
    assert not wrong, "\n".join(wrong)


def test_the_map_in_the_architecture_page_matches_the_tree():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"^\| `src/([a-z0-9_/]+?)/?` \|", text, re.M))
    there = {str(p.parent.relative_to(ROOT / "src")) for p in sources()}
    assert there == named, f"only in the tree: {sorted(there - named)}; only in the map: {sorted(named - there)}"


def test_no_line_is_much_longer_than_120_columns():
    wrong = []
    for path in [*sources(), *tracked("codegen/*.py", "tests/*.py", "tools/*.py", "examples/*.py", "bench/*.py")]:
        # What stands in a raw string is a document, not code.
        text = re.sub(r'R"(\w*)\((.*?)\)\1"', lambda m: re.sub(r"[^\n]", "", m[0]), path.read_text(), flags=re.S)
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > 140:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {len(line)} columns")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("word", [r"\bTODO\b", r"\bFIXME\b", r"\bXXX\b"])
def test_nothing_is_left_open_in_the_source(word):
    wrong = [f"{p.relative_to(ROOT)}:{n}" for p in sources() for n, line in enumerate(p.read_text().splitlines(), 1)
             if re.search(word, line)]
    assert not wrong, "\n".join(wrong)


def test_every_manifest_operation_is_called_by_a_black_box_test():
    """An operation without a test that calls it is an operation that nobody has seen work."""
    text = "\n".join(p.read_text() for p in (ROOT / "tests").rglob("*.py"))
    missing = []
    for manifest in tracked("src/services/*/*.ops"):
        for line in manifest.read_text().splitlines():
            words = line.split("#")[0].split()
            if len(words) < 3 or words[0] in ("service", "model"):
                continue
            snake = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", words[0])).lower()
            if not re.search(rf"\b{snake}\b|[\"']{snake}[\"']|\b{words[0]}\b", text):
                missing.append(f"{manifest.parent.name}: {words[0]}")
    assert not missing, "\n".join(missing)


def test_the_table_of_operations_in_the_readme_is_current():
    done = subprocess.run(["python3", ROOT / "tools" / "operations.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
