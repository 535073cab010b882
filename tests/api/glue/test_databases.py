"""Databases: made, read, changed, deleted with all that is in them; names fold; lists page; tags."""


def test_lifecycle(glue, account, refused, new_name):
    name = new_name("Db").replace("-", "_")
    glue.create_database(
        DatabaseInput={"Name": name, "Description": "d", "LocationUri": "s3://b/p", "Parameters": {"k": "v"}}
    )
    database = glue.get_database(Name=name)["Database"]
    assert database["Name"] == name.lower()
    assert (database["Description"], database["LocationUri"], database["Parameters"]) == ("d", "s3://b/p", {"k": "v"})
    assert database["CatalogId"] == account
    assert database["CreateTableDefaultPermissions"] == [
        {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}
    ]

    assert refused(glue.create_database, DatabaseInput={"Name": name.upper()}) == (
        "AlreadyExistsException",
        "Database already exists.",
    )
    glue.update_database(Name=name, DatabaseInput={"Name": name, "Description": "e"})
    changed = glue.get_database(Name=name)["Database"]
    assert changed["Description"] == "e" and "LocationUri" not in changed
    assert changed["CreateTime"] == database["CreateTime"]
    assert refused(glue.update_database, Name=name, DatabaseInput={"Name": "other"})[0] == "InvalidInputException"

    glue.delete_database(Name=name)
    missing = ("EntityNotFoundException", f"Database {name.lower()} not found.")
    for call in (glue.get_database, glue.delete_database):
        assert refused(call, Name=name) == missing
    assert refused(glue.get_tables, DatabaseName=name) == missing


def test_a_database_made_again_is_empty(glue, database, refused):
    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": [{"Name": "k", "Type": "int"}]})
    glue.create_partition(DatabaseName=database, TableName="t", PartitionInput={"Values": ["1"]})
    glue.delete_database(Name=database)
    glue.create_database(DatabaseInput={"Name": database})
    assert glue.get_tables(DatabaseName=database)["TableList"] == []
    assert refused(glue.get_table, DatabaseName=database, Name="t")[0] == "EntityNotFoundException"
    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": [{"Name": "k", "Type": "int"}]})
    assert glue.get_partitions(DatabaseName=database, TableName="t")["Partitions"] == []


def test_list_pages(server, new_name):
    # A region of its own: nobody else's databases are in it.
    glue = server.client("glue", region="eu-north-1")
    wanted = sorted(new_name("page") for _ in range(7))
    for name in wanted:
        glue.create_database(DatabaseInput={"Name": name})
    pages = list(glue.get_paginator("get_databases").paginate(PaginationConfig={"PageSize": 3}))
    assert [d["Name"] for page in pages for d in page["DatabaseList"] if d["Name"] in wanted] == wanted
    assert all(len(page["DatabaseList"]) <= 3 for page in pages)
    names = glue.get_databases(AttributesToGet=["NAME"])["DatabaseList"]
    assert {"Name": wanted[0]} in names
    assert glue.get_databases(ResourceShareType="FOREIGN")["DatabaseList"] == []


def test_tokens_of_another_request_are_refused(glue, database, refused):
    for name in ("a", "b"):
        glue.create_table(DatabaseName=database, TableInput={"Name": name})
    token = glue.get_tables(DatabaseName=database, MaxResults=1)["NextToken"]
    for bad in ("x", token[:-2]):
        assert refused(glue.get_tables, DatabaseName=database, NextToken=bad)[0] == "InvalidInputException"
    other = {"NextToken": token, "Expression": "a"}
    assert refused(glue.get_tables, DatabaseName=database, **other)[0] == "InvalidInputException"
    assert [t["Name"] for t in glue.get_tables(DatabaseName=database, NextToken=token)["TableList"]] == ["b"]


def test_regions_and_catalogs_are_apart(server, database, refused):
    elsewhere = server.client("glue", region="ap-southeast-2")
    assert refused(elsewhere.get_database, Name=database)[0] == "EntityNotFoundException"
    glue = server.client("glue")
    assert refused(glue.get_database, CatalogId="123:x", Name=database)[0] == "InvalidInputException"


def test_tags(glue, account, refused, new_name):
    name = new_name("tagged")
    glue.create_database(DatabaseInput={"Name": name}, Tags={"team": "fish"})
    arn = f"arn:aws:glue:us-east-1:{account}:database/{name}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "birds", "cost": "1"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "birds", "cost": "1"}
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["team", "none"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"cost": "1"}
    glue.delete_database(Name=name)
    assert refused(glue.get_tags, ResourceArn=arn)[0] == "EntityNotFoundException"
    glue.create_database(DatabaseInput={"Name": name})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}
    assert refused(glue.get_tags, ResourceArn=arn.replace("database", "table"))[0] == "InvalidInputException"


def test_what_is_not_answered_is_refused_by_name(glue, refused):
    code, message = refused(glue.list_ml_transforms)
    assert "ListMLTransforms" in message and code not in ("InternalFailure", "InternalServiceException")
    code, message = refused(
        glue.create_database, DatabaseInput={"Name": "x", "FederatedDatabase": {"ConnectionName": "c"}}
    )
    assert code == "InvalidInputException" and "FederatedDatabase" in message
    assert glue.get_catalog_import_status()["ImportStatus"]["ImportCompleted"] is True
