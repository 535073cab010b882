"""What Athena keeps beside executions: workgroups, named queries, prepared statements, data catalogs, tags, metadata."""
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def athena(client):
    return client("athena")


def refused(call, code="InvalidRequestException", **kwargs):
    with pytest.raises(ClientError) as error:
        call(**kwargs)
    assert error.value.response["Error"]["Code"] == code
    return error.value.response["Error"]["Message"]


def test_a_workgroup_from_making_to_deleting(athena, workgroup, new_name, client):
    name = new_name("wg")
    athena.create_work_group(Name=name, Description="d", Tags=[{"Key": "team", "Value": "bison"}], Configuration={
        "ResultConfiguration": {"OutputLocation": workgroup.output}, "BytesScannedCutoffPerQuery": 20_000_000,
        "PublishCloudWatchMetricsEnabled": False, "RequesterPaysEnabled": True})
    assert "already created" in refused(athena.create_work_group, Name=name)
    group = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (group["Name"], group["State"], group["Description"]) == (name, "ENABLED", "d")
    settings = group["Configuration"]
    assert settings["EnforceWorkGroupConfiguration"] is True and settings["PublishCloudWatchMetricsEnabled"] is False
    assert settings["BytesScannedCutoffPerQuery"] == 20_000_000
    assert settings["EngineVersion"] == {"SelectedEngineVersion": "AUTO",
                                         "EffectiveEngineVersion": "Athena engine version 3"}
    athena.update_work_group(WorkGroup=name, State="DISABLED", ConfigurationUpdates={
        "RemoveBytesScannedCutoffPerQuery": True, "EnforceWorkGroupConfiguration": False,
        "ResultConfigurationUpdates": {"RemoveOutputLocation": True}})
    group = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert group["State"] == "DISABLED" and "BytesScannedCutoffPerQuery" not in group["Configuration"]
    assert "OutputLocation" not in group["Configuration"]["ResultConfiguration"]
    assert "disabled" in refused(athena.start_query_execution, QueryString="SELECT 1", WorkGroup=name)
    names = [g["Name"] for page in athena.get_paginator("list_work_groups").paginate() for g in page["WorkGroups"]] \
        if athena.can_paginate("list_work_groups") else [g["Name"] for g in athena.list_work_groups()["WorkGroups"]]
    assert "primary" in names
    athena.delete_work_group(WorkGroup=name)
    assert "not found" in refused(athena.get_work_group, WorkGroup=name)


def test_a_workgroup_that_is_not_empty_goes_only_with_all_in_it(athena, new_name):
    name = new_name("wg")
    athena.create_work_group(Name=name)
    query = athena.create_named_query(Name="q", Database="default", QueryString="SELECT 1", WorkGroup=name)["NamedQueryId"]
    assert "not empty" in refused(athena.delete_work_group, WorkGroup=name)
    athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    assert "not found" in refused(athena.get_named_query, NamedQueryId=query)
    assert "primary" in refused(athena.delete_work_group, WorkGroup="primary")
    assert athena.get_work_group(WorkGroup="primary")["WorkGroup"]["Configuration"]["EnforceWorkGroupConfiguration"] is False


