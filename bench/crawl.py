"""How long a crawler takes over many small files in many partitions."""
import concurrent.futures
import io
import json
import sys
import time

from support.server import Server

OBJECTS, PARTITIONS = 10_000, 500


def role(server):
    iam = server.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    rights = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}]}
    arn = iam.create_role(RoleName="crawler", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="crawler", PolicyName="p", PolicyDocument=json.dumps(rights))
    return arn


def fill(server, bucket):
    import pyarrow
    import pyarrow.parquet

    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": range(100), "name": [f"n{i}" for i in range(100)],
                                               "value": [i / 7 for i in range(100)]}), out)
    body, s3 = out.getvalue(), server.client("s3")
    s3.create_bucket(Bucket=bucket)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: s3.put_object(Bucket=bucket, Key=f"t/day={i % PARTITIONS:03}/f{i // PARTITIONS}.parquet", Body=body),
                      range(OBJECTS)))


def measure_crawl(rows):
    with Server() as server:
        fill(server, "crawled")
        glue = server.client("glue")
        glue.create_crawler(Name="c", Role=role(server), DatabaseName="d", Targets={"S3Targets": [{"Path": "s3://crawled/t/"}]})
        times = []
        for crawl in ("first", "again, nothing new"):
            started = time.perf_counter()
            glue.start_crawler(Name="c")
            while (crawler := glue.get_crawler(Name="c")["Crawler"])["State"] != "READY":
                time.sleep(0.01)
            times.append(time.perf_counter() - started)
            if crawler["LastCrawl"]["Status"] != "SUCCEEDED":
                raise RuntimeError(crawler["LastCrawl"])
            rows.append((f"crawl of {OBJECTS:,} objects in {PARTITIONS} partitions, {crawl}", f"{times[-1]:.2f} s", "5 s", times[-1] / 5))
        found = glue.get_partitions(DatabaseName="d", TableName="t", MaxResults=1000)["Partitions"]
        if len(found) != PARTITIONS:
            raise RuntimeError(f"{len(found)} partitions")


if __name__ == "__main__":
    measured = []
    measure_crawl(measured)
    for row in measured:
        print(*row, sep="\t", file=sys.stdout)
