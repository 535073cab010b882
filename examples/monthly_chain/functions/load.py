"""Step 2: the tables that help: outlines of regions (a shapefile) and the status of species (CSV)."""
from common import BUCKET, CHAIN, leave_word, month_of, run, tables_like


def handler(event, context):
    month = month_of(event)
    there = tables_like(f"{CHAIN}_region%") + tables_like(f"{CHAIN}_status%")
    if not there:
        regions, status = f"public.{CHAIN}_regions", f"public.{CHAIN}_status"
        run(
            f"CREATE TABLE {regions} (shape GEOMETRY, code VARCHAR(10), name VARCHAR(100))",
            f"COPY {regions} FROM 's3://{BUCKET}/ancillary/regions.shp' FORMAT SHAPEFILE IAM_ROLE DEFAULT",
            f"CREATE TABLE {status} (species VARCHAR(200), status VARCHAR(20))",
            f"COPY {status} FROM 's3://{BUCKET}/ancillary/status.csv' FORMAT CSV IGNOREHEADER 1 IAM_ROLE DEFAULT",
        )
    return leave_word("load", month, made=0 if there else 2)
