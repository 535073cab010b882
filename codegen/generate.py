"""Generates a service's wire code from AWS's own service model (the botocore package) by the service's manifest.

    python codegen/generate.py src/services/glue/glue.ops build/gen/glue

writes shapes.h (structs and constants; includes one header per section of the manifest), shapes.cc (descriptor tables),
handlers.h (the functions that the service defines) and dispatch.cc (the door's table). docs/wire.md has the formats of the
manifest and of the patch file beside it.
"""

import pathlib
import sys

sys.dont_write_bytecode = True

import emit_dispatch  # noqa: E402
import emit_shapes  # noqa: E402
from failure import GenerationError  # noqa: E402
from manifest import read_manifest  # noqa: E402
from model import load  # noqa: E402


def generate(manifest_path, folder):
    model = load(read_manifest(manifest_path))
    sections = emit_shapes.Sections(model)
    files = {f"{section}.h": emit_shapes.section_header(model, sections, section) for section in sections.names}
    files["shapes.h"] = emit_shapes.shapes_header(model, sections)
    files["shapes.cc"] = emit_shapes.shapes_source(model, sections)
    files["handlers.h"] = emit_dispatch.handlers_header(model)
    files["dispatch.cc"] = emit_dispatch.dispatch_source(model)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.h"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)


def main():
    if len(sys.argv) != 3:
        print("usage: generate.py SERVICE.ops OUTPUT_FOLDER", file=sys.stderr)
        return 2
    try:
        generate(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]))
    except GenerationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
