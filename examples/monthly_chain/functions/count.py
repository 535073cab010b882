"""Step 5: records and species by region and status, as one Parquet file."""
from common import BUCKET, CHAIN, leave_word, month_of, run, table


def handler(event, context):
    month = month_of(event)
    subset, counts = table("subset", month), table("counts", month)
    run(
        f"DROP TABLE IF EXISTS {counts}",
        f"""CREATE TABLE {counts} AS
            SELECT region, COALESCE(status, 'present') AS status, COUNT(*) AS records, COUNT(DISTINCT species) AS species
            FROM {subset} WHERE region IS NOT NULL GROUP BY 1, 2""",
        f"""UNLOAD ('SELECT * FROM {counts} ORDER BY region, status') TO 's3://{BUCKET}/{CHAIN}/summary/{month}_'
            IAM_ROLE DEFAULT FORMAT AS PARQUET PARALLEL OFF ALLOWOVERWRITE""",
    )
    [[regions, records]] = run(f"SELECT COUNT(DISTINCT region), SUM(records) FROM {counts}")
    return leave_word("count", month, regions=regions, records=records)
