"""Why: an alias is how a caller is kept from what is deployed next; a layer is how functions share what they import."""
import base64
import io
import json
import time
import zipfile

import pytest

from .conftest import zipped


@pytest.fixture
def versioned(functions, deploy):
    """A function with two published versions, which return their number."""
    name = deploy("def handler(e, c): return [1, c.invoked_function_arn.split(':')[-1]]\n")
    functions.publish_version(FunctionName=name)
    functions.update_function_code(FunctionName=name, ZipFile=zipped({"app.py": "def handler(e, c): return [2, c.function_version]\n"}))
    functions.publish_version(FunctionName=name)
    return name


def test_aliases(functions, versioned, call, refused, account):
    name, arn = versioned, f"arn:aws:lambda:us-east-1:{account}:function:{versioned}"
    made = functions.create_alias(FunctionName=name, Name="prod", FunctionVersion="1", Description="d")
    assert (made["AliasArn"], made["FunctionVersion"], made["Description"]) == (arn + ":prod", "1", "d")
    refused("ResourceConflictException", "already exists", functions.create_alias, FunctionName=name, Name="prod", FunctionVersion="1")
    refused("ResourceNotFoundException", "Function not found", functions.create_alias, FunctionName=name, Name="x", FunctionVersion="9")
    value, answer = call(name, Qualifier="prod")
    assert value == [1, "prod"] and answer["ExecutedVersion"] == "1"
    assert call(arn + ":prod")[0] == [1, "prod"]
    changed = functions.update_alias(FunctionName=name, Name="prod", FunctionVersion="2")
    assert changed["RevisionId"] != made["RevisionId"] and call(name, Qualifier="prod")[0] == [2, "2"]
    refused("PreconditionFailedException", "Revision Id", functions.update_alias, FunctionName=name, Name="prod",
            RevisionId=made["RevisionId"])
    shown = functions.get_function(FunctionName=name, Qualifier="prod")["Configuration"]
    assert (shown["FunctionArn"], shown["Version"]) == (arn + ":prod", "2")
    functions.create_alias(FunctionName=name, Name="old", FunctionVersion="1")
    assert [a["Name"] for a in functions.list_aliases(FunctionName=name)["Aliases"]] == ["old", "prod"]
    assert [a["Name"] for a in functions.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]] == ["prod"]
    refused("ResourceConflictException", "alias", functions.delete_function, FunctionName=name, Qualifier="1")
    functions.delete_alias(FunctionName=name, Name="old")
    refused("ResourceNotFoundException", "Cannot find alias arn", functions.get_alias, FunctionName=name, Name="old")
    refused("ResourceNotFoundException", "Function not found", functions.invoke, FunctionName=name, Qualifier="old")
    functions.delete_function(FunctionName=name, Qualifier="1")


def test_an_alias_parts_its_calls(functions, versioned, call, refused):
    def routed(weights):
        return {"FunctionName": versioned, "Name": "part", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": weights}}

    refused("InvalidParameterValueException", "greater than 1", functions.create_alias, **routed({"2": 0.1, "1": 0.1}))
    refused("InvalidParameterValueException", "already included", functions.create_alias, **routed({"1": 0.1}))
    functions.create_alias(**routed({"2": 0.5}))
    seen = {call(versioned, Qualifier="part")[1]["ExecutedVersion"] for _ in range(40)}
    assert seen == {"1", "2"}  # by chance not so: once in 2^39 runs
    functions.update_alias(FunctionName=versioned, Name="part", RoutingConfig={"AdditionalVersionWeights": {"2": 1}})
    assert {call(versioned, Qualifier="part")[1]["ExecutedVersion"] for _ in range(5)} == {"2"}
    functions.update_alias(FunctionName=versioned, Name="part", RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in functions.get_alias(FunctionName=versioned, Name="part")


def test_a_policy_of_an_alias(functions, versioned, user, server, account, refused):
    functions.create_alias(FunctionName=versioned, Name="open", FunctionVersion="1")
    credentials = user()
    theirs = server.client("lambda", credentials=credentials)
    functions.add_permission(FunctionName=versioned, Qualifier="open", StatementId="u", Action="lambda:InvokeFunction",
                             Principal=f"arn:aws:iam::{account}:user/{credentials['UserName']}")
    assert theirs.invoke(FunctionName=versioned, Qualifier="open")["StatusCode"] == 200
    refused("AccessDeniedException", "lambda:InvokeFunction", theirs.invoke, FunctionName=versioned)


def test_reserved_concurrency_is_the_accounts(functions, deploy, refused):
    name = deploy("def handler(e, c): return 1\n")
    before = functions.get_account_settings()["AccountLimit"]
    refused("InvalidParameterValueException", "below its minimum value of [100]", functions.put_function_concurrency,
            FunctionName=name, ReservedConcurrentExecutions=before["UnreservedConcurrentExecutions"] - 99)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=7)
    assert functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] <= 993
    functions.delete_function_concurrency(FunctionName=name)


