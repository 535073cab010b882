"""Why: a function's configuration decides what runs, as whom and for how long; a rule that is not kept here shows up as a
workflow that runs on tarn and fails on AWS."""
import base64
import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile

import pytest


def archive(text="def handler(event, context): return 1\n"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("app.py", text)
    return buffer.getvalue()


def test_create_and_show(functions, new_name, role, account):
    name, code = new_name("fn"), archive()
    made = functions.create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Code={"ZipFile": code}, Description="d", Timeout=7,
        MemorySize=256, Environment={"Variables": {"AB": "1"}}, Tags={"team": "x"}, EphemeralStorage={"Size": 600})
    arn = f"arn:aws:lambda:us-east-1:{account}:function:{name}"
    assert (made["FunctionArn"], made["Version"], made["State"]) == (arn, "$LATEST", "Pending")
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode() and made["CodeSize"] == len(code)
    shown = functions.get_function_configuration(FunctionName=arn)
    for key in ("Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "Environment", "EphemeralStorage", "RevisionId",
                "LastModified", "LoggingConfig", "Architectures", "PackageType"):
        assert shown[key] == made[key], key
    assert shown["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    assert functions.get_function(FunctionName=name)["Tags"] == {"team": "x"}
    functions.tag_resource(Resource=arn, Tags={"b": "2"})
    functions.untag_resource(Resource=arn, TagKeys=["team"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert name in [f["FunctionName"] for page in functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
                    for f in page["Functions"]]
    assert functions.get_account_settings()["AccountUsage"]["FunctionCount"] >= 1


def test_what_is_refused(functions, new_name, role, make_role, refused, deploy, account):
    def create(**changes):
        return lambda: functions.create_function(**{"FunctionName": new_name("fn"), "Runtime": "python3.11", "Role": role,
                                                    "Handler": "app.handler", "Code": {"ZipFile": archive()}, **changes})

    refused("ResourceConflictException", "Function already exist", create(FunctionName=deploy("def handler(e, c): pass")))
    refused("InvalidParameterValueException", "cannot be assumed by Lambda", create(
        Role=make_role(trust=TRUST_OF("glue.amazonaws.com"))))
    refused("InvalidParameterValueException", "Could not unzip", create(Code={"ZipFile": b"no zip"}))
    refused("InvalidParameterValueException", "reserved keys", create(Environment={"Variables": {"AWS_REGION": "x"}}))
    refused("InvalidParameterValueException", "S3 Error Code: NoSuchBucket", create(
        Code={"S3Bucket": new_name("none"), "S3Key": "k"}))
    refused("InvalidParameterValueException", "dotnet8 is not supported", create(Runtime="dotnet8"))
    refused("InvalidParameterValueException", "does not exist", create(Layers=[f"arn:aws:lambda:us-east-1:{account}:layer:none:1"]))
    refused("InvalidParameterValueException", "no standard queue", create(
        DeadLetterConfig={"TargetArn": f"arn:aws:sqs:us-east-1:{account}:q.fifo"}))
    refused("InvalidParameterValueException", "container image", create(Code={"ImageUri": "1.dkr.ecr.us-east-1.amazonaws.com/x:1"}))
    refused("ValidationException", "timeout", create(Timeout=901))
    refused("ResourceNotFoundException", "Function not found", functions.get_function, FunctionName=new_name("none"))


def TRUST_OF(service):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


def test_code_from_a_bucket(functions, client, new_name, role, call):
    s3, bucket, name = client("s3"), new_name("code"), new_name("fn")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="f.zip", Body=archive("def handler(event, context): return 'from s3'\n"))
    functions.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler",
                              Code={"S3Bucket": bucket, "S3Key": "f.zip"})
    assert call(name)[0] == "from s3"


def test_the_code_can_be_fetched(functions, deploy):
    name = deploy("def handler(e, c): return 1\n")
    shown = functions.get_function(FunctionName=name)
    location = shown["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert base64.b64encode(hashlib.sha256(answer.read()).digest()).decode() == shown["Configuration"]["CodeSha256"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(location[:-1] + ("0" if location[-1] != "0" else "1"))


def test_the_runtime_is_the_machines(functions, deploy, refused):
    name = deploy("import sys\ndef handler(e, c): return 'python%d.%d' % sys.version_info[:2]\n", Runtime="python3.9")
    shown = functions.get_runtime_management_config(FunctionName=name)
    ran = json.loads(functions.invoke(FunctionName=name)["Payload"].read())
    assert shown["UpdateRuntimeOn"] == "Auto" and shown["RuntimeVersionArn"] == f"arn:aws:lambda:us-east-1::runtime:{ran}"
    refused("InvalidParameterValueException", "not on this machine", functions.put_runtime_management_config, FunctionName=name,
            UpdateRuntimeOn="Manual", RuntimeVersionArn="arn:aws:lambda:us-east-1::runtime:" + "a" * 64)
    functions.put_runtime_management_config(FunctionName=name, UpdateRuntimeOn="Manual", RuntimeVersionArn=shown["RuntimeVersionArn"])
    assert functions.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Manual"


def test_changes_take_effect_and_versions_stay(functions, deploy, call, refused):
    name = deploy("import os\ndef handler(e, c): return [1, os.environ.get('XY'), c.function_version]\n")
    assert call(name)[0] == [1, None, "$LATEST"]
    first = functions.publish_version(FunctionName=name, Description="one")
    assert (first["Version"], first["Description"]) == ("1", "one")
    assert functions.publish_version(FunctionName=name)["Version"] == "1"  # nothing has changed
    stale = functions.get_function_configuration(FunctionName=name)["RevisionId"]
    functions.update_function_code(FunctionName=name, ZipFile=archive(
        "import os\ndef handler(e, c): return [2, os.environ.get('XY'), c.function_version]\n"))
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"XY": "y"}}, Timeout=9)
    assert call(name)[0] == [2, "y", "$LATEST"]
    assert call(f"{name}:1")[0] == [1, None, "1"] and call(name, Qualifier="1")[1]["ExecutedVersion"] == "1"
    refused("PreconditionFailedException", "Revision Id", functions.update_function_configuration, FunctionName=name, RevisionId=stale)
    assert [v["Version"] for v in functions.list_versions_by_function(FunctionName=name)["Versions"]] == ["$LATEST", "1"]
    functions.delete_function(FunctionName=name, Qualifier="1")
    refused("ResourceNotFoundException", "Function not found", functions.get_function, FunctionName=name, Qualifier="1")
    functions.delete_function(FunctionName=name)
    refused("ResourceNotFoundException", "Function not found", functions.invoke, FunctionName=name)


