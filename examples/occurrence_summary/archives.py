"""Reads occurrences as text: Darwin Core archives, GBIF's tab-separated downloads, and a generated sample.

Each reader yields dictionaries of lower-case Darwin Core term names ("scientificname") to text; absent means unknown.
"""
import csv
import io
import pathlib
import random
import re
import sys
import uuid
import xml.etree.ElementTree as xml
import zipfile

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

DWC_TEXT = "{http://rs.tdwg.org/dwc/text/}"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class ArchiveError(Exception):
    """Says what is wrong with which file."""


# --- Darwin Core archives -------------------------------------------------------------------------------------------


def read_archive(path):
    """The core records of a Darwin Core archive (.zip). Without a dataset key of their own they get the archive's."""
    path = pathlib.Path(path)
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"{path} is no Darwin Core archive: {error}") from None
    with archive:
        dataset = _dataset_key(archive, path)
        for record in _core_records(archive, path):
            record.setdefault("datasetkey", dataset)
            yield record


def _core_records(archive, path):
    names = archive.namelist()
    if "meta.xml" not in names:
        # The standard allows an archive of one data file with a header row and no description.
        tables = [name for name in names if name.lower().endswith((".csv", ".tsv", ".txt"))]
        if len(tables) != 1:
            raise ArchiveError(f"{path}: neither meta.xml nor exactly one table (.csv, .tsv or .txt) is in it")
        yield from _read_with_header(_open_text(archive, tables[0], "utf-8-sig"))
        return
    try:
        core = xml.fromstring(archive.read("meta.xml")).find(f"{DWC_TEXT}core")
    except xml.ParseError as error:
        raise ArchiveError(f"{path}: meta.xml cannot be read: {error}") from None
    if core is None:
        raise ArchiveError(f"{path}: meta.xml describes no core table")
    for location in core.iter(f"{DWC_TEXT}location"):
        name = (location.text or "").strip()
        if name not in names:
            raise ArchiveError(f"{path}: meta.xml names {name}, which is not in it")
        yield from _read_described(_open_text(archive, name, core.get("encoding") or "utf-8"), core)


def _read_described(stream, core):
    indexed, fixed = {}, {}
    identifier = core.find(f"{DWC_TEXT}id")
    if identifier is not None:
        indexed[int(identifier.get("index"))] = "id"
    for field in core.iter(f"{DWC_TEXT}field"):
        term = field.get("term").rsplit("/", 1)[-1].lower()
        if field.get("default"):
            fixed[term] = field.get("default")
        if field.get("index") is not None:
            indexed[int(field.get("index"))] = term
    quote = _unescaped(core.get("fieldsEnclosedBy", '"'))
    rows = _rows(stream, _unescaped(core.get("fieldsTerminatedBy", ",")), quote)
    for _ in range(int(core.get("ignoreHeaderLines") or 0)):
        next(rows, None)
    for row in rows:
        record = dict(fixed)
        record.update((indexed[i], text) for i, text in enumerate(row) if i in indexed and text != "")
        yield record


def _unescaped(text):
    return text.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r")


def _dataset_key(archive, path):
    """GBIF's key of the dataset where eml.xml names one, else one that stays the same for the same archive."""
    if "eml.xml" in archive.namelist():
        root = xml.fromstring(archive.read("eml.xml"))
        for element in root.iter("alternateIdentifier"):
            if UUID.fullmatch((element.text or "").strip()):
                return element.text.strip().lower()
    return str(uuid.uuid5(uuid.NAMESPACE_URL, path.name))


# --- tables with a header row ----------------------------------------------------------------------------------------


