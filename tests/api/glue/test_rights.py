"""Rights in the catalog: an operation needs its action on the table and on all that it lies in; a deletion also on what
lies in the resource; the catalog's own policy counts."""
import json

import pytest

DENIED = "AccessDeniedException"


@pytest.fixture
def arns(account, database):
    stem = f"arn:aws:glue:us-east-1:{account}:"
    return {
        "catalog": stem + "catalog",
        "database": f"{stem}database/{database}",
        "table": f"{stem}table/{database}/t",
        "tables": f"{stem}table/{database}/*",
        "functions": f"{stem}userDefinedFunction/{database}/*",
    }


def test_a_table_needs_all_three(glue, database, partitioned, user_client, allow, arns, refused):
    partitioned(("k", "int"))
    needed = [arns["catalog"], arns["database"], arns["table"]]
    enough = user_client("glue", allow("glue:GetTable", needed))
    assert enough.get_table(DatabaseName=database, Name="t")["Table"]["Name"] == "t"
    code, message = refused(enough.get_partitions, DatabaseName=database, TableName="t")
    assert code == DENIED and "glue:GetPartitions" in message
    for missing in needed:
        rest = [arn for arn in needed if arn != missing]
        some = user_client("glue", allow("glue:GetTable", rest))
        code, message = refused(some.get_table, DatabaseName=database, Name="t")
        assert code == DENIED
        assert f"not authorized to perform: glue:GetTable on resource: {missing}" in message
        assert "because no identity-based policy allows the glue:GetTable action" in message


def test_names_fold_before_rights(database, partitioned, user_client, allow, arns):
    partitioned(("k", "int"))
    user = user_client("glue", allow("glue:GetTable", [arns["catalog"], arns["database"], arns["table"]]))
    assert user.get_table(DatabaseName=database.upper(), Name="T")["Table"]["Name"] == "t"


def test_deleting_a_database_needs_what_is_in_it(glue, database, user_client, allow, arns, refused):
    some = [arns["catalog"], arns["database"]]
    code, message = refused(user_client("glue", allow("glue:DeleteDatabase", some)).delete_database, Name=database)
    assert code == DENIED and arns["tables"] in message
    all_of_it = [*some, arns["tables"], arns["functions"]]
    user_client("glue", allow("glue:DeleteDatabase", all_of_it)).delete_database(Name=database)
    assert refused(glue.get_database, Name=database)[0] == "EntityNotFoundException"


def test_what_is_not_there_is_not_told(user_client, allow, refused, new_name):
    assert refused(user_client("glue").get_database, Name=new_name("none"))[0] == DENIED


def test_resource_policy(server, account, user, refused, allow, new_name):
    # A region of its own: the policy is the whole catalog's.
    region = "sa-east-1"
    glue = server.client("glue", region=region)
    name = new_name("db")
    glue.create_database(DatabaseInput={"Name": name})
    assert refused(glue.get_resource_policy)[0] == "EntityNotFoundException"
    assert refused(glue.delete_resource_policy)[0] == "EntityNotFoundException"

    reader = user()
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:user/{reader['UserName']}"},
                "Action": "glue:GetDatabase",
                "Resource": [
                    f"arn:aws:glue:{region}:{account}:catalog",
                    f"arn:aws:glue:{region}:{account}:database/{name}",
                ],
            }
        ],
    }
    client = server.client("glue", region=region, credentials=reader)
    assert refused(client.get_database, Name=name)[0] == DENIED
    first = glue.put_resource_policy(PolicyInJson=json.dumps(policy))["PolicyHash"]
    assert client.get_database(Name=name)["Database"]["Name"] == name
    assert refused(client.get_databases)[0] == DENIED
    assert refused(client.get_resource_policy)[0] == DENIED

    stored = glue.get_resource_policy()
    assert json.loads(stored["PolicyInJson"]) == policy and stored["PolicyHash"] == first
    assert len(glue.get_resource_policies()["GetResourcePoliciesResponseList"]) == 1
    check = "ConditionCheckFailureException"
    text = json.dumps(policy)
    assert refused(glue.put_resource_policy, PolicyInJson=text, PolicyHashCondition="x")[0] == check
    assert refused(glue.put_resource_policy, PolicyInJson=text, PolicyExistsCondition="NOT_EXIST")[0] == check
    assert refused(glue.put_resource_policy, PolicyInJson="{{")[0] == "InvalidInputException"
    policy["Statement"][0]["Effect"] = "Deny"
    second = glue.put_resource_policy(PolicyInJson=json.dumps(policy), PolicyHashCondition=first)["PolicyHash"]
    assert second != first and refused(client.get_database, Name=name)[0] == DENIED
    assert refused(glue.delete_resource_policy, PolicyHashCondition=first)[0] == check
    glue.delete_resource_policy(PolicyHashCondition=second)
    assert refused(glue.get_resource_policy)[0] == "EntityNotFoundException"


def test_another_accounts_catalog_is_not_ours(glue, refused):
    code, message = refused(glue.get_database, CatalogId="999999999999", Name="x")
    assert code == DENIED
    assert "arn:aws:glue:us-east-1:999999999999:catalog because no resource-based policy allows" in message
