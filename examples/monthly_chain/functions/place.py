"""Step 4: which region each point lies in, and the status of its species."""
from common import CHAIN, leave_word, month_of, run, table


def handler(event, context):
    month = month_of(event)
    subset = table("subset", month)
    columns = [row[0] for row in run(f"SELECT column_name FROM svv_columns WHERE table_name = '{subset.removeprefix('public.')}'")]
    for column in ("region", "status"):
        if column not in columns:
            run(f"ALTER TABLE {subset} ADD COLUMN {column} VARCHAR(20) DEFAULT NULL")
    run(
        f"""UPDATE {subset} SET region = r.code FROM public.{CHAIN}_regions r
            WHERE ST_Intersects(ST_SetSRID(geom, 4326), ST_SetSRID(r.shape, 4326))""",
        f"UPDATE {subset} SET status = s.status FROM public.{CHAIN}_status s WHERE {subset.removeprefix('public.')}.species = s.species",
    )
    [[placed]] = run(f"SELECT COUNT(*) FROM {subset} WHERE region IS NOT NULL")
    return leave_word("place", month, placed=placed)