def test_provisioned_concurrency(functions, deploy, call, refused):
    name = deploy("import os\ndef handler(e, c): return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n")
    put = functions.put_provisioned_concurrency_config
    refused("InvalidParameterValueException", "unpublished", put, FunctionName=name, Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="ready", FunctionVersion="1")
    assert put(FunctionName=name, Qualifier="ready", ProvisionedConcurrentExecutions=2)["RequestedProvisionedConcurrentExecutions"] == 2
    for _ in range(500):
        shown = functions.get_provisioned_concurrency_config(FunctionName=name, Qualifier="ready")
        if shown["Status"] == "READY":
            break
        time.sleep(0.02)
    assert shown["AvailableProvisionedConcurrentExecutions"] == 2
    value, answer = call(name, Qualifier="ready", LogType="Tail")
    assert value == "provisioned-concurrency"
    assert call(name)[0] == "on-demand"
    listed = functions.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert [c["FunctionArn"].rsplit(":", 1)[1] for c in listed] == ["ready"]
    functions.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="ready")
    refused("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned", functions.get_provisioned_concurrency_config,
            FunctionName=name, Qualifier="ready")


# --- layers -----------------------------------------------------------------------------------------------------------

def publish(functions, name, files, **more):
    return functions.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)}, **more)


def test_layers_are_there_and_the_later_covers_the_earlier(functions, deploy, call, new_name):
    low, high = new_name("low"), new_name("high")
    one = publish(functions, low, {"python/shared.py": "WHO = 'low'\n", "python/only.py": "X = 1\n", "data.txt": "text"})
    two = publish(functions, high, {"python/shared.py": "WHO = 'high'\n"}, CompatibleRuntimes=["python3.11"])
    name = deploy("import shared, only\ndef handler(e, c): return [shared.WHO, only.X, open('/opt/data.txt').read()]\n",
                  Layers=[one["LayerVersionArn"], two["LayerVersionArn"]])
    assert call(name)[0] == ["high", 1, "text"]
    shown = functions.get_function_configuration(FunctionName=name)["Layers"]
    assert [layer["Arn"] for layer in shown] == [one["LayerVersionArn"], two["LayerVersionArn"]] and shown[0]["CodeSize"] > 0
    functions.delete_layer_version(LayerName=low, VersionNumber=1)  # the function keeps it
    functions.update_function_configuration(FunctionName=name, Timeout=5)
    assert call(name)[0] == ["high", 1, "text"]
    functions.update_function_configuration(FunctionName=name, Layers=[])
    assert "Unable to import module" in call(name)[0]["errorMessage"]


