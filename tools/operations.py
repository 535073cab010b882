"""Writes the table of answered operations into README.md, from the manifests. `--check` only says whether it is current."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- operations: made by tools/operations.py -->\n", "<!-- end of operations -->\n"


def table():
    services = collections.OrderedDict()
    for path in sorted(ROOT.glob("src/services/*/*.ops")):
        names = []
        for raw in path.read_text().splitlines():
            words = re.sub(r"(^|\s)#.*", "", raw).split()
            if len(words) >= 3 and words[1] in ("read", "write", "body-in", "body-out", "events", "wait", "steps"):
                names.append(words[0])
        services[path.parent.name.replace("_", "-")] = sorted(names)
    lines = ["| service | answered | operations |\n", "| --- | ---: | --- |\n"]
    for service, names in services.items():
        lines.append(f"| {service} | {len(names)} | {', '.join(names)} |\n")
    lines.append(f"\n{sum(map(len, services.values()))} operations in all.\n")
    return "".join(lines)


def main():
    readme = ROOT / "README.md"
    text = readme.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    fresh = text[:start] + table() + text[end:]
    if "--check" in sys.argv[1:]:
        if fresh != text:
            print("README.md: the table of operations is not current: run tools/operations.py", file=sys.stderr)
            return 1
        return 0
    readme.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
