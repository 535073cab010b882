"""Every listed operation is refused without a policy, goes through with just the rights that it asked for, and is refused
again when any one of them is taken away. What it asked for is read from the audit record of the same call by the root,
so an operation that forgets a right, or asks for none, is caught here the day it is written."""
import json

import pytest
from botocore.exceptions import ClientError

from support.models import example, manifests, tarn_client

CASES = {f"{folder}.{name}": (folder, name, form, rights, model, boto_name)
         for folder, name, form, rights, model, boto_name in manifests()}
DENIALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"}

# Inputs that the model alone does not give: a valid document, a name of something that is there.
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "redshift.amazonaws.com"}}]})


@pytest.fixture(scope="module")
def values(client, new_name, account):
    """What stands for members of these names. Resources that are there let an operation get past looking them up."""
    bucket = new_name("bucket")
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="k", Body=b"a,b\n1,2\n")
    trusting = new_name("role")
    client("iam").create_role(RoleName=trusting, AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                "Principal": {"AWS": account}}]}))
    return {
        "VersionId": "v9", "ResourceArn": f"arn:aws:glue:us-east-1:{account}:database/none",
        "resourceArn": f"arn:aws:redshift-serverless:us-east-1:{account}:namespace/none",
        "ResourceName": f"arn:aws:redshift:us-east-1:{account}:cluster:none",
        "Parameters": [{"ParameterName": "statement_timeout", "ParameterValue": "0"}],
        "Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/k", "UploadId": "none", "PolicyDocument": DOCUMENT,
        "AssumeRolePolicyDocument": TRUST, "Policy": json.dumps({"Version": "2012-10-17", "Statement": []}),
        "PolicyArn": f"arn:aws:iam::{account}:policy/none", "PermissionsBoundary": f"arn:aws:iam::{account}:policy/none",
        "RoleArn": f"arn:aws:iam::{account}:role/{trusting}", "RoleSessionName": "session",
        "PolicySourceArn": f"arn:aws:iam::{account}:root", "ActionNames": ["s3:GetObject"], "PolicyInputList": [DOCUMENT],
        "Expression": "SELECT * FROM s3object", "ExpressionType": "SQL", "InputSerialization": {"CSV": {}},
        "OutputSerialization": {"CSV": {}}, "ObjectAttributes": ["ETag"], "Directory": "/nowhere/at/all", "Sql": "select 1",
        "Sqls": ["select 1"], "Database": "dev", "WorkgroupName": "none", "Id": "d9b6c0c9-0747-4bf4-b142-e8883122f766",
        "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]},
        "tags": [{"key": "a", "value": "b"}], "Tags": [{"Key": "a", "Value": "b"}],
        "Time": "2999-01-01T00:00:00Z", "StatementName": "statement", "PreparedStatementNames": ["statement"],
        "ResourceARN": f"arn:aws:athena:us-east-1:{account}:workgroup/none", "Role": f"arn:aws:iam::{account}:role/{trusting}",
        "QueueUrl": f"http://sqs/{account}/none", "SourceArn": f"arn:aws:sqs:us-east-1:{account}:none",
        "TopicArn": f"arn:aws:sns:us-east-1:{account}:none", "SubscriptionArn": f"arn:aws:sns:us-east-1:{account}:none:id",
        "PlatformApplicationArn": f"arn:aws:sns:us-east-1:{account}:app/GCM/none",
        "EndpointArn": f"arn:aws:sns:us-east-1:{account}:endpoint/GCM/none/id",
        "Resource": f"arn:aws:lambda:us-east-1:{account}:function:none", "FunctionName": "none", "StatementId": "s",
        "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "+": {},
        # Of one service only, by its folder.
        "events": {"ResourceARN": f"arn:aws:events:us-east-1:{account}:event-bus/none", "EventPattern": '{"source": ["none"]}',
                   "EventSourceArn": f"arn:aws:events:us-east-1:{account}:event-bus/none", "Action": "events:PutEvents",
                   "Principal": account, "InvocationEndpoint": "https://example.org/",
                   "ConnectionArn": f"arn:aws:events:us-east-1:{account}:connection/none/none", "HttpMethod": "POST",
                   "AuthorizationType": "BASIC"},
        "admin": {"ApiDestinationArn": f"arn:aws:events:us-east-1:{account}:api-destination/none/none"},
        "sns": {"ResourceArn": f"arn:aws:sns:us-east-1:{account}:none"},
        "scheduler": {"ResourceArn": f"arn:aws:scheduler:us-east-1:{account}:schedule-group/none"},
        "lambda": {"CodeSigningConfigArn": f"arn:aws:lambda:us-east-1:{account}:code-signing-config:csc-" + "0" * 17,
                   "SigningProfileVersionArns": [f"arn:aws:signer:us-east-1:{account}:/signing-profiles/own/0123456789"],
                   "FunctionVersion": "1", "Arn": f"arn:aws:lambda:us-east-1:{account}:layer:none:1", "Principal": account,
                   "Action": "lambda:GetLayerVersion"},
        "logs": {"logGroupName": "none", "+": {"StartQueryRequest": ["logGroupName"]}},
    }


