"""Step 3: mount the month's files, keep what is located and identified, unmount."""
from common import BUCKET, CHAIN, leave_word, month_of, occurrences_of, run, table, tables_like

SCHEMA = f"{CHAIN}_spectrum"


def handler(event, context):
    month = month_of(event)
    subset, mounted = table("subset", month), f"{SCHEMA}.occurrence_{month.replace('-', '_')}"
    if not tables_like(subset.removeprefix("public.")):
        run(f"CREATE EXTERNAL SCHEMA IF NOT EXISTS {SCHEMA} FROM DATA CATALOG DATABASE '{SCHEMA}' "
            "IAM_ROLE DEFAULT CREATE EXTERNAL DATABASE IF NOT EXISTS")  # fmt: skip
        if run(f"SELECT tablename FROM svv_external_tables WHERE schemaname = '{SCHEMA}' AND tablename = '{mounted.split('.')[1]}'"):
            run(f"DROP TABLE {mounted}")  # of a run that was cut short
        run(
            f"""CREATE EXTERNAL TABLE {mounted} (gbifid VARCHAR(max), datasetkey VARCHAR(max), species VARCHAR(max),
                    taxonrank VARCHAR(max), occurrencestatus VARCHAR(max), decimallatitude DOUBLE PRECISION,
                    decimallongitude DOUBLE PRECISION)
                STORED AS PARQUET LOCATION 's3://{BUCKET}/{occurrences_of(month)}'""",
            f"""CREATE TABLE {subset} AS
                SELECT gbifid, datasetkey, species, ST_MakePoint(decimallongitude, decimallatitude) AS geom
                FROM {mounted}
                WHERE decimallatitude IS NOT NULL AND decimallongitude IS NOT NULL AND species IS NOT NULL
                  AND occurrencestatus = 'PRESENT'""",
            f"DROP TABLE {mounted}",
        )
    [[count]] = run(f"SELECT COUNT(*) FROM {subset}")
    return leave_word("subset", month, records=count)
