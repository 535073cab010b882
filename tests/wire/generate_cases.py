"""Generates wire code for every suite of the protocol cases, each from its own small model, by the same generator as services.

    generate_cases.py OUTPUT_FOLDER

writes <folder>/gen/<namespace>/..., one cases_<end>_<file>.cc a case file, and cases.h, which declares them all.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "codegen"))

import emit_shapes  # noqa: E402
from cases import ENDS, FILES, suites  # noqa: E402
from fetch_cases import fetch  # noqa: E402
from manifest import DEFAULT_SECTION, Line, Manifest  # noqa: E402
from model import Model  # noqa: E402


def model_of(namespace, suite):
    operations = {case["given"]["name"]: case["given"] for case in suite["cases"]}
    lines = [Line(name, "write", False, [], False, DEFAULT_SECTION, f"{namespace}:{i}") for i, name in enumerate(operations)]
    manifest = Manifest(pathlib.Path(namespace), namespace, "Probe", namespace, False, [DEFAULT_SECTION], lines)
    metadata = {"endpointPrefix": "probe", **suite["metadata"]}
    return Model(manifest, {"metadata": metadata, "shapes": suite["shapes"], "operations": operations}, {})


def write_suite(folder, namespace, suite):
    model = model_of(namespace, suite)
    sections = emit_shapes.Sections(model)
    target = folder / "gen" / namespace
    target.mkdir(parents=True, exist_ok=True)
    for section in sections.names:
        (target / f"{section}.h").write_text(emit_shapes.section_header(model, sections, section))
    (target / "shapes.h").write_text(emit_shapes.shapes_header(model, sections))
    (target / "shapes.cc").write_text(emit_shapes.shapes_source(model, sections))


def main():
    fetch()
    folder = pathlib.Path(sys.argv[1])
    declarations = []
    for end in ENDS:
        for file in FILES:
            name = re.sub(r"\W", "_", f"cases_{end}_{file}")
            namespaces = []
            for namespace, suite in suites(end, file):
                write_suite(folder, namespace, suite)
                namespaces.append(namespace)
            source = [emit_shapes.NOTE, '#include "cases.h"\n']
            source += [f'#include "gen/{namespace}/shapes.cc"' for namespace in namespaces]
            source.append(f"\nvoid {name}(std::vector<const tarn::wire::Service*>& services) {{")
            source += [f"  services.push_back(&tarn::{namespace}::kService);" for namespace in namespaces]
            (folder / f"{name}.cc").write_text("\n".join(source + ["}"]) + "\n")
            declarations.append(f"void {name}(std::vector<const tarn::wire::Service*>& services);")
    names = [re.match(r"void (\w+)", line)[1] for line in declarations]
    header = [emit_shapes.NOTE, '#pragma once\n\n#include <vector>\n\n#include "wire/shape.h"\n', *declarations]
    header.append("\ninline std::vector<const tarn::wire::Service*> all_cases() {")
    header.append("  std::vector<const tarn::wire::Service*> services;")
    header += [f"  {name}(services);" for name in names]
    (folder / "cases.h").write_text("\n".join(header + ["  return services;", "}"]) + "\n")


if __name__ == "__main__":
    main()
