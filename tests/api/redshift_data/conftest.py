"""Fixtures of the Redshift Data API's tests."""
import pytest

from support.redshift import make_warehouse


@pytest.fixture(scope="session")
def warehouse(client, new_name):
    return make_warehouse(client, new_name)


@pytest.fixture
def table(warehouse, new_name):
    """The name of a table with three rows."""
    name = new_name("t").replace("-", "_")
    warehouse.run(f"CREATE TABLE {name} (id INT, name VARCHAR(20), price NUMERIC(8,2), day DATE)")
    warehouse.run(f"INSERT INTO {name} VALUES (1, 'one', 1.5, '2024-01-31'), (2, 'two', NULL, NULL), (3, NULL, -3, '2024-02-29')")
    return name
