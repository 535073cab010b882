"""Partitions: one by one, in batches, by expression, in segments and in pages; two thousand of them page right."""
import pytest


def values(response):
    return [p["Values"] for p in response["Partitions"]]


@pytest.fixture
def table(glue, database, partitioned):
    partitioned(("year", "int"), ("country", "string"))
    return {"DatabaseName": database, "TableName": "t"}


def fill(glue, table, rows):
    for start in range(0, len(rows), 100):
        entries = [
            {"Values": row, "StorageDescriptor": {"Location": "s3://b/" + "/".join(row)}}
            for row in rows[start : start + 100]
        ]
        assert glue.batch_create_partition(**table, PartitionInputList=entries)["Errors"] == []


def test_lifecycle(glue, table, account, refused):
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/2024/peru/"}
    glue.create_partition(
        **table, PartitionInput={"Values": ["2024", "peru"], "StorageDescriptor": storage, "Parameters": {"k": "v"}}
    )
    partition = glue.get_partition(**table, PartitionValues=["2024", "peru"])["Partition"]
    assert partition["Values"] == ["2024", "peru"] and partition["Parameters"] == {"k": "v"}
    assert partition["StorageDescriptor"]["Location"] == storage["Location"]
    assert (partition["DatabaseName"], partition["TableName"]) == (table["DatabaseName"], "t")
    assert partition["CatalogId"] == account

    assert refused(glue.create_partition, **table, PartitionInput={"Values": ["2024", "peru"]}) == (
        "AlreadyExistsException",
        "Partition already exists.",
    )
    glue.update_partition(
        **table, PartitionValueList=["2024", "peru"],
        PartitionInput={"Values": ["2024", "peru"], "Parameters": {"k": "w"}},
    )
    changed = glue.get_partition(**table, PartitionValues=["2024", "peru"])["Partition"]
    assert changed["Parameters"] == {"k": "w"} and changed["CreationTime"] == partition["CreationTime"]
    moved = {"Values": ["2025", "peru"]}
    assert refused(glue.update_partition, **table, PartitionValueList=["2024", "peru"], PartitionInput=moved)[0] == (
        "InvalidInputException"
    )
    code, message = refused(glue.create_partition, **table, PartitionInput={"Values": ["2024"]})
    assert code == "InvalidInputException"
    assert message.startswith("The number of partition keys do not match the number of partition values")

    glue.delete_partition(**table, PartitionValues=["2024", "peru"])
    missing = ("EntityNotFoundException", "Cannot find partition.")
    assert refused(glue.get_partition, **table, PartitionValues=["2024", "peru"]) == missing
    assert refused(glue.delete_partition, **table, PartitionValues=["2024", "peru"]) == missing