def test_layers_are_listed_and_deleted(functions, new_name, refused, account):
    name = new_name("layer")
    first = publish(functions, name, {"python/a.py": ""}, Description="d", CompatibleRuntimes=["python3.11"], LicenseInfo="MIT")
    assert (first["LayerArn"], first["Version"]) == (f"arn:aws:lambda:us-east-1:{account}:layer:{name}", 1)
    assert publish(functions, name, {"nodejs/node_modules/a/index.js": ""}, CompatibleRuntimes=["nodejs20.x"])["Version"] == 2
    got = functions.get_layer_version(LayerName=name, VersionNumber=1)
    assert got["Description"] == "d" and got["LicenseInfo"] == "MIT" and got["Content"]["CodeSize"] > 0
    assert functions.get_layer_version_by_arn(Arn=first["LayerVersionArn"])["Content"]["CodeSha256"] == got["Content"]["CodeSha256"]
    assert [v["Version"] for v in functions.list_layer_versions(LayerName=name)["LayerVersions"]] == [2, 1]
    assert [v["Version"] for v in functions.list_layer_versions(LayerName=name, CompatibleRuntime="python3.11")["LayerVersions"]] == [1]
    listed = [x for p in functions.get_paginator("list_layers").paginate() for x in p["Layers"] if x["LayerName"] == name]
    assert listed[0]["LatestMatchingVersion"]["Version"] == 2
    functions.delete_layer_version(LayerName=name, VersionNumber=2)
    refused("ResourceNotFoundException", "does not exist", functions.get_layer_version, LayerName=name, VersionNumber=2)
    assert publish(functions, name, {"python/a.py": ""})["Version"] == 3  # numbers are not given twice


def test_a_layer_is_used_with_the_right_to_it(functions, new_name, user_client, allow, role, refused, account):
    layer = publish(functions, new_name("layer"), {"python/a.py": ""})["LayerVersionArn"]
    settings = {"Runtime": "python3.11", "Role": role, "Handler": "app.handler", "Layers": [layer],
                "Code": {"ZipFile": zipped({"app.py": ""})}}
    theirs = user_client("lambda", allow(["lambda:CreateFunction", "iam:PassRole"]))
    refused("AccessDeniedException", "lambda:GetLayerVersion", theirs.create_function, FunctionName=new_name("fn"), **settings)
    name, number = layer.split(":")[-2:]
    added = functions.add_layer_version_permission(LayerName=name, VersionNumber=int(number), StatementId="all",
                                                   Action="lambda:GetLayerVersion", Principal=account)
    assert json.loads(added["Statement"])["Resource"] == layer
    assert "all" in functions.get_layer_version_policy(LayerName=name, VersionNumber=int(number))["Policy"]
    functions.remove_layer_version_permission(LayerName=name, VersionNumber=int(number), StatementId="all")
    refused("ResourceNotFoundException", "No policy", functions.get_layer_version_policy, LayerName=name, VersionNumber=int(number))
    refused("InvalidParameterValueException", "does not exist", functions.create_function, FunctionName=new_name("fn"),
            **{**settings, "Layers": [layer[:-1] + "9"]})


def test_a_layer_zipped_without_its_folder_is_accepted_and_said(functions, deploy, call, new_name, server):
    layer = publish(functions, new_name("flat"), {"helper_module.py": "X = 1\n"})["LayerVersionArn"]
    if server.process:  # else another process has the server's output, which comes by a thread
        end = time.monotonic() + 10
        while not any(layer in line and "not below python/" in line for line in list(server.output)):
            assert time.monotonic() < end, server.output[-5:]
            time.sleep(0.01)
    name = deploy("import helper_module\ndef handler(e, c): return 1\n", Layers=[layer])
    value, answer = call(name, LogType="Tail")
    assert value["errorType"] == "Runtime.ImportModuleError" and "zip" not in value["errorMessage"]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "A layer has /opt/helper_module.py, where Python does not look: in the layer's zip it must lie below python/" in log, log


def test_a_function_is_as_large_as_its_code_and_its_layers(functions, deploy, refused, new_name):
    def zeros(megabytes):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
            out.writestr("python/zeros", bytes(megabytes << 20))
        return buffer.getvalue()

    layer = functions.publish_layer_version(LayerName=new_name("layer"), Content={"ZipFile": zeros(200)})["LayerVersionArn"]
    name = deploy("def handler(e, c): return 1\n", Layers=[layer])
    text = "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size is 272629760 bytes."
    refused("InvalidParameterValueException", text, functions.update_function_code, FunctionName=name, ZipFile=zeros(60))
    functions.update_function_configuration(FunctionName=name, Layers=[])
    functions.update_function_code(FunctionName=name, ZipFile=zeros(60))
    refused("InvalidParameterValueException", text, functions.update_function_configuration, FunctionName=name, Layers=[layer])