def read_gbif_table(path):
    """A GBIF occurrence download: tab-separated, not quoted, with a header row."""
    try:
        stream = open(path, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from None
    with stream:
        yield from _read_with_header(stream, "\t")


def _read_with_header(stream, delimiter=None):
    first = stream.readline()
    if delimiter is None:
        delimiter = "\t" if "\t" in first else ","
    quote = "" if delimiter == "\t" else '"'
    header = [name.strip().lower() for name in next(_rows(io.StringIO(first), delimiter, quote), [])]
    if not header:
        raise ArchiveError("the table is empty: its first row must name the columns")
    for row in _rows(stream, delimiter, quote):
        yield {name: text for name, text in zip(header, row) if text != ""}


def _rows(stream, delimiter, quote):
    quoting = {"quotechar": quote, "quoting": csv.QUOTE_MINIMAL} if quote else {"quoting": csv.QUOTE_NONE}
    return (row for row in csv.reader(stream, delimiter=delimiter, **quoting) if row)


def _open_text(archive, name, encoding):
    return io.TextIOWrapper(archive.open(name), encoding=encoding, errors="replace", newline="")


# --- a generated sample ----------------------------------------------------------------------------------------------

RANKS = ["SPECIES"] * 12 + ["SUBSPECIES", "VARIETY", "FORM", "GENUS", "FAMILY"]
BASES = ["HUMAN_OBSERVATION"] * 8 + ["PRESERVED_SPECIMEN"] * 5 + ["OBSERVATION", "FOSSIL_SPECIMEN", "LIVING_SPECIMEN"]
ISSUES = ["COORDINATE_ROUNDED", "GEODETIC_DATUM_ASSUMED_WGS84"]
SYLLABLES = ["am", "bu", "cor", "di", "el", "fra", "gi", "hy", "is", "lu", "mi", "no", "pe", "ra", "sal", "ti", "vi"]


def generate(count, seed=1, datasets=12, species=300):
    """`count` made-up occurrences, always the same for the same arguments: few datasets and species have most of them,
    and some lack coordinates, are of another rank, basis or status, so that the subset leaves some out."""
    rng = random.Random(seed)

    def word(ending):
        return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3))) + ending

    keys = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(datasets)]
    names = [(word("us").capitalize(), word("a")) for _ in range(species)]
    people = [f"{word('o').capitalize()}, {rng.choice('ABCDEFGH')}" for _ in range(40)]
    for number in range(count):
        genus, epithet = names[min(int(rng.paretovariate(0.9)) - 1, species - 1)]
        rank = rng.choice(RANKS)
        record = {
            "gbifid": str(4_000_000_000 + number),
            "datasetkey": keys[min(int(rng.paretovariate(0.8)) - 1, datasets - 1)],
            "occurrenceid": f"urn:sample:{seed}:{number}",
            "kingdom": "Animalia",
            "phylum": "Chordata",
            "genus": genus,
            "taxonrank": rank,
            "basisofrecord": rng.choice(BASES),
            "occurrencestatus": "PRESENT" if rng.random() < 0.97 else "ABSENT",
            "countrycode": rng.choice(["US", "US", "CA", "MX"]),
            "individualcount": str(rng.randint(1, 9)),
            "year": str(rng.randint(1900, 2024)),
            "month": str(rng.randint(1, 12)),
            "day": str(rng.randint(1, 28)),
            "recordedby": "|".join(rng.sample(people, rng.randint(1, 3))),
            "lastinterpreted": "2024-10-31T12:00:00.123Z",
        }
        if rng.random() < 0.92:
            record["decimallatitude"] = f"{rng.uniform(-60, 75):.5f}"
            record["decimallongitude"] = f"{rng.uniform(-180, 180):.5f}"
        if rng.random() < 0.3:
            record["issue"] = ";".join(rng.sample(ISSUES, rng.randint(1, 2)))
        if rank not in ("GENUS", "FAMILY"):
            record.update(specificepithet=epithet, scientificname=f"{genus} {epithet} Maker, 1900")
        if rank in ("SUBSPECIES", "VARIETY", "FORM"):
            subspecies = epithet + "lla"
            record.update(infraspecificepithet=subspecies, scientificname=f"{genus} {epithet} {subspecies} Maker, 1901")
        yield record
