"""Provisioned clusters as Terraform, awswrangler and dbt see them: what is set comes back, what is not supported is refused by
name, and the temporary passwords they give let their users in."""
import pytest
from botocore.exceptions import ClientError

from support.redshift import Warehouse, make_role, value

PASSWORD = "Passw0rdPassw0rd"


@pytest.fixture(scope="module")
def redshift(client):
    return client("redshift")


@pytest.fixture
def cluster(redshift, new_name):
    name = new_name("c")
    redshift.create_cluster(ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="awsuser", MasterUserPassword=PASSWORD)
    return name


def refused(code, call, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(**kwargs)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


def test_a_cluster_from_its_creation_to_its_end(redshift, client, new_name, account, server):
    name, role = new_name("c"), make_role(client("iam"), new_name("role"))
    made = redshift.create_cluster(
        ClusterIdentifier=name, NodeType="ra3.xlplus", NumberOfNodes=2, ClusterType="multi-node", MasterUsername="awsuser",
        MasterUserPassword=PASSWORD, DBName="lake", IamRoles=[role], DefaultIamRoleArn=role, Encrypted=True,
        Tags=[{"Key": "team", "Value": "data"}])["Cluster"]
    assert made["ClusterStatus"] == "available" and made["DBName"] == "lake" and made["MasterUsername"] == "awsuser"
    assert made["Endpoint"] == {"Address": "127.0.0.1", "Port": server.redshift_port}
    assert [r["IamRoleArn"] for r in made["IamRoles"]] == [role] and made["DefaultIamRoleArn"] == role
    assert made["ClusterNamespaceArn"].startswith(f"arn:aws:redshift:us-east-1:{account}:namespace:")
    assert [n["NodeRole"] for n in made["ClusterNodes"]] == ["LEADER", "COMPUTE-0"] and made["Tags"] == [{"Key": "team", "Value": "data"}]
    assert redshift.describe_clusters(ClusterIdentifier=name)["Clusters"] == [made]
    assert name in [c["ClusterIdentifier"] for page in redshift.get_paginator("describe_clusters").paginate() for c in page["Clusters"]]
    assert [c["ClusterIdentifier"] for c in redshift.describe_clusters(TagKeys=["team"], TagValues=["data"])["Clusters"]].count(name) == 1
    redshift.get_waiter("cluster_available").wait(ClusterIdentifier=name)
    refused("ClusterAlreadyExists", redshift.create_cluster, ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="a",
            MasterUserPassword=PASSWORD)

    changed = redshift.modify_cluster(ClusterIdentifier=name, NumberOfNodes=3, NewClusterIdentifier=name + "x")["Cluster"]
    assert changed["NumberOfNodes"] == 3 and changed["ClusterIdentifier"] == name + "x" and changed["Tags"] == made["Tags"]
    assert changed["ClusterNamespaceArn"] == made["ClusterNamespaceArn"]
    name += "x"
    assert redshift.modify_cluster_iam_roles(ClusterIdentifier=name, RemoveIamRoles=[role])["Cluster"]["IamRoles"] == []
    assert redshift.pause_cluster(ClusterIdentifier=name)["Cluster"]["ClusterStatus"] == "paused"
    refused("InvalidClusterState", redshift.pause_cluster, ClusterIdentifier=name)
    assert redshift.resume_cluster(ClusterIdentifier=name)["Cluster"]["ClusterStatus"] == "available"
    assert redshift.reboot_cluster(ClusterIdentifier=name)["Cluster"]["ClusterStatus"] == "available"
    assert redshift.describe_logging_status(ClusterIdentifier=name)["LoggingEnabled"] is False
    refused("InvalidParameterCombination", redshift.delete_cluster, ClusterIdentifier=name)
    assert redshift.delete_cluster(ClusterIdentifier=name, SkipFinalClusterSnapshot=True)["Cluster"]["ClusterStatus"] == "deleting"
    refused("ClusterNotFound", redshift.describe_clusters, ClusterIdentifier=name)


def test_what_is_refused(redshift, new_name, cluster):
    base = {"ClusterIdentifier": new_name("c"), "NodeType": "ra3.large", "MasterUsername": "awsuser", "MasterUserPassword": PASSWORD}
    for more in ({"ClusterIdentifier": "has space"}, {"MasterUserPassword": "short"}, {"NumberOfNodes": 0},
                 {"ClusterType": "multi-node", "NumberOfNodes": 1}, {"IamRoles": ["not-an-arn"]}, {"Port": 80}):
        refused("InvalidParameterValue", redshift.create_cluster, **{**base, **more})
    for more in ({"ManageMasterPassword": True}, {"MultiAZ": True}, {"ElasticIp": "1.2.3.4"}, {"SnapshotScheduleIdentifier": "s"}):
        assert next(iter(more)) in refused("UnsupportedOperation", redshift.create_cluster, **{**base, **more})
    refused("ClusterParameterGroupNotFound", redshift.create_cluster, **base, ClusterParameterGroupName="nosuch")
    refused("ClusterSubnetGroupNotFoundFault", redshift.create_cluster, **base, ClusterSubnetGroupName="nosuch")
    with pytest.raises(ClientError) as caught:
        redshift.describe_hsm_configurations()
    assert "DescribeHsmConfigurations" in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("operation, member", [
    ("describe_usage_limits", "UsageLimits"), ("describe_scheduled_actions", "ScheduledActions"),
    ("describe_snapshot_schedules", "SnapshotSchedules"), ("describe_endpoint_access", "EndpointAccessList")])
def test_lists_of_what_there_is_none_of(redshift, operation, member):
    """Making any is refused: tests/api/test_refusals.py."""
    assert getattr(redshift, operation)()[member] == []


def test_parameter_groups(redshift, new_name):
    name = new_name("pg")
    made = redshift.create_cluster_parameter_group(ParameterGroupName=name, ParameterGroupFamily="redshift-2.0", Description="mine",
                                                   Tags=[{"Key": "a", "Value": "b"}])["ClusterParameterGroup"]
    assert made == {"ParameterGroupName": name, "ParameterGroupFamily": "redshift-2.0", "Description": "mine",
                    "Tags": [{"Key": "a", "Value": "b"}]}
    assert redshift.describe_cluster_parameter_groups(ParameterGroupName=name)["ParameterGroups"] == [made]
    listed = [g["ParameterGroupName"] for page in redshift.get_paginator("describe_cluster_parameter_groups").paginate()
              for g in page["ParameterGroups"]]
    assert name in listed and "default.redshift-2.0" in listed
    redshift.modify_cluster_parameter_group(ParameterGroupName=name, Parameters=[
        {"ParameterName": "statement_timeout", "ParameterValue": "60000"}])
    shown = {p["ParameterName"]: p for p in redshift.describe_cluster_parameters(ParameterGroupName=name)["Parameters"]}
    assert shown["statement_timeout"]["ParameterValue"] == "60000" and shown["statement_timeout"]["Source"] == "user"
    assert shown["auto_analyze"]["Source"] == "engine-default"
    refused("InvalidParameterValue", redshift.modify_cluster_parameter_group, ParameterGroupName=name,
            Parameters=[{"ParameterName": "nosuch", "ParameterValue": "1"}])
    cluster = new_name("c")
    redshift.create_cluster(ClusterIdentifier=cluster, NodeType="ra3.large", MasterUsername="awsuser", MasterUserPassword=PASSWORD,
                            ClusterParameterGroupName=name)
    refused("InvalidClusterParameterGroupState", redshift.delete_cluster_parameter_group, ParameterGroupName=name)
    redshift.delete_cluster(ClusterIdentifier=cluster, SkipFinalClusterSnapshot=True)
    redshift.delete_cluster_parameter_group(ParameterGroupName=name)
    refused("ClusterParameterGroupNotFound", redshift.describe_cluster_parameters, ParameterGroupName=name)


def test_subnet_groups(redshift, new_name):
    name = new_name("sg")
    made = redshift.create_cluster_subnet_group(ClusterSubnetGroupName=name, Description="mine",
                                                SubnetIds=["subnet-1"])["ClusterSubnetGroup"]
    assert made["SubnetGroupStatus"] == "Complete" and [s["SubnetIdentifier"] for s in made["Subnets"]] == ["subnet-1"]
    assert redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName=name)["ClusterSubnetGroups"] == [made]
    changed = redshift.modify_cluster_subnet_group(ClusterSubnetGroupName=name, SubnetIds=["subnet-2", "subnet-3"])["ClusterSubnetGroup"]
    assert [s["SubnetIdentifier"] for s in changed["Subnets"]] == ["subnet-2", "subnet-3"]
    refused("InvalidSubnet", redshift.modify_cluster_subnet_group, ClusterSubnetGroupName=name, SubnetIds=["nonsense"])
    redshift.delete_cluster_subnet_group(ClusterSubnetGroupName=name)
    refused("ClusterSubnetGroupNotFoundFault", redshift.delete_cluster_subnet_group, ClusterSubnetGroupName=name)


