"""What stands beside databases and tables in the catalog: statistics, connections, settings, and searching it all."""
import datetime

import pytest
from botocore.exceptions import ClientError

NOW = datetime.datetime(2024, 11, 1, tzinfo=datetime.timezone.utc)


def statistics(name, kind, data_type, **data):
    key = {"LONG": "LongColumnStatisticsData", "STRING": "StringColumnStatisticsData", "DECIMAL": "DecimalColumnStatisticsData",
           "DATE": "DateColumnStatisticsData", "BOOLEAN": "BooleanColumnStatisticsData", "DOUBLE": "DoubleColumnStatisticsData",
           "BINARY": "BinaryColumnStatisticsData"}[kind]
    return {"ColumnName": name, "ColumnType": data_type, "AnalyzedTime": NOW, "StatisticsData": {"Type": kind, key: data}}


def test_column_statistics_of_tables(glue, database, refused):
    columns = [("a", "bigint"), ("b", "string"), ("c", "decimal(10,2)"), ("d", "date"), ("e", "boolean"), ("f", "double"), ("g", "binary")]
    glue.create_table(DatabaseName=database, TableInput={
        "Name": "t", "StorageDescriptor": {"Columns": [{"Name": n, "Type": t} for n, t in columns]}})
    nd = {"NumberOfNulls": 1, "NumberOfDistinctValues": 2}
    all_kinds = [
        statistics("a", "LONG", "bigint", MinimumValue=-5, MaximumValue=7, **nd),
        statistics("b", "STRING", "string", MaximumLength=9, AverageLength=2.5, **nd),
        statistics("c", "DECIMAL", "decimal(10,2)", MinimumValue={"UnscaledValue": b"\x01", "Scale": 2},
                   MaximumValue={"UnscaledValue": b"\x7f", "Scale": 2}, **nd),
        statistics("d", "DATE", "date", MinimumValue=NOW, MaximumValue=NOW, **nd),
        statistics("e", "BOOLEAN", "boolean", NumberOfTrues=1, NumberOfFalses=2, NumberOfNulls=3),
        statistics("f", "DOUBLE", "double", MinimumValue=-1.5, MaximumValue=2.5, **nd),
        statistics("g", "BINARY", "binary", MaximumLength=9, AverageLength=2.5, NumberOfNulls=3),
    ]
    answer = glue.update_column_statistics_for_table(DatabaseName=database, TableName="t", ColumnStatisticsList=[
        *all_kinds, statistics("x", "LONG", "bigint", **nd)])
    assert [e["ColumnStatistics"]["ColumnName"] for e in answer["Errors"]] == ["x"]
    got = glue.get_column_statistics_for_table(DatabaseName=database, TableName="t", ColumnNames=[*"abcdefg", "x"])
    assert got["ColumnStatisticsList"] == all_kinds
    assert [e["ColumnName"] for e in got["Errors"]] == ["x"]
    glue.delete_column_statistics_for_table(DatabaseName=database, TableName="t", ColumnName="a")
    code, _ = refused(glue.delete_column_statistics_for_table, DatabaseName=database, TableName="t", ColumnName="a")
    assert code == "EntityNotFoundException"
    glue.delete_table(DatabaseName=database, Name="t")
    code, _ = refused(glue.get_column_statistics_for_table, DatabaseName=database, TableName="t", ColumnNames=["b"])
    assert code == "EntityNotFoundException"


def test_column_statistics_of_partitions(glue, database, partitioned, refused):
    table = partitioned(("y", "int"))
    glue.create_partition(DatabaseName=database, TableName=table, PartitionInput={"Values": ["1"]})
    mine = statistics("a", "LONG", "int", NumberOfNulls=0, NumberOfDistinctValues=3)
    at = dict(DatabaseName=database, TableName=table)
    glue.update_column_statistics_for_partition(**at, PartitionValues=["1"], ColumnStatisticsList=[mine])
    assert glue.get_column_statistics_for_partition(**at, PartitionValues=["1"], ColumnNames=["a"])["ColumnStatisticsList"] == [mine]
    assert glue.get_column_statistics_for_table(**at, ColumnNames=["a"])["ColumnStatisticsList"] == []
    glue.delete_column_statistics_for_partition(**at, PartitionValues=["1"], ColumnName="a")
    assert glue.get_column_statistics_for_partition(**at, PartitionValues=["1"], ColumnNames=["a"])["ColumnStatisticsList"] == []
    code, _ = refused(glue.get_column_statistics_for_partition, **at, PartitionValues=["2"], ColumnNames=["a"])
    assert code == "EntityNotFoundException"


