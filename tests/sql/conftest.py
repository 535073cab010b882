"""Fixtures of the SQL tests: one workgroup for all files, a bucket, and a role that may use it."""
import pytest

from support.redshift import make_warehouse


@pytest.fixture(scope="session")
def warehouse(client, new_name):
    return make_warehouse(client, new_name)
