"""Why: an owner who wants signed code only must not find unsigned code deployed; where no signature can be checked, none passes."""
import pytest

from .conftest import zipped


@pytest.fixture
def make(functions, account):
    made = []

    def create(policy="Enforce", **more):
        config = functions.create_code_signing_config(
            AllowedPublishers={"SigningProfileVersionArns": [f"arn:aws:signer:us-east-1:{account}:/signing-profiles/own/abcdefghij"]},
            CodeSigningPolicies={"UntrustedArtifactOnDeployment": policy}, **more)["CodeSigningConfig"]
        made.append(config["CodeSigningConfigArn"])
        return config

    yield create


def test_a_configuration_is_kept(functions, make, refused, account):
    config = make("Warn", Description="mine", Tags={"team": "a"})
    arn = config["CodeSigningConfigArn"]
    assert arn == f"arn:aws:lambda:us-east-1:{account}:code-signing-config:{config['CodeSigningConfigId']}"
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"} and config["Description"] == "mine"
    changed = functions.update_code_signing_config(CodeSigningConfigArn=arn,
                                                   CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"})
    shown = functions.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert shown == changed["CodeSigningConfig"] and shown["Description"] == "mine"
    listed = functions.get_paginator("list_code_signing_configs").paginate(PaginationConfig={"PageSize": 1})
    assert arn in [c["CodeSigningConfigArn"] for page in listed for c in page["CodeSigningConfigs"]]
    functions.tag_resource(Resource=arn, Tags={"more": "b"})
    assert functions.list_tags(Resource=arn)["Tags"] == {"team": "a", "more": "b"}
    functions.delete_code_signing_config(CodeSigningConfigArn=arn)
    refused("ResourceNotFoundException", arn, functions.get_code_signing_config, CodeSigningConfigArn=arn)
    refused("InvalidParameterValueException", "signing profile", functions.create_code_signing_config,
            AllowedPublishers={"SigningProfileVersionArns": ["arn:aws:s3:::bucket"]})


def test_enforced_it_takes_no_unsigned_code(functions, make, deploy, call, refused, role, new_name):
    arn = make()["CodeSigningConfigArn"]
    name, other = deploy("def handler(e, c): return 1\n"), zipped({"app.py": "def handler(e, c): return 2\n"})
    functions.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=arn)
    assert functions.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] == arn
    assert functions.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == [
        functions.get_function_configuration(FunctionName=name)["FunctionArn"]]
    refused("CodeVerificationFailedException", "signature", functions.update_function_code, FunctionName=name, ZipFile=other)
    assert call(name)[0] == 1  # what is there runs on
    layer = functions.publish_layer_version(LayerName=new_name("layer"), Content={"ZipFile": other})["LayerVersionArn"]
    refused("CodeVerificationFailedException", "signature", functions.update_function_configuration, FunctionName=name, Layers=[layer])
    refused("CodeVerificationFailedException", "signature", functions.create_function, FunctionName=new_name("fn"), Role=role,
            Runtime="python3.11", Handler="app.handler", Code={"ZipFile": other}, CodeSigningConfigArn=arn)
    refused("ResourceConflictException", "attached", functions.delete_code_signing_config, CodeSigningConfigArn=arn)
    functions.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"})
    functions.update_function_code(FunctionName=name, ZipFile=other)
    assert call(name)[0] == 2
    functions.delete_function_code_signing_config(FunctionName=name)
    assert "CodeSigningConfigArn" not in functions.get_function_code_signing_config(FunctionName=name)
    refused("CodeSigningConfigNotFoundException", "cannot be found", functions.put_function_code_signing_config, FunctionName=name,
            CodeSigningConfigArn=arn[:-17] + "0" * 17)