def test_connections_hide_their_passwords(glue, new_name, refused, server):
    name = new_name("connection")
    given = {"Name": name, "ConnectionType": "JDBC", "Description": "x", "MatchCriteria": ["m"],
             "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:postgresql://h:5432/d", "USERNAME": "u", "PASSWORD": "s3cret!pw"},
             "PhysicalConnectionRequirements": {"AvailabilityZone": "us-east-1a"}}
    glue.create_connection(ConnectionInput=given)
    got = glue.get_connection(Name=name)["Connection"]
    assert got["ConnectionProperties"] == given["ConnectionProperties"] and got["ConnectionType"] == "JDBC"
    hidden = glue.get_connection(Name=name, HidePassword=True)["Connection"]["ConnectionProperties"]
    assert "PASSWORD" not in hidden and hidden["USERNAME"] == "u"
    listed = glue.get_connections(Filter={"MatchCriteria": ["m"], "ConnectionType": "JDBC"}, HidePassword=True)["ConnectionList"]
    assert name in [c["Name"] for c in listed] and all("PASSWORD" not in c["ConnectionProperties"] for c in listed)
    assert refused(glue.create_connection, ConnectionInput=given)[0] == "AlreadyExistsException"
    glue.update_connection(Name=name, ConnectionInput={**given, "Description": "y"})
    assert glue.get_connection(Name=name)["Connection"]["Description"] == "y"
    assert glue.batch_delete_connection(ConnectionNameList=[name, "none"])["Succeeded"] == [name]
    assert refused(glue.delete_connection, ConnectionName=name)[0] == "EntityNotFoundException"

    from support.models import tarn_client
    records = tarn_client(server).list_audit_records()["Records"]
    assert records and "s3cret!pw" not in str(records)


def test_tables_are_found_by_words_and_properties(glue, database, new_name):
    stem = new_name("search").replace("-", "_")
    for i, parameters in enumerate([{"classification": "csv"}, {"classification": "json"}, {}]):
        glue.create_table(DatabaseName=database, TableInput={
            "Name": f"{stem}_{i}", "Description": "Orders of the North" if i == 2 else "",
            "Parameters": parameters, "StorageDescriptor": {"Columns": [{"Name": f"{stem}_col", "Type": "int"}]}})
    names = lambda **more: [t["Name"] for t in glue.search_tables(**more)["TableList"]]
    assert names(SearchText=stem) == [f"{stem}_{i}" for i in range(3)]
    assert names(SearchText=f'"{stem}_1"') == [f"{stem}_1"]
    assert f"{stem}_2" in names(SearchText="the north")
    assert names(SearchText=stem, Filters=[{"Key": "classification", "Value": "json", "Comparator": "EQUALS"}]) == [f"{stem}_1"]
    assert names(SearchText=stem, SortCriteria=[{"FieldName": "name", "Sort": "DESC"}]) == [f"{stem}_{i}" for i in (2, 1, 0)]
    page = glue.search_tables(SearchText=stem, MaxResults=2)
    rest = glue.search_tables(SearchText=stem, MaxResults=2, NextToken=page["NextToken"])
    assert [t["Name"] for t in rest["TableList"]] == [f"{stem}_2"] and "NextToken" not in rest


def test_the_catalog_and_its_settings(glue, account):
    catalog = glue.get_catalog(CatalogId=account)["Catalog"]
    assert catalog["CatalogId"] == account and catalog["ResourceArn"].endswith(":catalog")
    assert glue.get_catalogs()["CatalogList"] == []
    assert len(glue.get_catalogs(IncludeRoot=True)["CatalogList"]) == 1
    glue.import_catalog_to_glue()
    assert glue.get_catalog_import_status()["ImportStatus"]["ImportCompleted"] is True
    settings = {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "k"},
                "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False}}
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=settings)
    assert glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"] == settings


def test_lake_formation_is_refused_by_name(client):
    with pytest.raises(ClientError, match="(?i)lake ?formation"):
        client("lakeformation").list_permissions()
