"""A service model with the service's patch applied, and what is reachable from the listed operations."""

import copy
import dataclasses
import json
import os
import re

import botocore
from botocore import loaders, xform_name

from failure import GenerationError
from patterns import translate

PROTOCOLS = {
    "rest-json": "kRestJson", "rest-xml": "kRestXml", "query": "kQuery", "ec2": "kEc2",
}  # fmt: skip
RESERVED_WORDS = set(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class co_await
    co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do
    double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace
    new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return
    short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef
    typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq unix linux major minor""".split()
)
JSON_VALUE = "JsonValue__document"


def snake(name):
    """boto3's name of a member or operation; a reserved word gets an underscore."""
    text = xform_name(name)
    return text + "_" if text in RESERVED_WORDS else text


@dataclasses.dataclass
class Operation:
    name: str
    model: dict
    line: object  # manifest.Line
    input: str  # names of structures in Model.shapes
    output: str
    streaming_input: str = ""
    streaming_output: str = ""
    event_stream: str = ""


class Model:
    """shapes: name -> the model's dict. Structures for absent inputs and outputs are added, streaming members removed."""

    def __init__(self, manifest, description, patch):
        self.manifest = manifest
        self.metadata = description["metadata"]
        self.shapes = description["shapes"]
        self.patch = patch
        self.all_operations = description["operations"]
        self.shapes[JSON_VALUE] = {"type": "structure", "members": {}, "document": True}
        self._check_patch()
        self._mark_json_values()
        self._patch_shapes()
        self.operations = [self._operation(line) for line in manifest.lines]
        self.operations.sort(key=lambda operation: operation.name)
        self.unanswered = sorted(set(self.all_operations) - {operation.name for operation in self.operations})
        self._take_streams_out()
        self._bring_outputs_home()
        self.errors = self._errors()

    # --- what the metadata says ---

    def protocol(self):
        names = [self.metadata.get("protocol")] + list(self.metadata.get("protocols", []))
        for name in names:
            if name == "json":
                return "kJson10" if self.metadata.get("jsonVersion", "1.0") == "1.0" else "kJson11"
            if name in PROTOCOLS:
                return PROTOCOLS[name]
        raise GenerationError(f"{self.manifest.model}: none of the model's protocols {names} is supported")

    def also_query(self):
        """Whether the service answers the query protocol too, which it spoke before."""
        return bool(self.patch.get("service", {}).get("also_query"))

    def pattern_of(self, shape_name):
        shape = self.shapes[shape_name]
        if "pcre2" in shape:
            return shape["pcre2"]
        try:
            return translate(shape["pattern"])
        except GenerationError as error:
            raise GenerationError(
                f"{self.manifest.path.name}: the pattern of {shape_name}, {shape['pattern']!r}, has no translation: {error}. "
                f"Name it in {self.manifest.folder}.patch.json: "
                f'"shapes": {{"{shape_name}": {{"pcre2": "...", "source": "..."}}}}, or "pattern": null to drop it'
            ) from None

    # --- the patch ---

    def _check_patch(self):
        known = {"service", "shapes", "errors", "operations"}
        for part, entries in self.patch.items():
            if part not in known:
                raise self._patch_error(f"unknown part '{part}': one of {', '.join(sorted(known))}")
            for name, entry in entries.items() if part != "service" else [("service", entries)]:
                if not entry.get("source"):
                    raise self._patch_error(f"{part}: {name} names no source")

    def _patch_error(self, text):
        return GenerationError(f"{self.manifest.folder}.patch.json: {text}")

    def _patch_shapes(self):
        for name, entry in self.patch.get("shapes", {}).items():
            shape_name, _, member = name.partition(".")
            if shape_name not in self.shapes:
                raise self._patch_error(f"the model has no shape '{shape_name}'")
            if member:
                self._patch_member(shape_name, member, entry)
            else:
                self._patch_shape(name, self.shapes[shape_name], entry)
        for name, entry in self.patch.get("operations", {}).items():
            if name not in self.all_operations:
                raise self._patch_error(f"the model has no operation '{name}'")
            unknown = set(entry) - {"source", "unwrapped_output", "unsigned"}
            if unknown:
                raise self._patch_error(f"operations: {name}: unknown key '{unknown.pop()}'")

    def _patch_member(self, shape_name, member, entry):
        shape = self.shapes[shape_name]
        if member not in shape.get("members", {}):
            raise self._patch_error(f"{shape_name} has no member '{member}'")
        required = entry.get("required")
        if required is True and member not in shape.setdefault("required", []):
            shape["required"].append(member)
        if required is False and member in shape.get("required", []):
            shape["required"].remove(member)
        if "query_name" in entry:
            shape["members"][member]["oldQueryName"] = entry["query_name"]
        rest = {key: value for key, value in entry.items() if key not in ("required", "query_name")}
        if set(rest) == {"source"}:
            return
        target = shape["members"][member]["shape"]
        own = f"{target}__{shape_name}_{member}"  # the constraint is this member's alone
        self.shapes[own] = copy.deepcopy(self.shapes[target])
        shape["members"][member]["shape"] = own
        self._patch_shape(f"{shape_name}.{member}", self.shapes[own], rest)

    def _patch_shape(self, name, shape, entry):
        for key, value in entry.items():
            if key == "source":
                continue
            if key not in ("pattern", "pcre2", "min", "max", "enum", "xml_name", "sensitive", "element_name", "key_name"):
                raise self._patch_error(f"shapes: {name}: unknown key '{key}'")
            if key == "element_name":
                shape["member" if shape["type"] == "list" else "value"]["locationName"] = value
            elif key == "key_name":
                shape["key"]["locationName"] = value
            elif value is None:
                shape.pop(key, None)
                if key == "pattern":
                    shape.pop("pcre2", None)
            else:
                shape[{"xml_name": "locationName"}.get(key, key)] = value

    def _mark_json_values(self):
        for shape in self.shapes.values():
            for member in shape.get("members", {}).values():
                if member.get("jsonvalue"):
                    member["shape"] = JSON_VALUE

    # --- operations ---

    def _operation(self, line):
        model = self.all_operations.get(line.operation)
        if model is None:
            near = [name for name in self.all_operations if name.lower() == line.operation.lower()]
            hint = f"; it has {near[0]}" if near else ""
            raise GenerationError(f"{line.where}: the model of {self.manifest.model} has no operation '{line.operation}'{hint}")
        names = []
        for end in ("input", "output"):
            name = model.get(end, {}).get("shape")
            if name is None:
                name = line.operation + end.capitalize()
                if name in self.shapes:
                    raise GenerationError(f"{line.where}: {line.operation} has no {end}, and '{name}' is another shape")
                self.shapes[name] = {"type": "structure", "members": {}}
            names.append(name)
        return Operation(line.operation, model, line, names[0], names[1])

    def _take_streams_out(self):
        for operation in self.operations:
            form, where = operation.line.form, f"{operation.line.where}: {operation.name}"
            if form == "body-in":
                operation.streaming_input = self._streamed(operation.input, f"{where} is 'body-in', but its input")
            if form == "body-out":
                operation.streaming_output = self._streamed(operation.output, f"{where} is 'body-out', but its output")
            stream = self._event_member(operation.output)
            if (form == "events") != (stream is not None):
                has = "has no" if stream is None else "has an"
                raise GenerationError(f"{where} is '{form}', but its output {has} event stream")
            if stream is not None:
                operation.event_stream = self.shapes[operation.output]["members"][stream]["shape"]
                operation.streaming_output = stream
            if self._event_member(operation.input) is not None:
                raise GenerationError(f"{where}: event streams in the input are not supported")
        taken = {}  # structure -> (member, operation)
        for operation in self.operations:
            for name, member in ((operation.input, operation.streaming_input), (operation.output, operation.streaming_output)):
                if taken.setdefault(name, (member, operation.name))[0] != member:
                    raise GenerationError(
                        f"{operation.line.where}: {operation.name} and {taken[name][1]} share {name} but differ in streaming it"
                    )
        for name, (member, _) in taken.items():
            if member:
                shape = self.shapes[name]
                del shape["members"][member]
                shape.pop("payload", None)
                shape["required"] = [other for other in shape.get("required", []) if other != member]

    def _bring_outputs_home(self):
        """An answer has no path and no query string: a member bound to them in a request travels in its body."""
        inputs = {operation.input for operation in self.operations}
        for name in {operation.output for operation in self.operations} - inputs:
            for member in self.shapes[name].get("members", {}).values():
                if member.get("location") in ("uri", "querystring"):
                    del member["location"]

    def _streamed(self, name, what):
        shape = self.shapes[name]
        payload = shape.get("payload")
        if payload is None or self.shapes[shape["members"][payload]["shape"]]["type"] not in ("blob", "string"):
            raise GenerationError(f"{what} {name} has no payload of bytes")
        return payload

    def _event_member(self, name):
        for member, reference in self.shapes[name].get("members", {}).items():
            if self.shapes[reference["shape"]].get("eventstream"):
                return member
        return None

    # --- errors ---

    def _errors(self):
        """name -> (code, query code, status) of every error that the listed operations may answer with."""
        errors = {}
        query = self.protocol() in ("kQuery", "kEc2", "kRestXml")
        for operation in self.operations:
            for reference in operation.model.get("errors", []):
                name = reference["shape"]
                shape = self.shapes[name]
                error = shape.get("error", {})
                code = error.get("code", name)
                status = error.get("httpStatusCode", 500 if shape.get("fault") else 400)
                errors[name] = (code if query else name, code, status)
        for name, entry in self.patch.get("errors", {}).items():
            unknown = set(entry) - {"source", "code", "status"}
            if unknown or not isinstance(entry.get("status"), int):
                raise self._patch_error(f"errors: {name}: takes 'status' (a number), 'code' and 'source'")
            if name not in self.shapes:
                self.shapes[name] = {"type": "structure", "members": {}, "exception": True}
            code = entry.get("code", name)
            errors[name] = (code if query else name, code, entry["status"])
        return dict(sorted(errors.items()))

    # --- reachability ---

    def references(self, name):
        """(what: 'box', 'list' or 'map', target) of each shape that a shape refers to."""
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure" and not shape.get("document"):
            return [("box", member["shape"]) for member in shape.get("members", {}).values()]
        if kind == "list":
            return [("list", shape["member"]["shape"])]
        if kind == "map":
            return [("map", shape["key"]["shape"]), ("map", shape["value"]["shape"])]
        return []

    def closure(self, roots):
        seen, stack = {}, list(reversed(roots))
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen[name] = True
            stack.extend(target for _, target in reversed(self.references(name)))
        return list(seen)

    def is_structure(self, name):
        shape = self.shapes[name]
        return shape["type"] == "structure" and not shape.get("document")


def load(manifest):
    data = os.path.join(os.path.dirname(botocore.__file__), "data")  # and not what lies in the user's home
    loader = loaders.Loader(extra_search_paths=[data], include_default_search_paths=False)
    try:
        if manifest.model.endswith(".json"):  # a model of our own, beside the manifest
            description = json.loads((manifest.path.parent / manifest.model).read_text())
        else:
            description = loader.load_service_model(manifest.model, "service-2")
    except Exception as error:  # botocore's own classes; all mean the same here
        raise GenerationError(f"{manifest.path.name}: no model '{manifest.model}' in botocore: {error}") from None
    patch_path = manifest.path.with_suffix(".patch.json")
    patch = {}
    if patch_path.exists():
        try:
            patch = json.loads(patch_path.read_text())
        except ValueError as error:
            raise GenerationError(f"{patch_path.name}: {error}") from None
    model = Model(manifest, json.loads(json.dumps(description)), patch)
    _check_rights(model)
    return model


def _check_rights(model):
    for operation in model.operations:
        members = model.shapes[operation.input].get("members", {})
        for right in operation.line.rights:
            for name in re.findall(r"\{([^}]*)\}", right.resource):
                if name in ("partition", "region", "account"):
                    continue
                kind = model.shapes[members[name]["shape"]]["type"] if name in members else None
                if kind != "string":
                    raise GenerationError(
                        f"{operation.line.where}: {{{name}}} in '{right.resource}' is no string member of {operation.input}"
                    )
