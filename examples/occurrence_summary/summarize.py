"""Reads the summaries that Redshift unloaded, with pandas and with S3 Select, and makes a species by dataset matrix."""
import csv
import io
import json
import zipfile

import boto3
import numpy
import pandas
import scipy.sparse
from botocore.exceptions import ClientError


class Mismatch(Exception):
    """Two ways to the same number came to different ones."""


def check(name, found, expected):
    """The check's line for the report. Raises Mismatch where they differ."""
    if found != expected:
        raise Mismatch(f"{name}: {found!r} is not {expected!r}")
    return name


def read_parquet(uri):
    """pandas.read_parquet. pyarrow reports a refusal without its reason, so then S3 is asked for it."""
    try:
        return pandas.read_parquet(uri)
    except OSError as error:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        try:
            boto3.client("s3").get_object(Bucket=bucket, Key=key, Range="bytes=0-0")
        except ClientError as reason:
            raise reason from error
        raise


# --- S3 Select -------------------------------------------------------------------------------------------------------


def select(bucket, key, sql, output="JSON"):
    """The rows that S3 Select finds in a Parquet object: dictionaries from JSON, lists of text from CSV."""
    answer = boto3.client("s3").select_object_content(
        Bucket=bucket,
        Key=key,
        Expression=sql,
        ExpressionType="SQL",
        InputSerialization={"Parquet": {}},
        OutputSerialization={output: {}},
    )
    rows, ended = [], False
    for event in answer["Payload"]:
        if "Records" in event:
            # A record is never split over two events, so each event's payload stands alone.
            text = event["Records"]["Payload"].decode()
            rows += map(json.loads, text.splitlines()) if output == "JSON" else csv.reader(io.StringIO(text))
        ended = ended or "End" in event
    if not ended:
        raise Mismatch("S3 Select's answer has no End event: it was cut short")
    return rows


def check_select(bucket, key, lists):
    """Reads some datasets' rows with S3 Select and compares them with what pandas read. Gives lines for the report."""
    keys = list(lists.groupby("datasetkey")["occ_count"].sum().nlargest(3).index)
    expected = rows_of(lists[lists["datasetkey"] == keys[0]])
    found = select(bucket, key, f"SELECT * FROM s3object s WHERE s.datasetkey = '{keys[0]}'")
    done = [check(f"S3 Select, JSON: {len(found):,} rows of one dataset", _sorted(found), _sorted(expected))]

    quoted = ",".join(f"'{k}'" for k in keys)
    sql = f"SELECT s.datasetkey, s.occ_count FROM s3object s WHERE s.datasetkey IN [{quoted}]"
    chosen = lists[lists["datasetkey"].isin(keys)]
    found = select(bucket, key, sql, output="CSV")
    expected = [[k, str(n)] for k, n in zip(chosen["datasetkey"], chosen["occ_count"])]
    done.append(check(f"S3 Select, CSV, a list of keys: {len(found):,} rows", sorted(found), sorted(expected)))
    return done


def rows_of(frame):
    """The frame as dictionaries of plain values, NULLs as None."""
    columns = list(frame.columns)
    return [dict(zip(columns, (_plain(v) for v in row))) for row in frame.itertuples(index=False)]


def _plain(value):
    if value is None or (not isinstance(value, str) and pandas.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def _sorted(rows):
    """Rows in an order of their own; a NULL may be absent or null."""
    return sorted(json.dumps({k: v for k, v in row.items() if v is not None}, sort_keys=True) for row in rows)


# --- the matrix ------------------------------------------------------------------------------------------------------

NO_SPECIES = "(no species)"


class Matrix:
    """Occurrences by species (rows) and dataset (columns), sparse."""

    def __init__(self, counts, species, datasets):
        self.counts, self.species, self.datasets = counts, species, datasets

    @classmethod
    def of(cls, lists):
        """From the list of (datasetkey, taxonkey, species, occ_count): taxa of the same species add up."""
        frame = lists.assign(species=lists["species"].fillna(NO_SPECIES))
        rows, species = pandas.factorize(frame["species"], sort=True)
        columns, datasets = pandas.factorize(frame["datasetkey"], sort=True)
        shape = (len(species), len(datasets))
        counts = scipy.sparse.coo_array((frame["occ_count"].to_numpy(numpy.int64), (rows, columns)), shape=shape)
        return cls(counts.tocsr(), list(species), list(datasets))

    def check(self, lists, counts):
        """Compares with the list and with the counts by dataset. Gives lines for the report."""
        frame = lists.assign(species=lists["species"].fillna(NO_SPECIES))
        by_species = frame.groupby("species")["occ_count"].sum()
        by_dataset = frame.groupby("datasetkey")["occ_count"].sum()
        rows = dict(zip(self.species, self.counts.sum(axis=1).tolist()))
        columns = dict(zip(self.datasets, self.counts.sum(axis=0).tolist()))
        done = [
            check(f"{len(rows):,} row sums are the list's", rows, by_species.to_dict()),
            check(f"{len(columns):,} column sums are the list's", columns, by_dataset.to_dict()),
        ]
        expected = frame.groupby(["species", "datasetkey"])["occ_count"].sum().to_dict()
        cells = self.counts.tocoo()
        found = {
            (self.species[r], self.datasets[c]): n
            for r, c, n in zip(cells.row.tolist(), cells.col.tolist(), cells.data.tolist())
            if n
        }
        done.append(check(f"{len(found):,} non-zeros are the list's", found, expected))

        named = {d: 0 for d in self.datasets}
        for s, d in found:
            named[d] += s != NO_SPECIES
        by_key = counts.set_index("datasetkey").to_dict()
        done.append(check("column sums are dataset_counts' occurrences", columns, by_key["occ_count"]))
        done.append(check("species of each column are dataset_counts' species", named, by_key["species_count"]))
        return done

    def to_zip(self):
        """The bytes of a .zip of the matrix and its labels."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            matrix = io.BytesIO()
            scipy.sparse.save_npz(matrix, self.counts)
            archive.writestr("matrix.npz", matrix.getvalue())
            archive.writestr("labels.json", json.dumps({"species": self.species, "datasets": self.datasets}))
        return packed.getvalue()

    @classmethod
    def from_zip(cls, packed):
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            counts = scipy.sparse.load_npz(io.BytesIO(archive.read("matrix.npz")))
            labels = json.loads(archive.read("labels.json"))
        return cls(counts, labels["species"], labels["datasets"])

    def __eq__(self, other):
        same_labels = self.species == other.species and self.datasets == other.datasets
        return same_labels and self.counts.shape == other.counts.shape and (self.counts != other.counts).nnz == 0


def write_and_read_back(matrix, bucket, key):
    """Writes the matrix as s3://<bucket>/<key>, reads it again and compares. Gives lines for the report."""
    s3 = boto3.client("s3")
    packed = matrix.to_zip()
    s3.put_object(Bucket=bucket, Key=key, Body=packed, ContentType="application/zip")
    again = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return [check(f"{key} reads back as it was written", Matrix.from_zip(again) == matrix, True)]
