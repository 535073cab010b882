"""An Athena workgroup for tests, and how to run SQL in it."""
import time

OVER = ("SUCCEEDED", "FAILED", "CANCELLED")


class QueryFailed(Exception):
    def __init__(self, execution):
        super().__init__(execution["Status"].get("StateChangeReason"))
        self.execution = execution


class Workgroup:
    """REQUIRES: a bucket that is there. `database` is what names without one are looked up in."""

    def __init__(self, athena, name, bucket, database="default"):
        self.athena, self.name, self.bucket, self.database = athena, name, bucket, database
        self.output = f"s3://{bucket}/results/"

    def start(self, sql, database=None, **kwargs):
        kwargs.setdefault("ResultConfiguration", {"OutputLocation": self.output})
        return self.athena.start_query_execution(
            QueryString=sql, WorkGroup=self.name,
            QueryExecutionContext={"Database": database or self.database}, **kwargs)["QueryExecutionId"]

    def wait(self, identifier):
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            if execution["Status"]["State"] in OVER:
                return execution
            time.sleep(0.005)

    def execution(self, sql, **kwargs):
        """Runs it and gives its description, failed or not."""
        return self.wait(self.start(sql, **kwargs))

    def run(self, sql, **kwargs):
        execution = self.execution(sql, **kwargs)
        if execution["Status"]["State"] != "SUCCEEDED":
            raise QueryFailed(execution)
        return execution

    def error(self, sql, **kwargs):
        execution = self.execution(sql, **kwargs)
        assert execution["Status"]["State"] == "FAILED", execution["Status"]
        return execution["Status"]["StateChangeReason"]

    def pages(self, identifier, **kwargs):
        token = {}
        while True:
            page = self.athena.get_query_results(QueryExecutionId=identifier, **token, **kwargs)
            yield page
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}

    def rows(self, sql, **kwargs):
        """All rows as texts, a SELECT's without its header."""
        execution = self.run(sql, **kwargs)
        rows = [[datum.get("VarCharValue") for datum in row["Data"]]
                for page in self.pages(execution["QueryExecutionId"]) for row in page["ResultSet"]["Rows"]]
        return rows[1:] if execution["SubstatementType"] == "SELECT" else rows


def make_workgroup(client, new_name):
    name, bucket = new_name("wg"), new_name("athena")
    client("s3").create_bucket(Bucket=bucket)
    athena = client("athena")
    athena.create_work_group(Name=name, Configuration={"EnforceWorkGroupConfiguration": False})
    database = new_name("db").replace("-", "_")
    client("glue").create_database(DatabaseInput={"Name": database})
    return Workgroup(athena, name, bucket, database)
