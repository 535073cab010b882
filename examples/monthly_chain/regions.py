"""Outlines of regions as a shapefile: made up, or taken from an archive of one."""
import math
import struct
import zipfile

CODES = ("STUSPS", "code", "CODE")
NAMES = ("NAME", "name")

# Edges lie between the five decimals that coordinates have, so that no point lies on one.
BETWEEN = 0.000005
COLUMNS, ROWS = 6, 3
WEST, SOUTH, WIDTH, HEIGHT = -180, -60, 60, 45


def region_of(longitude, latitude):
    """The code of the made-up region that holds the point, or None."""
    column = math.floor((longitude - WEST - BETWEEN) / WIDTH)
    row = math.floor((latitude - SOUTH - BETWEEN) / HEIGHT)
    return f"R{row}{column}" if 0 <= column < COLUMNS and 0 <= row < ROWS else None


def made_up():
    """The parts of a shapefile by their endings: a grid over the inhabited world."""
    polygons, records = [], []
    for row in range(ROWS):
        for column in range(COLUMNS):
            west, south = WEST + column * WIDTH + BETWEEN, SOUTH + row * HEIGHT + BETWEEN
            east, north = west + WIDTH, south + HEIGHT
            polygons.append([(west, south), (west, north), (east, north), (east, south), (west, south)])
            records.append((f"R{row}{column}", f"row {row}, column {column}"))
    return {"shp": _shp(polygons, False), "shx": _shp(polygons, True), "dbf": _dbf(records)}


def of_archive(path):
    """The shapefile in a zip archive, with code and name as its only columns."""
    with zipfile.ZipFile(path) as archive:
        by_ending = {name.rsplit(".", 1)[-1]: archive.read(name) for name in archive.namelist()}
    fields, rows = _read_dbf(by_ending["dbf"])
    code = next(fields.index(name) for name in CODES if name in fields)
    name = next(fields.index(name) for name in NAMES if name in fields)
    return {"shp": by_ending["shp"], "shx": by_ending["shx"], "dbf": _dbf([(row[code], row[name]) for row in rows])}


# --- the format: ESRI Shapefile Technical Description (1998), dBASE III -------------------------------------------------


def _shp(polygons, index):
    body, offset = b"", 50  # offsets and lengths are in words of two bytes
    for number, points in enumerate(polygons, 1):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        shape = struct.pack("<i4d3i", 5, min(xs), min(ys), max(xs), max(ys), 1, len(points), 0)
        shape += b"".join(struct.pack("<2d", x, y) for x, y in points)
        words = len(shape) // 2
        body += struct.pack(">2i", offset, words) if index else struct.pack(">2i", number, words) + shape
        offset += 4 + words
    xs = [x for points in polygons for x, _ in points]
    ys = [y for points in polygons for _, y in points]
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 50 + len(body) // 2)
    return head + struct.pack("<2i8d", 1000, 5, min(xs), min(ys), max(xs), max(ys), 0, 0, 0, 0) + body


def _dbf(records):
    fields = [(b"code", 10), (b"name", 100)]
    head = struct.pack("<4BiHH20x", 3, 120, 1, 1, len(records), 32 + 32 * len(fields) + 1, 1 + sum(n for _, n in fields))
    head += b"".join(struct.pack("<11sc4xBB14x", name, b"C", length, 0) for name, length in fields) + b"\r"
    rows = b"".join(b" " + b"".join(value.encode().ljust(length)[:length] for value, (_, length) in zip(record, fields))
                    for record in records)  # fmt: skip
    return head + rows + b"\x1a"


def _read_dbf(data):
    count, start, size = struct.unpack_from("<iHH", data, 4)
    fields = []
    for at in range(32, start - 1, 32):
        name, length = struct.unpack_from("<11s5xB", data, at)
        fields.append((name.split(b"\0")[0].decode(), length))
    rows = []
    for number in range(count):
        at, row = start + number * size + 1, []
        for _, length in fields:
            row.append(data[at:at + length].decode("utf-8", "replace").strip())
            at += length
        rows.append(row)
    return [name for name, _ in fields], rows
