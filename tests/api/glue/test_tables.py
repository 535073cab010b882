"""Tables and their versions: everything given comes back; updates leave versions; names are chosen by pattern."""
import pytest

FULL = {
    "Name": "t",
    "Description": "d",
    "Owner": "o",
    "Retention": 3,
    "StorageDescriptor": {
        "Columns": [{"Name": "A", "Type": "array<string>", "Comment": "c"}, {"Name": "_order", "Type": "int"}],
        "Location": "s3://bucket/t/",
        "AdditionalLocations": ["s3://bucket/u/"],
        "InputFormat": "in",
        "OutputFormat": "out",
        "Compressed": True,
        "NumberOfBuckets": 2,
        "SerdeInfo": {"Name": "s", "SerializationLibrary": "lib", "Parameters": {"serialization.format": "1"}},
        "BucketColumns": ["a"],
        "SortColumns": [{"Column": "a", "SortOrder": 1}],
        "Parameters": {"x": "y"},
        "SkewedInfo": {
            "SkewedColumnNames": ["a"],
            "SkewedColumnValues": ["1"],
            "SkewedColumnValueLocationMaps": {"1": "s3://bucket/1"},
        },
        "StoredAsSubDirectories": True,
        "SchemaReference": {"SchemaId": {"SchemaName": "n", "RegistryName": "r"}, "SchemaVersionNumber": 4},
    },
    "PartitionKeys": [{"Name": "year", "Type": "int"}],
    "TableType": "EXTERNAL_TABLE",
    "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
}


def test_everything_given_comes_back(glue, database, account):
    glue.create_table(DatabaseName=database, TableInput=FULL)
    table = glue.get_table(DatabaseName=database, Name="T")["Table"]
    assert {key: table[key] for key in FULL} == FULL
    assert (table["DatabaseName"], table["CatalogId"], table["VersionId"]) == (database, account, "0")
    assert table["CreatedBy"] == f"arn:aws:iam::{account}:root"
    assert table["CreateTime"] == table["UpdateTime"] and table["IsRegisteredWithLakeFormation"] is False