def test_batches(glue, table, refused):
    fill(glue, table, [["2024", "peru"], ["2024", "chile"]])
    errors = glue.batch_create_partition(
        **table, PartitionInputList=[{"Values": ["2024", "peru"]}, {"Values": ["2025", "x"]}, {"Values": ["2025", "x"]}]
    )["Errors"]
    assert [(e["PartitionValues"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [
        (["2024", "peru"], "AlreadyExistsException"),
        (["2025", "x"], "AlreadyExistsException"),
    ]
    found = glue.batch_get_partition(**table, PartitionsToGet=[{"Values": ["2025", "x"]}, {"Values": ["1", "y"]}])
    assert values(found) == [["2025", "x"]] and found["UnprocessedKeys"] == []

    entries = [
        {"PartitionValueList": [year, country], "PartitionInput": {"Values": [year, country], "Parameters": {"n": "1"}}}
        for year, country in (("2024", "peru"), ("1", "y"))
    ]
    errors = glue.batch_update_partition(**table, Entries=entries)["Errors"]
    assert [(e["PartitionValueList"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [
        (["1", "y"], "EntityNotFoundException")
    ]
    errors = glue.batch_delete_partition(
        **table, PartitionsToDelete=[{"Values": ["2024", "peru"]}, {"Values": ["1", "y"]}]
    )["Errors"]
    assert [e["PartitionValues"] for e in errors] == [["1", "y"]]
    assert values(glue.get_partitions(**table)) == [["2024", "chile"], ["2025", "x"]]
    # One entry of the wrong width refuses the whole batch.
    inputs = [{"Values": ["2030", "a"]}, {"Values": ["2031"]}]
    assert refused(glue.batch_create_partition, **table, PartitionInputList=inputs)[0] == "InvalidInputException"
    assert values(glue.get_partitions(**table, Expression="year >= 2030")) == []


def test_two_thousand_page_right(glue, table):
    rows = [[str(year), f"c{n:03}"] for year in range(2020, 2024) for n in range(500)]
    fill(glue, table, rows)
    for size in (None, 7 * 11, 1000):
        config = {"PageSize": size} if size else {}
        paginator = glue.get_paginator("get_partitions")
        pages = [values(page) for page in paginator.paginate(**table, PaginationConfig=config)]
        assert sum(pages, []) == rows
        assert all(len(page) == (size or 1000) for page in pages[:-1])

    chosen = glue.get_paginator("get_partitions").paginate(
        **table, Expression="year IN (2021, 2023) AND country LIKE 'c_00'", PaginationConfig={"PageSize": 3}
    )
    assert [values(page) for page in chosen] == [
        [["2021", "c000"], ["2021", "c100"], ["2021", "c200"]],
        [["2021", "c300"], ["2021", "c400"], ["2023", "c000"]],
        [["2023", "c100"], ["2023", "c200"], ["2023", "c300"]],
        [["2023", "c400"]],
    ]

    segments = []
    for number in range(4):
        pages = glue.get_paginator("get_partitions").paginate(
            **table, Segment={"SegmentNumber": number, "TotalSegments": 4}, PaginationConfig={"PageSize": 100}
        )
        segments.append([v for page in pages for v in values(page)])
    assert sorted(sum(segments, [])) == rows
    assert all(300 < len(segment) < 700 for segment in segments)


def test_expressions(glue, table, refused):
    fill(glue, table, [["9", "peru"], ["10", "chile"], ["11", "it's"]])

    def years(expression):
        return [v[0] for v in values(glue.get_partitions(**table, Expression=expression))]

    assert sorted(years("year >= 10")) == ["10", "11"]  # as numbers
    assert years("year = '9' AND NOT country = 'chile'") == ["9"]
    assert years("country = 'it''s'") == ["11"]
    assert sorted(years("(year BETWEEN 9 AND 10) OR country LIKE 'it%'")) == ["10", "11", "9"]
    assert years("country IS NULL") == []
    for bad, part in [
        ("month = 1", "Unknown column 'month'"),
        ("year = 'x'", "x is not an integer"),
        ("year LIKE '1%'", "doesn't support operation 'LIKE'"),
        ("year = ", "Unsupported expression"),
    ]:
        code, message = refused(glue.get_partitions, **table, Expression=bad)
        assert code == "InvalidInputException" and part in message


def test_without_the_columns(glue, table):
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/x"}
    glue.create_partition(**table, PartitionInput={"Values": ["1", "x"], "StorageDescriptor": storage})
    slim = glue.get_partitions(**table, ExcludeColumnSchema=True)["Partitions"][0]["StorageDescriptor"]
    assert "Columns" not in slim and slim["Location"] == "s3://b/x"


def test_awkward_values(glue, table):
    rows = [["1", "a/b=c"], ["1", "é %20"], ["1", "a"]]
    fill(glue, table, rows)
    assert sorted(values(glue.get_partitions(**table))) == sorted(rows)
    for row in rows:
        assert glue.get_partition(**table, PartitionValues=row)["Partition"]["Values"] == row


def test_indexes(glue, table, refused):
    glue.create_partition_index(**table, PartitionIndex={"Keys": ["country"], "IndexName": "by_country"})
    [index] = glue.get_partition_indexes(**table)["PartitionIndexDescriptorList"]
    assert index["IndexName"] == "by_country" and index["IndexStatus"] == "ACTIVE"
    assert index["Keys"] == [{"Name": "country", "Type": "string"}]
    again = {"Keys": ["year"], "IndexName": "by_country"}
    assert refused(glue.create_partition_index, **table, PartitionIndex=again)[0] == "AlreadyExistsException"
    wrong = {"Keys": ["month"], "IndexName": "i"}
    assert refused(glue.create_partition_index, **table, PartitionIndex=wrong)[0] == "InvalidInputException"
    for name in ("second", "third"):
        glue.create_partition_index(**table, PartitionIndex={"Keys": ["year", "country"], "IndexName": name})
    fourth = {"Keys": ["year"], "IndexName": "fourth"}
    assert refused(glue.create_partition_index, **table, PartitionIndex=fourth)[0] == (
        "ResourceNumberLimitExceededException"
    )
    for name in ("by_country", "second", "third"):
        glue.delete_partition_index(**table, IndexName=name)
    assert glue.get_partition_indexes(**table)["PartitionIndexDescriptorList"] == []
    assert refused(glue.delete_partition_index, **table, IndexName="by_country")[0] == "EntityNotFoundException"


def test_indexes_made_with_the_table(glue, database, refused):
    def create(name, indexes):
        glue.create_table(
            DatabaseName=database,
            TableInput={"Name": name, "PartitionKeys": [{"Name": "k", "Type": "int"}]},
            PartitionIndexes=[{"Keys": [key], "IndexName": index} for index, key in indexes],
        )

    create("a", [("i", "k")])
    [index] = glue.get_partition_indexes(DatabaseName=database, TableName="a")["PartitionIndexDescriptorList"]
    assert (index["IndexName"], index["Keys"]) == ("i", [{"Name": "k", "Type": "int"}])
    assert refused(create, name="b", indexes=[("i", "other")])[0] == "InvalidInputException"
    assert refused(glue.get_table, DatabaseName=database, Name="b")[0] == "EntityNotFoundException"