def test_permissions(functions, deploy, refused, account, new_name):
    name = deploy("def handler(e, c): return 1\n")
    functions.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                             SourceArn="arn:aws:s3:::b", SourceAccount=account)
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    assert policy["Statement"] == [{
        "Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": f"arn:aws:lambda:us-east-1:{account}:function:{name}",
        "Condition": {"StringEquals": {"AWS:SourceAccount": account}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}}}]
    refused("ResourceConflictException", "already exists", functions.add_permission, FunctionName=name, StatementId="s3",
            Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    functions.remove_permission(FunctionName=name, StatementId="s3")
    refused("ResourceNotFoundException", "does not exist", functions.get_policy, FunctionName=name)


def test_a_policy_on_the_function_lets_a_user_in(functions, deploy, user, server, account, refused):
    name = deploy("def handler(e, c): return 1\n")
    credentials = user()
    theirs = server.client("lambda", credentials=credentials)
    refused("AccessDeniedException", "lambda:InvokeFunction", theirs.invoke, FunctionName=name)
    functions.add_permission(FunctionName=name, StatementId="u", Action="lambda:InvokeFunction",
                             Principal=f"arn:aws:iam::{account}:user/{credentials['UserName']}")
    assert theirs.invoke(FunctionName=name)["Payload"].read() == b"1"


def test_passing_a_role_is_a_right(new_name, user_client, allow, role, refused):
    theirs = user_client("lambda", allow("lambda:*"))
    response = refused("AccessDeniedException", "iam:PassRole", theirs.create_function, FunctionName=new_name("fn"),
                       Runtime="python3.11", Role=role, Handler="app.handler", Code={"ZipFile": archive()})
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
