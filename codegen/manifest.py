"""Reads a service's manifest (<service>.ops): the operations it answers, one a line. docs/wire.md describes the format."""

import dataclasses
import pathlib
import re

from failure import GenerationError

FORMS = ("read", "write", "body-in", "body-out", "events", "wait", "steps")
RESERVED_SECTIONS = ("shapes", "handlers", "common", "errors")
DEFAULT_SECTION = "operations"


@dataclasses.dataclass
class Right:
    action: str
    resource: str


@dataclasses.dataclass
class Line:
    operation: str
    form: str
    brief: bool
    rights: list  # of Right
    custom: bool
    section: str
    where: str  # "glue.ops:12", for error texts


@dataclasses.dataclass
class Manifest:
    path: pathlib.Path
    folder: str  # also the C++ namespace
    service_class: str
    model: str
    is_global: bool
    sections: list
    lines: list


def read_manifest(path):
    folder = path.parent.name
    manifest = Manifest(path, folder, "", folder.replace("_", "-"), False, [], [])
    section = DEFAULT_SECTION
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", raw).strip()
        where = f"{path.name}:{number}"
        if not text:
            continue
        words = text.split()
        if text.startswith("["):
            section = _section(text, where)
        elif words[0] == "service" and len(words) == 2:
            manifest.service_class = words[1]
        elif words[0] == "model" and len(words) == 2:
            manifest.model = words[1]
        elif text == "global":
            manifest.is_global = True
        else:
            line = _operation(text, section, where)
            _refuse_second(manifest, line)
            manifest.lines.append(line)
            if section not in manifest.sections:
                manifest.sections.append(section)
    if not manifest.service_class:
        raise GenerationError(f"{path.name}: no line 'service <Class>' names the service's C++ class")
    if not manifest.lines:
        raise GenerationError(f"{path.name}: lists no operation")
    return manifest


def _section(text, where):
    match = re.fullmatch(r"\[([a-z][a-z0-9_]*)\]", text)
    if not match:
        raise GenerationError(f"{where}: '{text}' is no section: write [name] with a name of a-z, 0-9 and _")
    if match[1] in RESERVED_SECTIONS:
        raise GenerationError(f"{where}: the section name '{match[1]}' is taken by a generated header")
    return match[1]


def _operation(text, section, where):
    parts = text.split(None, 2)
    if len(parts) < 3:
        raise GenerationError(f"{where}: '{text}' is no operation: write 'Operation form rights', e.g. 'GetThings read none'")
    name, form, rights_text = parts
    if form not in FORMS:
        raise GenerationError(f"{where}: unknown form '{form}' of {name}: one of {', '.join(FORMS)}")
    brief = rights_text.startswith("brief ")
    rights, custom = _rights(rights_text.removeprefix("brief "), name, where)
    return Line(name, form, brief, rights, custom, section, where)


def _rights(text, name, where):
    if text == "none":
        return [], False
    rights, custom = [], False
    for part in text.split(";"):
        words = part.split()
        if words == ["custom"]:
            custom = True
        elif len(words) == 2 and re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*]+", words[0]):
            rights.append(Right(*words))
        else:
            raise GenerationError(
                f"{where}: {name}: '{part.strip()}' is no right: write 'none', 'custom', or 'service:Action resource', joined by ';'"
            )
    return rights, custom


def _refuse_second(manifest, line):
    for other in manifest.lines:
        if other.operation == line.operation:
            raise GenerationError(f"{line.where}: {line.operation} is already listed at {other.where}")
