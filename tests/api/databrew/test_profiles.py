"""Profile jobs: people decide by these numbers what to do with their data, so each is compared with one computed here."""
import json
import math
import statistics
import time

import pytest
from botocore.exceptions import ClientError

from support.crawlers import ALL, make_role  # noqa: F401

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                  "Principal": {"Service": ["databrew.amazonaws.com", "glue.amazonaws.com"]}}]}


@pytest.fixture(scope="module")
def databrew(client):
    return client("databrew")


@pytest.fixture(scope="module")
def role(make_role):
    return make_role(trust=TRUST)


def finished(databrew, job):
    run = databrew.start_job_run(Name=job)["RunId"]
    for _ in range(6000):
        state = databrew.describe_job_run(Name=job, RunId=run)
        if state["State"] in ("SUCCEEDED", "FAILED", "STOPPED"):
            return state
        time.sleep(0.01)
    raise AssertionError("the run does not end")


X = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000] + [5] * 30
ROWS = [(x, 2 * x + 1, "ab"[i % 2] * (i % 3), "" if i % 10 == 0 else i / 4) for i, x in enumerate(X)]
CSV = "x,y,word,gap\n" + "".join(f"{x},{y},{word},{gap}\n" for x, y, word, gap in ROWS)


@pytest.fixture
def report(client, databrew, bucket, role, new_name):
    def make(**job):
        client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=CSV.encode())
        dataset, name = new_name("dataset"), new_name("job")
        databrew.create_dataset(Name=dataset, Format="CSV", Input={"S3InputDefinition": {"Bucket": bucket, "Key": "in/"}})
        databrew.create_profile_job(Name=name, DatasetName=dataset, RoleArn=role,
                                    OutputLocation={"Bucket": bucket, "Key": "out/"}, **job)
        state = finished(databrew, name)
        assert state["State"] == "SUCCEEDED", state.get("ErrorMessage")
        at = state["Outputs"][0]["Location"]
        return json.loads(client("s3").get_object(Bucket=at["Bucket"], Key=at["Key"])["Body"].read())

    return make


def test_the_numbers_of_a_profile(report):
    made = report()
    assert made["sampleSize"] == len(X) and made["columnsCount"] == 4
    assert made["duplicateRowsCount"] == len(ROWS) - len(set(ROWS))
    columns = {c["name"]: c for c in made["columns"]}
    x = columns["x"]
    mean, deviation = statistics.mean(X), statistics.stdev(X)
    close = lambda a, b: math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    assert (x["type"], x["min"], x["max"], x["sum"], x["zerosCount"]) == ("long", 1, 1000, sum(X), 0)
    assert close(x["mean"], mean) and close(x["standardDeviation"], deviation) and close(x["variance"], deviation ** 2)
    assert close(x["median"], statistics.median(X)) and x["mode"] == "5"
    assert x["distinctValuesCount"] == len(set(X)) and x["uniqueValuesCount"] == sum(X.count(v) == 1 for v in set(X))
    second = sum((v - mean) ** 2 for v in X) / len(X)
    assert close(x["skewness"], sum((v - mean) ** 3 for v in X) / len(X) / second ** 1.5)
    assert close(x["kurtosis"], sum((v - mean) ** 4 for v in X) / len(X) / second ** 2 - 3)
    shares = [X.count(v) / len(X) for v in set(X)]
    assert close(x["entropy"], -sum(p * math.log(p) for p in shares))
    assert x["outliersCount"] == 1 and x["outliers"][0]["value"] == 1000
    assert sum(b["frequency"] for b in x["valueDistribution"]) == len(X) and len(x["valueDistribution"]) == 20
    assert x["mostCommonValues"][0] == {"value": "5", "frequency": X.count(5)}
    assert columns["gap"]["missingValuesCount"] == sum(r[3] == "" for r in ROWS)
    word = columns["word"]
    assert word["type"] == "string" and word["maxLength"] == 2
    pairs = {tuple(c["columns"]): c["value"] for c in made["correlations"]}
    assert close(pairs[("x", "y")], 1)


def test_samples_and_chosen_columns(report):
    made = report(JobSample={"Mode": "CUSTOM_ROWS", "Size": 5}, Configuration={"ProfileColumns": [{"Name": "y"}]})
    assert made["sampleSize"] == 5 and [c["name"] for c in made["columns"]] == ["y"]


