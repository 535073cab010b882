"""Avro files for tests, written by hand: a container of one block, without a codec."""
import json


def _long(n):
    n = (n << 1) ^ (n >> 63)
    out = b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def _bytes(value):
    return _long(len(value)) + value


def _value(kind, value):
    if isinstance(kind, list):  # a union: null and one more
        index = 0 if value is None else next(i for i, each in enumerate(kind) if each != "null")
        return _long(index) + (b"" if value is None else _value(kind[index], value))
    if isinstance(kind, dict):
        if kind["type"] == "array":
            items = b"".join(_value(kind["items"], item) for item in value)
            return (_long(len(value)) + items if value else b"") + _long(0)
        if kind["type"] == "record":
            return b"".join(_value(field["type"], value[field["name"]]) for field in kind["fields"])
        return _value(kind["type"], value)  # a logical type
    if kind == "string":
        return _bytes(value.encode())
    if kind == "boolean":
        return bytes([value])
    return _long(value)


def avro_file(schema, rows):
    """`schema` is a record's; of types string, boolean, int, long, array, record and unions with null."""
    body = b"".join(_value(schema, row) for row in rows)
    sync = b"0123456789abcdef"
    head = _long(2) + _bytes(b"avro.schema") + _bytes(json.dumps(schema).encode()) + _bytes(b"avro.codec") + _bytes(b"null")
    return b"Obj\x01" + head + _long(0) + sync + _long(len(rows)) + _long(len(body)) + body + sync
