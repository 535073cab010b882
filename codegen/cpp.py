"""Spells model shapes in C++: names, literals, member types."""

from model import JSON_VALUE, snake

SCALARS = {
    "boolean": ("kBoolean", "bool"), "integer": ("kInteger", "int32_t"), "long": ("kLong", "int64_t"),
    "float": ("kFloat", "float"), "double": ("kDouble", "double"), "string": ("kString", "std::string"),
    "character": ("kString", "std::string"), "blob": ("kBlob", "wire::Blob"), "timestamp": ("kTimestamp", "::tarn::Time"),
    "biginteger": ("kLong", "int64_t"), "bigdecimal": ("kDouble", "double"),
}  # fmt: skip


def text(value):
    """A C++ string literal of any text; non-ASCII as octal escapes of its UTF-8."""
    out = []
    for byte in value.encode():
        if byte in (0x22, 0x5C):
            out.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F and byte != 0x3F:  # '?' could start a trigraph
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def flag(value):
    return "true" if value else "false"


def kind(model, name):
    shape = model.shapes[name]
    if shape.get("document"):
        return "kDocument"
    return {"structure": "kStructure", "list": "kList", "map": "kMap"}.get(shape["type"]) or SCALARS[shape["type"]][0]


def plain_type(model, name):
    """The type of a value that is there: a list's element, a map's value, what an optional holds."""
    shape = model.shapes[name]
    if shape.get("document"):
        return "::tarn::Json"
    if shape["type"] == "structure":
        return name
    if shape["type"] == "list":
        return f"wire::List<{_element_type(model, shape['member']['shape'])}>"
    if shape["type"] == "map":
        return f"wire::Map<{_element_type(model, shape['value']['shape'])}>"
    return SCALARS[shape["type"]][1]


def _element_type(model, name):
    # std::vector<bool> has no elements that one can point to.
    return "wire::Boolean" if model.shapes[name]["type"] == "boolean" else plain_type(model, name)


def member_type(model, name):
    shape = model.shapes[name]
    plain = plain_type(model, name)
    if shape.get("document"):
        return f"std::optional<{plain}>"
    if shape["type"] == "structure":
        return f"wire::Box<{plain}>"
    if shape["type"] in ("list", "map"):
        return plain
    return f"std::optional<{plain}>"


def is_json_value(name):
    return name == JSON_VALUE


def function_name(operation_name):
    return snake(operation_name)
