"""Writes docs/sql/<dialect>.md: what of the dialect's reference works. `--check` only says whether the pages are current.

The names are those of docs/sql/<dialect>.names. One works only if a case in tests/sql/<dialect> compares its values: a function
that stands in the text of a `query`, a type or statement in one or in what is run and followed by a `query` in the same file."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TITLES = {"function": "Functions", "type": "Types", "statement": "Statements"}


def blocks(path):
    """(first line, body) of each block of a file of cases; what stands behind ---- is left out."""
    block = []
    for line in [*path.read_text().splitlines(), ""]:
        if line.startswith("#"):
            continue
        if line.strip():
            block.append(line)
        elif block:
            body = block[1:]
            yield block[0], "\n".join(body[:body.index("----")] if "----" in body else body)
            block = []


def cases(dialect):
    """Texts that compare values: queries, and the statements that come before one."""
    queries, statements = [], []
    for path in sorted((ROOT / "tests/sql" / dialect).glob("*.test")):
        waiting = []
        for command, body in blocks(path):
            if command.startswith("query"):
                queries.append(body)
                statements += [*waiting, body]
                waiting = []
            elif command == "statement ok":
                waiting.append(body)
    return queries, statements


def names(dialect):
    """(kind, group, name, pattern)"""
    kind = group = None
    for line in (ROOT / "docs/sql" / f"{dialect}.names").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if heading := re.match(r"\[(\w+)\] (.*)", line):
            kind, group = heading.groups()
            continue
        name, _, pattern = line.partition(" = ")
        if not pattern:
            pattern = "^" + re.escape(name).replace(r"\ ", r"\s+") + r"\b" if kind == "statement" else r"\b" + re.escape(name) + r"\s*\("
        yield kind, group, name, pattern


def page(dialect):
    queries, statements = cases(dialect)
    kinds = {}
    for kind, group, name, pattern in names(dialect):
        texts = queries if kind == "function" else statements
        works = any(re.search(pattern, re.sub(r"\s+", " ", text), re.IGNORECASE) for text in texts)
        kinds.setdefault(kind, {}).setdefault(group, []).append((name, works))
    lines = [f"# {dialect.capitalize()}: what works\n", "\n",
             f"Made by tools/sql_reference.py of the reference's names and of the cases in "
             f"tests/sql/{dialect}: a name works if a case of its own compares values. "
             "What does not is refused with an error that names it,\n"
             "or has no case yet.\n"]
    for kind, groups in kinds.items():
        every = [entry for group in groups.values() for entry in group]
        done = sum(works for _, works in every)
        lines.append(f"\n## {TITLES[kind]}: {done} of {len(every)} ({done * 100 // len(every)} %)\n\n")
        lines.append("| group | works | share | does not |\n| --- | --- | ---: | --- |\n")
        for group, entries in groups.items():
            yes = [name.replace("|", "\\|") for name, works in entries if works]
            no = [name.replace("|", "\\|") for name, works in entries if not works]
            lines.append(f"| {group} | {', '.join(yes)} | {len(yes)}/{len(entries)} | {', '.join(no)} |\n")
    return "".join(lines)


def main():
    stale = False
    for path in sorted((ROOT / "docs/sql").glob("*.names")):
        target, fresh = path.with_suffix(".md"), page(path.stem)
        if "--check" not in sys.argv[1:]:
            target.write_text(fresh)
        elif not target.exists() or target.read_text() != fresh:
            print(f"{target.relative_to(ROOT)} is not current: run tools/sql_reference.py", file=sys.stderr)
            stale = True
    return stale


if __name__ == "__main__":
    sys.exit(main())
