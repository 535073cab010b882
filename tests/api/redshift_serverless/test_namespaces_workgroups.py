"""Namespaces and workgroups: what they show, what they refuse, and that a role is handed over only by who may pass it."""
import json
import socket

import pytest
from botocore.exceptions import ClientError

from support.redshift import Warehouse, make_role


@pytest.fixture(scope="module")
def serverless(client):
    return client("redshift-serverless")


def refused(code, call, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(**kwargs)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


def test_a_namespace(serverless, client, new_name, account):
    name, role = new_name("ns"), make_role(client("iam"), new_name("role"))
    made = serverless.create_namespace(namespaceName=name, defaultIamRoleArn=role, adminUsername="awsuser",
                                       adminUserPassword="Passw0rdPassw0rd", tags=[{"key": "a", "value": "b"}])["namespace"]
    assert made["status"] == "AVAILABLE" and made["dbName"] == "dev" and made["iamRoles"] == [role]
    assert made["namespaceArn"] == f"arn:aws:redshift-serverless:us-east-1:{account}:namespace/{made['namespaceId']}"
    assert "adminUserPassword" not in made
    assert serverless.get_namespace(namespaceName=name)["namespace"] == made
    assert name in [n["namespaceName"] for page in serverless.get_paginator("list_namespaces").paginate() for n in page["namespaces"]]
    assert serverless.list_tags_for_resource(resourceArn=made["namespaceArn"])["tags"] == [{"key": "a", "value": "b"}]
    serverless.tag_resource(resourceArn=made["namespaceArn"], tags=[{"key": "c", "value": "d"}])
    serverless.untag_resource(resourceArn=made["namespaceArn"], tagKeys=["a"])
    assert serverless.list_tags_for_resource(resourceArn=made["namespaceArn"])["tags"] == [{"key": "c", "value": "d"}]
    refused("ConflictException", serverless.create_namespace, namespaceName=name)
    changed = serverless.update_namespace(namespaceName=name, iamRoles=[role], defaultIamRoleArn="")["namespace"]
    assert "defaultIamRoleArn" not in changed
    assert serverless.delete_namespace(namespaceName=name)["namespace"]["status"] == "DELETING"
    refused("ResourceNotFoundException", serverless.get_namespace, namespaceName=name)


def test_a_workgroup(serverless, new_name, account):
    name = new_name("wg")
    serverless.create_namespace(namespaceName=name)
    made = serverless.create_workgroup(workgroupName=name, namespaceName=name, baseCapacity=8)["workgroup"]
    assert made["status"] == "AVAILABLE" and made["baseCapacity"] == 8
    # Where psql finds it: on this machine.
    assert made["port"] == 5439
    with socket.create_connection((made["endpoint"]["address"], made["endpoint"]["port"]), timeout=5):
        pass
    pages = serverless.get_paginator("list_workgroups").paginate()
    assert name in [w["workgroupName"] for page in pages for w in page["workgroups"]]
    assert serverless.get_workgroup(workgroupName=name)["workgroup"] == made
    refused("ConflictException", serverless.create_workgroup, workgroupName=name, namespaceName=name)
    refused("ConflictException", serverless.delete_namespace, namespaceName=name)
    assert serverless.update_workgroup(workgroupName=name, baseCapacity=16)["workgroup"]["baseCapacity"] == 16
    assert "17" in refused("ValidationException", serverless.update_workgroup, workgroupName=name, baseCapacity=17)
    refused("ResourceNotFoundException", serverless.create_workgroup, workgroupName=new_name("wg"), namespaceName="nosuch-namespace")
    assert serverless.delete_workgroup(workgroupName=name)["workgroup"]["status"] == "DELETING"
    refused("ResourceNotFoundException", serverless.get_workgroup, workgroupName=name)


def test_credentials(serverless, server, user, allow, new_name):
    name = new_name("wg")
    serverless.create_namespace(namespaceName=name)
    serverless.create_workgroup(workgroupName=name, namespaceName=name)
    credentials = user(allow("redshift-serverless:GetCredentials"))
    theirs = server.client("redshift-serverless", credentials=credentials)
    given = theirs.get_credentials(workgroupName=name, durationSeconds=900)
    assert given["dbUser"] == "IAM:" + credentials["UserName"] and given["dbPassword"] and given["expiration"]
    refused("ValidationException", theirs.get_credentials, workgroupName=name, durationSeconds=10)
    message = refused("AccessDeniedException", server.client("redshift-serverless", credentials=user()).get_credentials, workgroupName=name)
    assert "redshift-serverless:GetCredentials" in message


def test_roles_need_pass_role(server, client, user, allow, new_name):
    role = make_role(client("iam"), new_name("role"))
    create = allow("redshift-serverless:*")
    theirs = server.client("redshift-serverless", credentials=user(create))
    message = refused("AccessDeniedException", theirs.create_namespace, namespaceName=new_name("ns"), iamRoles=[role])
    assert "iam:PassRole" in message and role in message
    create["Statement"].append({"Effect": "Allow", "Action": "iam:PassRole", "Resource": role,
                                "Condition": {"StringEquals": {"iam:PassedToService": "redshift.amazonaws.com"}}})
    passing = server.client("redshift-serverless", credentials=user(json.loads(json.dumps(create))))
    assert passing.create_namespace(namespaceName=new_name("ns"), iamRoles=[role])["namespace"]["iamRoles"] == [role]


def test_bad_input(serverless, new_name):
    refused("ValidationException", serverless.create_namespace, namespaceName="UPPER")
    refused("ValidationException", serverless.create_namespace, namespaceName=new_name("ns"), adminUserPassword="short")
    refused("ValidationException", serverless.create_namespace, namespaceName=new_name("ns"), iamRoles=["not-an-arn"])
    refused("ResourceNotFoundException", serverless.list_tags_for_resource,
            resourceArn="arn:aws:redshift-serverless:us-east-1:123456789012:namespace/none")


def test_configuration_parameters(serverless, client, new_name):
    """The settings of a workgroup's sessions, and the limit that its statements are held to."""
    name = new_name("wg")
    serverless.create_namespace(namespaceName=name)

    def parameters(**given):
        return [{"parameterKey": key, "parameterValue": value} for key, value in given.items()]

    refused("ValidationException", serverless.create_workgroup, workgroupName=name, namespaceName=name,
            configParameters=parameters(no_such_parameter="1"))
    message = refused("ValidationException", serverless.create_workgroup, workgroupName=name, namespaceName=name,
                      configParameters=parameters(max_query_cpu_time="1"))
    assert "max_query_cpu_time is not supported" in message
    serverless.create_workgroup(workgroupName=name, namespaceName=name,
                                configParameters=parameters(query_group="nightly", max_query_execution_time="1"))
    warehouse = Warehouse(client("redshift-data"), name)
    assert warehouse.rows("SHOW query_group") == [["nightly"]]
    warehouse.run("CREATE TABLE t AS SELECT 1 AS a")
    for _ in range(12):
        warehouse.run("INSERT INTO t SELECT a + 1 FROM t")
    slow = warehouse.describe("SELECT count(*) FROM t a, t b, t c WHERE a.a + b.a + c.a = -1")
    assert slow["Status"] == "FAILED" and "ran longer" in slow["Error"]


@pytest.mark.parametrize("operation, member", [
    ("list_recovery_points", "recoveryPoints"), ("list_usage_limits", "usageLimits"), ("list_endpoint_access", "endpoints"),
    ("list_custom_domain_associations", "associations"), ("list_scheduled_actions", "scheduledActions"),
    ("list_snapshot_copy_configurations", "snapshotCopyConfigurations"), ("list_table_restore_status", "tableRestoreStatuses")])
def test_lists_of_what_there_is_none_of(serverless, operation, member):
    """Terraform and consoles list them; making any is refused (tests/api/test_refusals.py)."""
    assert getattr(serverless, operation)()[member] == []


def test_there_are_no_recovery_points(serverless):
    refused("ResourceNotFoundException", serverless.get_recovery_point, recoveryPointId="none")