def test_a_table_of_the_catalog(client, databrew, bucket, role, new_name):
    client("s3").put_object(Bucket=bucket, Key="t/a.json", Body=b'{"a":1,"b":"x"}\n{"a":3,"b":"y"}\n')
    glue, database = client("glue"), new_name("db").replace("-", "_")
    glue.create_crawler(Name=database, Role=role, DatabaseName=database, Targets={"S3Targets": [{"Path": f"s3://{bucket}/t/"}]})
    glue.start_crawler(Name=database)
    for _ in range(3000):
        if "LastCrawl" in glue.get_crawler(Name=database)["Crawler"]:
            break
        time.sleep(0.01)
    dataset, name = new_name("dataset"), new_name("job")
    databrew.create_dataset(Name=dataset, Input={"DataCatalogInputDefinition": {"DatabaseName": database, "TableName": "t"}})
    databrew.create_profile_job(Name=name, DatasetName=dataset, RoleArn=role, OutputLocation={"Bucket": bucket})
    state = finished(databrew, name)
    assert state["State"] == "SUCCEEDED", state.get("ErrorMessage")
    body = client("s3").get_object(Bucket=bucket, Key=state["Outputs"][0]["Location"]["Key"])["Body"].read()
    assert {c["name"]: c.get("mean") for c in json.loads(body)["columns"]} == {"a": 2, "b": None}


def test_a_denied_run_says_what_its_role_lacks(client, databrew, bucket, make_role, new_name):
    client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=CSV.encode())
    dataset = new_name("dataset")
    databrew.create_dataset(Name=dataset, Input={"S3InputDefinition": {"Bucket": bucket, "Key": "in/"}})
    for action in ("s3:ListBucket", "s3:GetObject", "s3:PutObject"):
        name = new_name("job")
        role = make_role({**ALL, "Statement": [*ALL["Statement"], {"Effect": "Deny", "Action": action, "Resource": "*"}]}, TRUST)
        databrew.create_profile_job(Name=name, DatasetName=dataset, RoleArn=role, OutputLocation={"Bucket": bucket})
        state = finished(databrew, name)
        assert state["State"] == "FAILED" and action in state["ErrorMessage"], state


def test_datasets_jobs_and_refusals(databrew, bucket, role, new_name):
    dataset, job = new_name("dataset"), new_name("job")
    given = {"S3InputDefinition": {"Bucket": bucket, "Key": "a.csv"}}
    databrew.create_dataset(Name=dataset, Input=given, Tags={"a": "b"}, FormatOptions={"Csv": {"Delimiter": ";", "HeaderRow": True}})
    got = databrew.describe_dataset(Name=dataset)
    assert got["Input"] == given and got["Source"] == "S3" and got["FormatOptions"]["Csv"]["Delimiter"] == ";"
    assert got["Tags"] == {"a": "b"} and dataset in [d["Name"] for d in databrew.list_datasets(MaxResults=100)["Datasets"]]

    def code(call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        return caught.value.response["Error"]["Code"]

    assert code(databrew.create_dataset, Name=dataset, Input=given) == "ConflictException"
    assert code(databrew.create_dataset, Name=dataset + "x", Input={}) == "ValidationException"
    output = {"Bucket": bucket}
    databrew.create_profile_job(Name=job, DatasetName=dataset, RoleArn=role, OutputLocation=output, Tags={"c": "d"})
    assert code(databrew.create_profile_job, Name=job, DatasetName=dataset, RoleArn=role, OutputLocation=output) == "ConflictException"
    assert code(databrew.create_profile_job, Name=job + "x", DatasetName="none", RoleArn=role,
                OutputLocation=output) == "ResourceNotFoundException"
    described = databrew.describe_job(Name=job)
    assert described["Type"] == "PROFILE" and described["JobSample"] == {"Mode": "CUSTOM_ROWS", "Size": 20000}
    assert job in [j["Name"] for j in databrew.list_jobs(DatasetName=dataset)["Jobs"]]
    databrew.update_dataset(Name=dataset, Input=given, Format="CSV")
    assert "FormatOptions" not in databrew.describe_dataset(Name=dataset)
    databrew.update_profile_job(Name=job, RoleArn=role, OutputLocation=output, JobSample={"Mode": "FULL_DATASET"})
    assert databrew.describe_job(Name=job)["JobSample"] == {"Mode": "FULL_DATASET"}
    assert code(databrew.delete_dataset, Name=dataset) == "ConflictException"
    assert finished(databrew, job)["State"] == "FAILED"  # there is no such file
    runs = databrew.list_job_runs(Name=job)["JobRuns"]
    assert len(runs) == 1 and code(databrew.stop_job_run, Name=job, RunId=runs[0]["RunId"]) == "ValidationException"
    databrew.tag_resource(ResourceArn=described["ResourceArn"], Tags={"e": "f"})
    databrew.untag_resource(ResourceArn=described["ResourceArn"], TagKeys=["c"])
    assert databrew.list_tags_for_resource(ResourceArn=described["ResourceArn"])["Tags"] == {"e": "f"}
    databrew.delete_job(Name=job)
    databrew.delete_dataset(Name=dataset)
    assert code(databrew.describe_dataset, Name=dataset) == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="CreateRecipe"):
        databrew.create_recipe(Name="r", Steps=[])


@pytest.mark.parametrize("operation, member", [("list_projects", "Projects"), ("list_recipes", "Recipes"),
                                               ("list_rulesets", "Rulesets"), ("list_schedules", "Schedules")])
def test_lists_of_what_there_is_none_of(client, operation, member):
    """Making any is refused: tests/api/test_refusals.py."""
    assert getattr(client("databrew"), operation)()[member] == []