def call(boto, operation, form, parameters):
    """(error code or None, request id). A streamed answer is read to its end."""
    snake = next(k for k, v in boto.meta.method_to_api_mapping.items() if v == operation)
    try:
        answer = getattr(boto, snake)(**parameters)
        if form == "body-out":
            answer["Body"].read()
        if form == "events":
            for stream in answer.values():
                if hasattr(stream, "_event_generator") or hasattr(stream, "close"):
                    list(stream)
        return None, answer["ResponseMetadata"].get("RequestId")
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"].get("RequestId")


def client_of(server, service, boto_name, credentials=None):
    if boto_name is None:
        return tarn_client(server, credentials)
    return server.client(boto_name, credentials=credentials)


@pytest.mark.parametrize("case", CASES)
def test_an_operation_needs_just_the_rights_it_names(case, server, user, client, new_name, values):
    folder, name, form, rights, model, boto_name = CASES[case]
    shape = model.operation_model(name).input_shape
    # A dry subject: deleting or changing is done to names that are not there wherever the operation allows it.
    values = {**values, "workgroupName": new_name("wg"), "namespaceName": new_name("ns"), **values.get(folder, {})}
    parameters = example(shape, values) if shape is not None else {}
    if name in ("DeleteBucket", "CreateBucket"):
        parameters["Bucket"] = new_name("bucket")
    if name == "DeleteBucket":
        client("s3").create_bucket(**parameters)

    if rights == "none":
        code, _ = call(client_of(server, folder, boto_name, user(None)), name, form, parameters)
        assert code not in DENIALS
        return

    code, _ = call(client_of(server, folder, boto_name, user(None)), name, form, parameters)
    assert code in DENIALS, f"without any policy {name} gave {code}"

    _, request_id = call(client_of(server, folder, boto_name), name, form, parameters)
    records = tarn_client(server).list_audit_records(RequestId=request_id)["Records"]
    assert records, f"no audit record of request {request_id}"
    asked = list(dict.fromkeys(zip(records[0]["Actions"], records[0]["Resources"])))
    assert asked, f"{name} asked for no right"

    def statement(pairs):
        return {"Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in pairs]}

    code, _ = call(client_of(server, folder, boto_name, user(statement(asked))), name, form, parameters)
    assert code not in DENIALS, f"with {asked} {name} was refused: {code}"

    for missing in asked if len(asked) > 1 else []:
        left = [pair for pair in asked if pair != missing]
        code, _ = call(client_of(server, folder, boto_name, user(statement(left))), name, form, parameters)
        assert code in DENIALS, f"without {missing} {name} gave {code}"