def test_what_a_workgroup_cannot_do_is_refused(athena, new_name):
    refused(athena.create_work_group, Name=new_name("wg"), Configuration={
        "EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}})
    refused(athena.create_work_group, Name=new_name("wg"), Configuration={
        "ManagedQueryResultsConfiguration": {"Enabled": True}})
    with pytest.raises(ClientError):
        athena.create_notebook(WorkGroup="primary", Name="n")
    with pytest.raises(ClientError):
        athena.create_capacity_reservation(Name="c", TargetDpus=24)


def test_named_queries(athena, workgroup):
    token = str(uuid.uuid4())
    facts = {"Name": "q", "Database": "d", "QueryString": "SELECT 1", "Description": "why", "WorkGroup": workgroup.name}
    one = athena.create_named_query(ClientRequestToken=token, **facts)["NamedQueryId"]
    assert athena.create_named_query(ClientRequestToken=token, **facts)["NamedQueryId"] == one
    assert athena.get_named_query(NamedQueryId=one)["NamedQuery"] == {**facts, "NamedQueryId": one}
    athena.update_named_query(NamedQueryId=one, Name="r", QueryString="SELECT 2")
    two = athena.create_named_query(**facts)["NamedQueryId"]
    batch = athena.batch_get_named_query(NamedQueryIds=[one, two, "none"])
    assert [(q["Name"], q["QueryString"]) for q in batch["NamedQueries"]] == [("r", "SELECT 2"), ("q", "SELECT 1")]
    assert [u["NamedQueryId"] for u in batch["UnprocessedNamedQueryIds"]] == ["none"]
    first = athena.list_named_queries(WorkGroup=workgroup.name, MaxResults=1)
    rest = athena.list_named_queries(WorkGroup=workgroup.name, NextToken=first["NextToken"])
    assert {*first["NamedQueryIds"], *rest["NamedQueryIds"]} >= {one, two}
    athena.delete_named_query(NamedQueryId=one)
    assert "not found" in refused(athena.get_named_query, NamedQueryId=one)


def test_prepared_statements_by_api_and_by_sql(athena, workgroup, new_name):
    name = new_name("p").replace("-", "_")
    athena.create_prepared_statement(StatementName=name, WorkGroup=workgroup.name, QueryStatement="SELECT ? + ?")
    assert "already exists" in refused(athena.create_prepared_statement, StatementName=name, WorkGroup=workgroup.name,
                                       QueryStatement="SELECT 1")
    assert workgroup.rows(f"EXECUTE {name} USING 1, 2") == [["3"]]
    assert workgroup.rows(f"EXECUTE {name}", ExecutionParameters=["3", "4"]) == [["7"]]
    athena.update_prepared_statement(StatementName=name, WorkGroup=workgroup.name, QueryStatement="SELECT ? * ?")
    assert workgroup.rows(f"EXECUTE {name} USING 3, 4") == [["12"]]
    kept = athena.get_prepared_statement(StatementName=name, WorkGroup=workgroup.name)["PreparedStatement"]
    assert kept["QueryStatement"] == "SELECT ? * ?" and kept["LastModifiedTime"]
    other = name + "_2"
    workgroup.run(f"PREPARE {other} FROM SELECT 'a' || ?")
    listed = athena.list_prepared_statements(WorkGroup=workgroup.name)["PreparedStatements"]
    assert {name, other} <= {p["StatementName"] for p in listed}
    batch = athena.batch_get_prepared_statement(PreparedStatementNames=[name, other, "none"], WorkGroup=workgroup.name)
    assert len(batch["PreparedStatements"]) == 2 and len(batch["UnprocessedPreparedStatementNames"]) == 1
    assert workgroup.rows(f"EXECUTE {other} USING 'b'") == [["ab"]]
    assert workgroup.rows("EXECUTE IMMEDIATE 'SELECT ? || ''x''' USING 'y'") == [["yx"]]
    workgroup.run(f"DEALLOCATE PREPARE {other}")
    athena.delete_prepared_statement(StatementName=name, WorkGroup=workgroup.name)
    refused(athena.get_prepared_statement, "ResourceNotFoundException", StatementName=name, WorkGroup=workgroup.name)
    assert "Prepared statement not found" in workgroup.error(f"EXECUTE {other} USING 'b'")


def test_data_catalogs(athena, account, new_name):
    listed = athena.list_data_catalogs()["DataCatalogsSummary"]
    assert {"CatalogName": "AwsDataCatalog", "Type": "GLUE", "Status": "CREATE_COMPLETE"} in listed
    assert athena.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"
    name = new_name("cat").replace("-", "_")
    assert "HIVE" in refused(athena.create_data_catalog, Name=name, Type="HIVE", Parameters={"metadata-function": "arn"})
    assert "catalog-id" in refused(athena.create_data_catalog, Name=name, Type="GLUE")
    athena.create_data_catalog(Name=name, Type="GLUE", Parameters={"catalog-id": account},
                               Tags=[{"Key": "a", "Value": "b"}])
    arn = f"arn:aws:athena:us-east-1:{account}:datacatalog/{name}"
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    athena.update_data_catalog(Name=name, Type="GLUE", Description="other", Parameters={"catalog-id": account})
    assert athena.get_data_catalog(Name=name)["DataCatalog"]["Description"] == "other"
    athena.delete_data_catalog(Name=name)
    assert "not found" in refused(athena.get_data_catalog, Name=name)


def test_databases_and_tables_of_a_catalog(athena, workgroup, client, table):
    client("glue").create_table(DatabaseName=workgroup.database, TableInput={
        "Name": table, "TableType": "EXTERNAL_TABLE", "Parameters": {"k": "v"},
        "PartitionKeys": [{"Name": "year", "Type": "int"}],
        "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string", "Comment": "c"}], "Location": "s3://b/t/",
                              "SerdeInfo": {"SerializationLibrary": "x.Y"}}})
    assert athena.get_database(CatalogName="AwsDataCatalog",
                               DatabaseName=workgroup.database)["Database"]["Name"] == workgroup.database
    databases = [d["Name"] for page in athena.get_paginator("list_databases").paginate(CatalogName="awsdatacatalog")
                 for d in page["DatabaseList"]]
    assert workgroup.database in databases
    found = athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=workgroup.database,
                                      TableName=table)["TableMetadata"]
    assert found["Columns"] == [{"Name": "a", "Type": "string", "Comment": "c"}]
    assert found["PartitionKeys"] == [{"Name": "year", "Type": "int"}]
    assert found["Parameters"] == {"k": "v", "location": "s3://b/t/", "serde.serialization.lib": "x.Y"}
    listed = athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=workgroup.database, Expression=table)
    assert [t["Name"] for t in listed["TableMetadataList"]] == [table]
    refused(athena.get_table_metadata, "MetadataException", CatalogName="AwsDataCatalog",
            DatabaseName=workgroup.database, TableName="none")
    refused(athena.list_databases, CatalogName="none")


