"""What a crawler has found is queried: the tables that it writes must be such that SQL over them gives the files' rows."""
import io
import json
import time

import pytest

from support.redshift import make_warehouse

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                  "Principal": {"Service": "glue.amazonaws.com"}}]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}]}


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.fixture(scope="module")
def lake(client, new_name):
    """(a warehouse with an external schema, named) over the tables of a crawled bucket."""
    bucket, database = new_name("bucket"), new_name("crawled").replace("-", "_")
    s3, glue, iam = client("s3"), client("glue"), client("iam")
    s3.create_bucket(Bucket=bucket)
    for y in (2023, 2024):
        s3.put_object(Bucket=bucket, Key=f"data/sales/year={y}/f.parquet", Body=parquet(id=[y, y + 1], price=[1.5, 2.5]))
    s3.put_object(Bucket=bucket, Key="data/people/p.csv", Body=b"id,name\n1,Ann\n2,Bob\n")
    s3.put_object(Bucket=bucket, Key="data/events/e.json", 
                  Body=b'{"at":"x","n":1,"who":{"name":"Ann"}}\n{"at":"y","n":2,"who":{"name":"Bob"}}\n')
    role = iam.create_role(RoleName=new_name("crawler"), AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p", PolicyDocument=json.dumps(ALL))
    glue.create_crawler(Name=database, Role=role["Arn"], DatabaseName=database,
                        Targets={"S3Targets": [{"Path": f"s3://{bucket}/data/"}]})
    glue.start_crawler(Name=database)
    for _ in range(3000):
        crawler = glue.get_crawler(Name=database)["Crawler"]
        if "LastCrawl" in crawler:
            break
        time.sleep(0.01)
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"]
    warehouse = make_warehouse(client, new_name)
    schema = new_name("ext").replace("-", "_")
    warehouse.run(f"CREATE EXTERNAL SCHEMA {schema} FROM DATA CATALOG DATABASE '{database}' IAM_ROLE default")
    return warehouse, schema


@pytest.mark.parametrize("query, rows", [
    ("SELECT year, SUM(id), SUM(price) FROM {0}.sales GROUP BY year ORDER BY year", [["2023", 4047, 4.0], ["2024", 4049, 4.0]]),
    ("SELECT COUNT(*) FROM {0}.sales WHERE year = '2024'", [[2]]),
    ("SELECT id, name FROM {0}.people ORDER BY id", [[1, "Ann"], [2, "Bob"]]),
    ('SELECT "at", n FROM {0}.events WHERE n > 1', [["y", 2]]),
])
def test_crawled_tables_answer(lake, query, rows):
    warehouse, schema = lake
    assert warehouse.rows(query.format(schema)) == rows
