"""Step 1: is the month's data there?"""
import boto3

from common import BUCKET, leave_word, month_of, occurrences_of


def handler(event, context):
    month = month_of(event)
    prefix = occurrences_of(month)
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    if found["KeyCount"] == 0:
        raise FileNotFoundError(f"s3://{BUCKET}/{prefix} has no files yet")
    return leave_word("look", month, files=found["KeyCount"])