def test_tags(athena, account, new_name):
    name = new_name("wg")
    athena.create_work_group(Name=name, Tags=[{"Key": "a", "Value": "1"}])
    arn = f"arn:aws:athena:us-east-1:{account}:workgroup/{name}"
    athena.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    athena.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused(athena.tag_resource, "ResourceNotFoundException", ResourceARN=arn + "x", Tags=[{"Key": "b", "Value": "2"}])


def test_engine_versions(athena):
    versions = athena.list_engine_versions()["EngineVersions"]
    assert {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"} in versions


def test_queries_over_a_registered_catalog(athena, workgroup, account, new_name, table):
    name = new_name("catalog").replace("-", "_")
    athena.create_data_catalog(Name=name, Type="GLUE", Parameters={"catalog-id": account})
    workgroup.run(f"CREATE TABLE {table} WITH (partitioned_by = ARRAY['p']) AS SELECT 1 AS a, 'x' AS p")
    workgroup.run(f"CREATE VIEW {table}_v AS SELECT a + 1 AS b FROM {table}")
    assert workgroup.rows(f"SELECT a, p FROM {name}.{workgroup.database}.{table} WHERE p = 'x'") == [["1", "x"]]
    assert workgroup.rows(f"SELECT t.a FROM {name.upper()}.{workgroup.database}.{table} t JOIN {table} USING (a)") == [["1"]]
    assert workgroup.rows(f"SELECT b FROM {name}.{workgroup.database}.{table}_v") == [["2"]]
    # Names without a catalog are in the one of the query.
    identifier = athena.start_query_execution(
        QueryString=f"SELECT a FROM {table}", WorkGroup=workgroup.name, ResultConfiguration={"OutputLocation": workgroup.output},
        QueryExecutionContext={"Catalog": name, "Database": workgroup.database})["QueryExecutionId"]
    assert workgroup.wait(identifier)["Status"]["State"] == "SUCCEEDED"
    assert "CATALOG_NOT_FOUND" in workgroup.error(f"SELECT * FROM nowhere.{workgroup.database}.{table}")
