"""Brings occurrences to S3 as GBIF's monthly files have them: Parquet parts in occurrence/<month>/occurrence.parquet/.

Darwin Core archives lack what GBIF adds when it interprets them (keys, species, upper-case vocabularies): that is
derived here; what cannot be is NULL.
"""
import collections
import dataclasses
import datetime
import functools
import hashlib
import io
import re

import boto3
import pyarrow as pa
import pyarrow.parquet as parquet

from columns import COLUMNS, INTEGER, MOMENT, NUMBER, SCHEMA, TEXT, TEXTS

ROWS_A_PART = 25_000

# What the subset keeps (sql/3_subset.sql says the same in SQL).
SPECIES_RANKS = ("SPECIES", "SUBSPECIES", "VARIETY", "FORM", "INFRASPECIFIC_NAME", "INFRASUBSPECIFIC_NAME")
OBSERVED = (
    "HUMAN_OBSERVATION", "OBSERVATION", "OCCURRENCE", "MATERIAL_SAMPLE", "PRESERVED_SPECIMEN", "MATERIAL_CITATION",
)  # fmt: skip


@dataclasses.dataclass
class Loaded:
    """What was loaded, counted here in Python: what the SQL must come to."""

    rows: int = 0
    parts: int = 0
    bytes: int = 0
    kept: int = 0
    lists: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # (dataset, taxon, species)

    def count(self, row):
        self.rows += 1
        if (
            row.get("decimallatitude") is not None
            and row.get("decimallongitude") is not None
            and row.get("taxonrank") in SPECIES_RANKS
            and row.get("basisofrecord") in OBSERVED
            and row.get("occurrencestatus") == "PRESENT"
        ):
            self.kept += 1
            self.lists[row.get("datasetkey"), row.get("taxonkey"), row.get("species")] += 1


def prefix_of(month):
    return f"occurrence/{month}/occurrence.parquet/"


def load(records, bucket, month, progress=lambda loaded: None, rows_a_part=ROWS_A_PART):
    """Writes the records as s3://<bucket>/occurrence/<month>/occurrence.parquet/000000 and so on."""
    s3 = boto3.client("s3")
    loaded, rows = Loaded(), []

    def flush():
        if not rows:
            return
        columns = [pa.array([row.get(name) for row in rows], type=kind) for name, kind in COLUMNS.items()]
        buffer = io.BytesIO()
        parquet.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), buffer, compression="snappy")
        s3.put_object(Bucket=bucket, Key=f"{prefix_of(month)}{loaded.parts:06}", Body=buffer.getvalue())
        loaded.parts += 1
        loaded.bytes += buffer.tell()
        rows.clear()
        progress(loaded)

    for record in records:
        row = interpret(record)
        loaded.count(row)
        rows.append(row)
        if len(rows) == rows_a_part:
            flush()
    flush()
    return loaded


# --- from text to GBIF's columns -------------------------------------------------------------------------------------


def interpret(record):
    """GBIF's columns from the text of one record; those that are NULL may be absent."""
    given = dict(record)
    _name(given)
    _place(given)
    _dates(given)
    given.setdefault("occurrenceid", given.get("id"))
    if "basisofrecord" in given:  # PreservedSpecimen -> PRESERVED_SPECIMEN
        given["basisofrecord"] = re.sub(r"(?<=[a-z])(?=[A-Z])|\s+", "_", given["basisofrecord"]).upper()
    status = given.get("occurrencestatus", "absent" if given.get("individualcount") == "0" else "present")
    given["occurrencestatus"] = status.upper()
    if "license" in given:
        given["license"] = _license(given["license"])
    return {name: READERS[name](text) for name, text in given.items() if text is not None and name in READERS}


def _name(given):
    genus, epithet, infraspecific = (given.get(k) for k in ("genus", "specificepithet", "infraspecificepithet"))
    rank = given.get("taxonrank") or (
        "INFRASPECIFIC_NAME" if infraspecific else "SPECIES" if epithet else "GENUS" if genus else None
    )
    given["taxonrank"] = rank and rank.upper().replace(" ", "_")
    if "species" not in given and genus and epithet:
        given["species"] = f"{genus} {epithet}"
    given.setdefault("verbatimscientificname", given.get("scientificname"))
    author = given.get("scientificnameauthorship")
    given.setdefault("verbatimscientificnameauthorship", author)
    if given.get("scientificname") and author and not given["scientificname"].endswith(author):
        given["scientificname"] += " " + author
    # GBIF's keys are numbers of its taxonomy; without it a number that is the same for the same name.
    given.setdefault("taxonkey", _key_of(given.get("scientificname") or given.get("species") or given.get("genus")))
    given.setdefault("specieskey", _key_of(given.get("species")))


def _place(given):
    latitude, longitude = _number(given.get("decimallatitude")), _number(given.get("decimallongitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        given.pop("decimallatitude", None)
        given.pop("decimallongitude", None)
    for name in ("elevation", "depth"):
        low, high = (_number(given.get(f"{end}{name}inmeters")) for end in ("minimum", "maximum"))
        if name in given or (low is None and high is None):
            continue
        low, high = (high if low is None else low), (low if high is None else high)
        given[name], given[name + "accuracy"] = str((low + high) / 2), str(abs(high - low) / 2)


def _dates(given):
    year, month, day = (_integer(given.get(part)) for part in ("year", "month", "day"))
    if year and _moment(given.get("eventdate")) is None:
        try:
            given["eventdate"] = datetime.datetime(year, month or 1, day or 1).isoformat()
        except ValueError:
            given.pop("eventdate", None)


def _license(text):
    match = re.search(r"creativecommons\.org/(?:licenses/(by(?:-nc)?)|publicdomain/(zero))/([\d.]+)", text)
    if not match:
        return text
    name = "CC0" if match.group(2) else "CC_" + match.group(1).upper().replace("-", "_")
    return f"{name}_{match.group(3).replace('.', '_')}"


@functools.lru_cache(maxsize=100_000)
def _key_of(name):
    if not name:
        return None
    return str(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") % (2**31 - 1) + 1)


def _texts(text):
    return [part.strip() for part in re.split(r"[|;]", text) if part.strip()]


def _number(text):
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if value - value == 0 else None  # neither NaN nor infinite


def _integer(text):
    value = _number(text)
    return int(value) if value is not None and value == int(value) and abs(value) < 2**31 else None


def _moment(text):
    if not text:
        return None
    try:
        value = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if value.tzinfo else value


READERS = {
    name: {TEXTS: _texts, NUMBER: _number, INTEGER: _integer, MOMENT: _moment, TEXT: str}[kind]
    for name, kind in COLUMNS.items()
}
