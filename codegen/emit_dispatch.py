"""Writes the handlers' declarations (handlers.h) and the table that the door walks (dispatch.cc)."""

import cpp
from emit_shapes import NOTE
from failure import GenerationError


def handlers_header(model):
    manifest = model.manifest
    if manifest.service_class in model.shapes and model.is_structure(manifest.service_class):
        raise GenerationError(f"{manifest.path.name}: the class '{manifest.service_class}' has the name of a structure of the model")
    out = [
        NOTE,
        "#pragma once\n",
        "#include <vector>\n",
        '#include "base/result.h"',
        '#include "door/dispatch.h"',
        f'#include "gen/{manifest.folder}/shapes.h"\n',
        f"namespace tarn::{manifest.folder} {{\n",
        f"class {manifest.service_class};\n",
        "extern const ServiceTable kTable;\n",
    ]
    if model.also_query():
        out.append("extern const ServiceTable kQueryTable;  // the same operations by the query protocol\n")
    for operation in sorted(model.operations, key=lambda o: int(o.line.where.rpartition(":")[2])):
        out.append(_declaration(manifest.service_class, operation))
        if operation.line.custom:
            out.append(
                f"::tarn::Result<std::vector<::tarn::Need>> {cpp.function_name(operation.name)}_rights("
                f"{manifest.service_class}&, ::tarn::Call&, const {operation.input}&);"
            )
    out.append(f"\n}}  // namespace tarn::{manifest.folder}")
    return "\n".join(out) + "\n"


def _declaration(service, operation):
    result = {"body-out": f"::tarn::WithBody<{operation.output}>", "events": f"::tarn::WithEvents<{operation.output}>"}
    answer = result.get(operation.line.form, operation.output)
    staged = ", const ::tarn::StagedBody&" if operation.line.form == "body-in" else ""
    name = cpp.function_name(operation.name)
    if operation.line.form == "wait":
        return f"void {name}({service}&, ::tarn::Call&, const {operation.input}&, ::tarn::Reply<{operation.output}>);"
    return f"::tarn::Result<{answer}> {name}({service}&, ::tarn::Call&, const {operation.input}&{staged});"


TEMPLATES = """\
// Each calls one handler with its own types; the door knows only `void*` and wire::Any.
template <class Out>
wire::Any any_of(Out&& output) {
  return wire::Any(wire::shape_of<Out>(), new Out(std::move(output)));
}

template <auto handler, class In>
auto rights_of(void* service, ::tarn::Call& call, const void* in) {
  return handler(*static_cast<@S*>(service), call, *static_cast<const In*>(in));
}

template <auto handler, class In>
::tarn::Result<wire::Any> invoke_plain(void* service, ::tarn::Call& call, const void* in) {
  return any_of(TRY(handler(*static_cast<@S*>(service), call, *static_cast<const In*>(in))));
}
"""

BODY_IN = """\
template <auto handler, class In>
::tarn::Result<wire::Any> invoke_body_in(void* service, ::tarn::Call& call, const void* in, const ::tarn::StagedBody& body) {
  return any_of(TRY(handler(*static_cast<@S*>(service), call, *static_cast<const In*>(in), body)));
}
"""

BODY_OUT = """\
template <auto handler, class In>
::tarn::Result<::tarn::WithBody<wire::Any>> invoke_body_out(void* service, ::tarn::Call& call, const void* in) {
  auto answer = TRY(handler(*static_cast<@S*>(service), call, *static_cast<const In*>(in)));
  return ::tarn::WithBody<wire::Any>{any_of(std::move(answer.output)), std::move(answer.body)};
}
"""

EVENTS = """\
template <auto handler, class In>
::tarn::Result<::tarn::WithEvents<wire::Any>> invoke_events(void* service, ::tarn::Call& call, const void* in) {
  auto answer = TRY(handler(*static_cast<@S*>(service), call, *static_cast<const In*>(in)));
  return ::tarn::WithEvents<wire::Any>{any_of(std::move(answer.output)), std::move(answer.events)};
}
"""

WAIT = """\
template <auto handler, class In, class Out>
void invoke_wait(void* service, ::tarn::Call& call, const void* in, ::tarn::Reply<wire::Any> reply) {
  handler(*static_cast<@S*>(service), call, *static_cast<const In*>(in),
          {[give = std::move(reply.give)](::tarn::Result<Out> output) mutable {
             if (output) give(any_of(std::move(*output)));
             else give(::tarn::Failure(std::move(output.error())));
           },
           std::move(reply.when_left)});
}
"""

INVOKERS = {
    "body-in": ("invoke_body_in", BODY_IN), "body-out": ("invoke_body_out", BODY_OUT), "events": ("invoke_events", EVENTS),
    "wait": ("invoke_wait", WAIT),
}  # fmt: skip


def dispatch_source(model):
    manifest = model.manifest
    forms = {operation.line.form for operation in model.operations}
    templates = TEMPLATES + "".join("\n" + source for form, (_, source) in INVOKERS.items() if form in forms)
    out = [
        NOTE,
        f'#include "gen/{manifest.folder}/handlers.h"\n',
        f"namespace tarn::{manifest.folder} {{",
        "namespace {\n",
        templates.replace("@S", manifest.service_class),
    ]
    for operation in model.operations:
        if operation.line.rights:
            needs = ", ".join(f"{{{cpp.text(r.action)}, {cpp.text(r.resource)}}}" for r in operation.line.rights)
            out.append(f"constexpr ::tarn::StaticNeed n_{operation.name}[] = {{{needs}}};")
    twins = ["", "Query"] if model.also_query() else [""]
    for twin in twins:
        out.append(f"\nconst ::tarn::Handler k{twin}Handlers[] = {{")
        out += [f"    {{{', '.join(_handler_parts(operation, index, twin))}}}," for index, operation in enumerate(model.operations)]
        out += ["};\n"]
    out += ["}  // namespace\n"]
    for twin in twins:
        out.append(f"constinit const ::tarn::ServiceTable k{twin}Table = {{&k{twin}Service, k{twin}Handlers}};\n")
    out.append(f"}}  // namespace tarn::{manifest.folder}")
    return "\n".join(out) + "\n"


def _handler_parts(operation, index, twin):
    name = cpp.function_name(operation.name)
    described = f"kQueryOperations[{index}]" if twin else f"k{operation.name}"
    parts = [f".operation = &{described}", f".needs = {'n_' + operation.name if operation.line.rights else '{}'}"]
    if operation.line.custom:
        parts.append(f".rights = rights_of<&{name}_rights, {operation.input}>")
    invoker = INVOKERS.get(operation.line.form, ("invoke",))[0]
    template = "invoke_plain" if invoker == "invoke" else invoker  # an operation may be called Invoke
    output = f", {operation.output}" if operation.line.form == "wait" else ""
    parts.append(f".{invoker} = {template}<&{name}, {operation.input}{output}>")
    return parts