def test_tags(redshift, cluster, account):
    arn = f"arn:aws:redshift:us-east-1:{account}:cluster:{cluster}"
    redshift.create_tags(ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    redshift.delete_tags(ResourceName=arn, TagKeys=["a"])
    assert redshift.describe_tags(ResourceName=arn)["TaggedResources"] == [
        {"Tag": {"Key": "b", "Value": "2"}, "ResourceName": arn, "ResourceType": "cluster"}]
    assert arn in [t["ResourceName"] for t in redshift.describe_tags(ResourceType="cluster", TagKeys=["b"])["TaggedResources"]]
    refused("ResourceNotFoundFault", redshift.create_tags, ResourceName=arn + "-none", Tags=[{"Key": "a", "Value": "1"}])


def test_credentials(redshift, server, cluster, user, account):
    given = redshift.get_cluster_credentials(ClusterIdentifier=cluster, DbUser="ann", DbName="dev", AutoCreate=True)
    assert given["DbUser"] == "IAMA:ann" and given["DbPassword"] and given["Expiration"]
    assert redshift.get_cluster_credentials(ClusterIdentifier=cluster, DbUser="ann")["DbUser"] == "IAM:ann"
    refused("InvalidParameterValue", redshift.get_cluster_credentials, ClusterIdentifier=cluster, DbUser="ann", DurationSeconds=1)
    refused("ClusterNotFound", redshift.get_cluster_credentials, ClusterIdentifier="nosuch", DbUser="ann")
    assert "DbGroups" in refused("UnsupportedOperation", redshift.get_cluster_credentials, ClusterIdentifier=cluster, DbUser="ann",
                                 DbGroups=["g"])
    only = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "redshift:GetClusterCredentials", "Resource": "*"}]}
    theirs = server.client("redshift", credentials=user(only))
    theirs.get_cluster_credentials(ClusterIdentifier=cluster, DbUser="ann")
    assert "redshift:CreateClusterUser" in refused("AccessDenied", theirs.get_cluster_credentials, ClusterIdentifier=cluster, DbUser="ann",
                                                   AutoCreate=True)
    assert "redshift:JoinGroup" in refused("AccessDenied", theirs.get_cluster_credentials, ClusterIdentifier=cluster, DbUser="ann",
                                           DbGroups=["g"])
    credentials = user({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "redshift:GetClusterCredentialsWithIAM",
                                                                "Resource": f"arn:aws:redshift:us-east-1:{account}:dbname:{cluster}/dev"}]})
    mine = server.client("redshift", credentials=credentials)
    assert mine.get_cluster_credentials_with_iam(ClusterIdentifier=cluster, DbName="dev")["DbUser"] == "IAM:" + credentials["UserName"]
    refused("AccessDenied", mine.get_cluster_credentials_with_iam, ClusterIdentifier=cluster, DbName="other")


def test_statements_of_the_data_api(client, cluster):
    data = client("redshift-data")

    def run(sql, **more):
        warehouse = Warehouse(data, None)
        done = warehouse.wait(data.execute_statement(ClusterIdentifier=cluster, Database="dev", Sql=sql, **more)["Id"])
        assert done["Status"] == "FINISHED", done
        assert done["ClusterIdentifier"] == cluster and "WorkgroupName" not in done
        if not done["HasResultSet"]:
            return None
        return [[value(field) for field in row] for row in data.get_statement_result(Id=done["Id"])["Records"]]

    run("create table t (a int)", DbUser="awsuser")
    run("insert into t values (1), (2)", DbUser="awsuser")
    assert run("select count(*), current_user from t group by 2", DbUser="awsuser") == [[2, "awsuser"]]
    assert run("select current_user") == [["IAM:root"]]
    assert data.list_databases(ClusterIdentifier=cluster, Database="dev", DbUser="awsuser")["Databases"] == ["dev"]
    refused("ValidationException", data.execute_statement, ClusterIdentifier=cluster, WorkgroupName="x", Database="dev", Sql="select 1")
