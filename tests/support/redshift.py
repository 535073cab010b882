"""A Redshift Serverless workgroup for tests, and how to run SQL on it through the Data API."""
import json
import time

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "redshift.amazonaws.com"}}]}
LAKE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*"], "Resource": "*"}]}
OVER = ("FINISHED", "FAILED", "ABORTED")


class SqlFailed(Exception):
    def __init__(self, description):
        super().__init__(description.get("Error"))
        self.description = description


def make_role(iam, name, policy=LAKE):
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if policy is not None:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
    return arn


def value(field):
    return None if field.get("isNull") else next(iter(field.values()))


class Warehouse:
    def __init__(self, data, workgroup, role=None, database="dev"):
        self.data, self.workgroup, self.role, self.database = data, workgroup, role, database

    def submit(self, sql, **kwargs):
        if "SessionId" not in kwargs:
            kwargs = {"WorkgroupName": self.workgroup, "Database": self.database, **kwargs}
        return self.data.execute_statement(Sql=sql, **kwargs)

    def wait(self, identifier, data=None):
        while True:
            description = (data or self.data).describe_statement(Id=identifier)
            if description["Status"] in OVER:
                return description
            time.sleep(0.005)

    def describe(self, sql, **kwargs):
        """Runs it and gives its description, failed or not."""
        return self.wait(self.submit(sql, **kwargs)["Id"])

    def run(self, sql, **kwargs):
        description = self.describe(sql, **kwargs)
        if description["Status"] != "FINISHED":
            raise SqlFailed(description)
        return description

    def result(self, sql, **kwargs):
        """(columns' metadata, rows)"""
        description = self.run(sql, **kwargs)
        columns, rows, token = None, [], {}
        while True:
            page = self.data.get_statement_result(Id=description["Id"], **token)
            columns = page["ColumnMetadata"]
            rows += [[value(field) for field in row] for row in page["Records"]]
            if "NextToken" not in page:
                return columns, rows
            token = {"NextToken": page["NextToken"]}

    def rows(self, sql, **kwargs):
        return self.result(sql, **kwargs)[1]


def make_warehouse(client, new_name, **namespace):
    name = new_name("wg")
    role = make_role(client("iam"), new_name("role"))
    serverless = client("redshift-serverless")
    serverless.create_namespace(namespaceName=name, defaultIamRoleArn=role, **namespace)
    serverless.create_workgroup(namespaceName=name, workgroupName=name)
    return Warehouse(client("redshift-data"), name, role)
