"""Roles for crawlers and what else reads as one, and how to wait for a crawl."""
import json
import time

import pytest

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                  "Principal": {"Service": "glue.amazonaws.com"}}]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}]}


@pytest.fixture(scope="module")
def make_role(client, new_name):
    def make(policy=ALL, trust=TRUST):
        name = new_name("crawler-role")
        arn = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if policy is not None:
            client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return arn

    return make


@pytest.fixture(scope="module")
def role(make_role):
    return make_role()


def wait(glue, name):
    for _ in range(3000):
        crawler = glue.get_crawler(Name=name)["Crawler"]
        if crawler["State"] == "READY" and "LastCrawl" in crawler:
            return crawler
        time.sleep(0.01)
    raise AssertionError("the crawl does not end")


def prepare(server, files=1):
    iam, s3 = server.client("iam"), server.client("s3")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(ALL))
    s3.create_bucket(Bucket="bucket")
    for i in range(files):
        s3.put_object(Bucket="bucket", Key=f"in/f{i}.json", Body=b'{"a":1}')
    return dict(Role=role, DatabaseName="d", Targets={"S3Targets": [{"Path": "s3://bucket/in/"}]})