def test_views_and_links(glue, database, account):
    target = {"CatalogId": account, "DatabaseName": "other", "Name": "there"}
    glue.create_table(DatabaseName=database, TableInput={"Name": "link", "TargetTable": target})
    assert glue.get_table(DatabaseName=database, Name="link")["Table"]["TargetTable"] == target
    view = {"Name": "v", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View */", "ViewExpandedText": "x"}
    glue.create_table(DatabaseName=database, TableInput=view)
    stored = glue.get_table(DatabaseName=database, Name="v")["Table"]
    assert {key: stored[key] for key in view} == view


def test_errors(glue, database, refused):
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    assert refused(glue.create_table, DatabaseName=database, TableInput={"Name": "T"}) == (
        "AlreadyExistsException",
        "Table already exists.",
    )
    missing = ("EntityNotFoundException", "Table nope not found.")
    assert refused(glue.get_table, DatabaseName=database, Name="nope") == missing
    assert refused(glue.delete_table, DatabaseName=database, Name="nope") == missing
    assert refused(glue.update_table, DatabaseName=database, TableInput={"Name": "nope"}) == missing
    assert refused(glue.create_table, DatabaseName="nodb", TableInput={"Name": "t"}) == (
        "EntityNotFoundException",
        "Database nodb not found.",
    )
    twice = [{"Name": "k", "Type": "int"}, {"Name": "K", "Type": "int"}]
    code, message = refused(glue.create_table, DatabaseName=database, TableInput={"Name": "x", "PartitionKeys": twice})
    assert code == "InvalidInputException" and "K" in message
    code, message = refused(glue.get_table, DatabaseName=database, Name="t", TransactionId="1")
    assert code == "InvalidInputException" and "TransactionId" in message


def test_lists_by_pattern_and_page(glue, database, refused):
    for name in ["occ_2024_10", "occ_2024_11", "occ_2024_12", "list_2024_11", "x"]:
        glue.create_table(DatabaseName=database, TableInput={"Name": name, "TableType": "EXTERNAL_TABLE"})

    def names(**arguments):
        pages = glue.get_paginator("get_tables").paginate(DatabaseName=database, **arguments)
        return [[table["Name"] for table in page["TableList"]] for page in pages]

    assert sum(names(), []) == ["list_2024_11", "occ_2024_10", "occ_2024_11", "occ_2024_12", "x"]
    assert names(Expression="occ_.*") == [["occ_2024_10", "occ_2024_11", "occ_2024_12"]]
    assert names(Expression=".*_11", PaginationConfig={"PageSize": 1}) == [["list_2024_11"], ["occ_2024_11"]]
    assert names(Expression="occ") == [[]]
    assert names(Expression="occ*") == names(Expression="*cc_*") == [["occ_2024_10", "occ_2024_11", "occ_2024_12"]]
    some = glue.get_tables(DatabaseName=database, AttributesToGet=["NAME", "TABLE_TYPE"], Expression="x")["TableList"]
    assert some == [{"Name": "x", "TableType": "EXTERNAL_TABLE"}]
    assert refused(glue.get_tables, DatabaseName=database, Expression="(")[0] == "InvalidInputException"


def test_versions(glue, database, refused):
    def update(description, **arguments):
        table = {"Name": "t", "Description": description}
        glue.update_table(DatabaseName=database, TableInput=table, **arguments)

    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "Description": "0"})
    update("1")
    update("2", SkipArchive=True)
    update("3")
    where = {"DatabaseName": database, "TableName": "t"}
    assert glue.get_table(DatabaseName=database, Name="t")["Table"]["VersionId"] == "3"

    pages = list(glue.get_paginator("get_table_versions").paginate(**where, PaginationConfig={"PageSize": 1}))
    versions = [(v["VersionId"], v["Table"]["Description"]) for page in pages for v in page["TableVersions"]]
    # Version 1 was not archived when 2 took its place.
    assert versions == [("3", "3"), ("2", "2"), ("0", "0")]
    assert [len(page["TableVersions"]) for page in pages] == [1, 1, 1]
    assert glue.get_table_version(**where)["TableVersion"]["VersionId"] == "3"
    old = glue.get_table_version(**where, VersionId="0")["TableVersion"]
    assert old["VersionId"] == "0" and old["Table"]["Description"] == "0"
    for missing in ("1", "9", "x"):
        assert refused(glue.get_table_version, **where, VersionId=missing)[0] == "EntityNotFoundException"

    assert refused(glue.delete_table_version, **where, VersionId="3")[0] == "InvalidInputException"
    glue.delete_table_version(**where, VersionId="0")
    errors = glue.batch_delete_table_version(**where, VersionIds=["2", "0"])["Errors"]
    assert [(e["VersionId"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [("0", "EntityNotFoundException")]
    assert [v["VersionId"] for v in glue.get_table_versions(**where)["TableVersions"]] == ["3"]


def test_update_of_a_changed_table_is_refused(glue, database, refused):
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    glue.update_table(DatabaseName=database, TableInput={"Name": "t"}, VersionId="0")
    code, message = refused(glue.update_table, DatabaseName=database, TableInput={"Name": "t"}, VersionId="0")
    assert code == "ConcurrentModificationException" and "version 1" in message


def test_delete(glue, database, refused):
    for name in ("a", "b", "c"):
        glue.create_table(DatabaseName=database, TableInput={"Name": name})
    glue.delete_table(DatabaseName=database, Name="A")
    errors = glue.batch_delete_table(DatabaseName=database, TablesToDelete=["b", "a"])["Errors"]
    assert [(e["TableName"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [("a", "EntityNotFoundException")]
    assert [t["Name"] for t in glue.get_tables(DatabaseName=database)["TableList"]] == ["c"]


def test_functions(glue, database, refused):
    function = {"FunctionName": "F", "ClassName": "org.x.F", "OwnerName": "o", "OwnerType": "USER"}
    function["ResourceUris"] = [{"ResourceType": "JAR", "Uri": "s3://b/f.jar"}]
    glue.create_user_defined_function(DatabaseName=database, FunctionInput=function)
    stored = glue.get_user_defined_function(DatabaseName=database, FunctionName="f")["UserDefinedFunction"]
    assert {key: stored[key] for key in function} == {**function, "FunctionName": "f"}
    assert refused(glue.create_user_defined_function, DatabaseName=database, FunctionInput=function)[0] == (
        "AlreadyExistsException"
    )
    glue.create_user_defined_function(DatabaseName=database, FunctionInput={**function, "FunctionName": "g"})
    pages = glue.get_paginator("get_user_defined_functions").paginate(
        DatabaseName=database, Pattern=".*", PaginationConfig={"PageSize": 1}
    )
    assert [[f["FunctionName"] for f in page["UserDefinedFunctions"]] for page in pages] == [["f"], ["g"]]
    glue.update_user_defined_function(
        DatabaseName=database, FunctionName="f", FunctionInput={**function, "ClassName": "org.x.G"}
    )
    everywhere = glue.get_user_defined_functions(Pattern="f")["UserDefinedFunctions"]
    assert [f["ClassName"] for f in everywhere if f["DatabaseName"] == database] == ["org.x.G"]
    glue.delete_user_defined_function(DatabaseName=database, FunctionName="f")
    assert refused(glue.get_user_defined_function, DatabaseName=database, FunctionName="f")[0] == (
        "EntityNotFoundException"
    )


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_names_have_limits(server, database, refused, name):
    # The client would refuse it first.
    from botocore.config import Config

    glue = server.client("glue", config=Config(parameter_validation=False))
    code, message = refused(glue.get_table, DatabaseName=database, Name=name)
    assert code in ("ValidationException", "InvalidInputException") and "name" in message.lower()
