"""What ColumnMetadata says of a result's columns: clients make types and DDL of it, so a wrong length or table
becomes a wrong table elsewhere."""
import pytest


@pytest.fixture(scope="module")
def table(warehouse, new_name):
    name = new_name("columns").replace("-", "_")
    warehouse.run(f"CREATE TABLE {name} (id INT NOT NULL, v VARCHAR(10), c CHAR(4) NOT NULL, d DECIMAL(7,3), s SUPER)")
    warehouse.run(f"INSERT INTO {name} VALUES (1, 'x', 'ab', 1.5, JSON_PARSE('[1]'))")
    return name


def columns(warehouse, sql):
    answer = warehouse.describe(sql)
    assert answer["Status"] == "FINISHED", answer.get("Error")
    return warehouse.data.get_statement_result(Id=answer["Id"])["ColumnMetadata"]


def test_a_tables_columns_say_their_table_length_and_whether_they_may_be_null(warehouse, table):
    found = [(c["name"], c["typeName"], c["precision"], c["nullable"], c["schemaName"], c["tableName"])
             for c in columns(warehouse, f"SELECT * FROM {table}")]
    assert found[-1][1] == "super"  # what AWS says of its length is not documented
    assert found[:-1] == [
        ("id", "int4", 10, 0, "public", table),
        ("v", "varchar", 10, 1, "public", table),
        ("c", "bpchar", 4, 0, "public", table),
        ("d", "numeric", 7, 1, "public", table),
    ]


@pytest.mark.parametrize(("expression", "length"), [
    ("trim(v)", 10), ("upper(v)", 10), ("v || c", 14), ("v::varchar(3)", 3), ("'abc'", 3),
    ("coalesce(v, 'none')", 10), ("coalesce(c, 'longer than c')", 13), ("nvl(v, null)", 10), ("split_part(v, 'a', 1)", 10),
    ("greatest(v, c)", 10), ("soundex(v)", 4), ("nvl2(v, c, 'x')", 4), ("listagg(v)", 65535),
    ("max(v)", 10), ("case when id = 1 then v else c end", 10), ("md5(v)", 32), ("sha1(v)", 40), ("func_sha1(v)", 40)])
def test_expressions_have_lengths_of_their_own_and_no_table(warehouse, table, expression, length):
    [column] = columns(warehouse, f"SELECT {expression} AS x FROM {table}")
    assert (column["typeName"], column["precision"]) == ("varchar", length)
    assert column["label"] == "x"


def test_a_subquery_and_a_cte_keep_the_source_and_a_view_has_none(warehouse, table):
    [one] = columns(warehouse, f"WITH q AS (SELECT v FROM {table}) SELECT v FROM (SELECT v FROM q) x")
    assert (one["precision"], one["tableName"]) == (10, table)
    warehouse.run(f"CREATE VIEW {table}_view AS SELECT v FROM {table}")
    [seen] = columns(warehouse, f"SELECT v FROM {table}_view")
    assert (seen["precision"], seen["tableName"]) == (10, "")
