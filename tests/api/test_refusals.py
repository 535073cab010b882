"""Why: what this server does not do must be refused by its name, whatever the service, and never be taken for something else: a client that
calls it gets AWS's kind of error, not a 500 and not a success."""
import botocore.session
import pytest
from botocore.exceptions import ClientError

from support.models import example, manifests

SERVICES = {"glue": "glue", "databrew": "databrew", "redshift": "redshift", "redshift-serverless": "redshift_serverless"}
LISTED = {(folder, name) for folder, name, *_ in manifests()}


def unlisted():
    session = botocore.session.get_session()
    for service, folder in SERVICES.items():
        for name in session.get_service_model(service).operation_names:
            if (folder, name) not in LISTED:
                yield service, name


@pytest.mark.parametrize("service", SERVICES)
def test_operations_that_are_not_there_are_refused_by_name(client, service):
    boto = client(service)
    names = {api: snake for snake, api in boto.meta.method_to_api_mapping.items()}
    for _, operation in (each for each in unlisted() if each[0] == service):
        shape = boto.meta.service_model.operation_model(operation).input_shape
        parameters = example(shape, {}) if shape else {}
        with pytest.raises(ClientError) as refused:
            getattr(boto, names[operation])(**parameters)
        status = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
        assert 400 <= status < 500 or status == 501, (operation, status)
        assert operation in str(refused.value), refused.value
