"""Why: programs and templates read the words of AWS's errors; these were recorded from AWS (April 2024)."""
import json

import pytest
from botocore.exceptions import ClientError

from .conftest import zipped

NONE = "nothing-of-this-name"


@pytest.fixture(scope="module")
def world(functions, new_name, role, account):
    """A function with a version, an alias and two layers; what the table's words stand for."""
    name, layer = new_name("fn"), new_name("layer")
    archive = zipped({"app.py": "def handler(e, c): return 1\n"})
    functions.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Code={"ZipFile": archive},
                              Publish=True)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    layers = [functions.publish_layer_version(LayerName=layer, Content={"ZipFile": archive})["LayerVersionArn"] for _ in range(2)]
    start = f"arn:aws:lambda:us-east-1:{account}:"
    return {"FN": name, "ARN": f"{start}function:{name}", "NOFN": f"{start}function:{NONE}", "L1": layers[0], "L2": layers[1],
            "LAYER": layer, "L9": layers[0][:-1] + "9", "FARFN": f"arn:aws:lambda:eu-west-1:{account}:function:{name}",
            "FAR": layers[0].replace("us-east-1", "eu-west-1"), "LNONE": f"{start}layer:none:1",
            "CSC": f"{start}code-signing-config:csc-" + "0" * 17, "ROLE": role, "ACCOUNT": account}


def routed(weights):
    return {"RoutingConfig": {"AdditionalVersionWeights": weights}}


QUEUE = "arn:aws:sqs:us-east-1:ACCOUNT:q"
STALE = ("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest "
         "Revision Id")
CREATE = {"Runtime": "python3.11", "Role": "ROLE", "Handler": "app.handler", "Code": {"ZipFile": zipped({"app.py": ""})}}
ALLOW_LAYER = {"LayerName": "LAYER", "VersionNumber": 1, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"}
ALLOW = {"FunctionName": "FN", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
ERRORS = [  # operation, parameters, status, code, message; words in capitals stand for what `world` has
    ("get_code_signing_config", {"CodeSigningConfigArn": "CSC"}, 404, "ResourceNotFoundException",
     "The Lambda code signing configuration CSC can not be found."),
    ("delete_code_signing_config", {"CodeSigningConfigArn": "CSC"}, 404, "ResourceNotFoundException",
     "The Lambda code signing configuration CSC can not be found."),
    ("update_code_signing_config", {"CodeSigningConfigArn": "CSC"}, 404, "ResourceNotFoundException",
     "The Lambda code signing configuration CSC can not be found."),
    ("list_functions_by_code_signing_config", {"CodeSigningConfigArn": "CSC"}, 404, "ResourceNotFoundException",
     "The Lambda code signing configuration CSC can not be found."),
    ("put_function_code_signing_config", {"FunctionName": "FN", "CodeSigningConfigArn": "CSC"}, 404, "CodeSigningConfigNotFoundException",
     "The code signing configuration cannot be found. Check that the provided configuration is not deleted: CSC."),
    ("put_function_code_signing_config", {"FunctionName": NONE, "CodeSigningConfigArn": "CSC"}, 404,
     "CodeSigningConfigNotFoundException",
     "The code signing configuration cannot be found. Check that the provided configuration is not deleted: CSC."),
    ("get_function_code_signing_config", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "Function not found: NOFN"),
    ("create_event_source_mapping", {"FunctionName": "FN"}, 400, "InvalidParameterValueException", "Unrecognized event source."),
    ("create_event_source_mapping", {"FunctionName": NONE, "EventSourceArn": QUEUE}, 400, "InvalidParameterValueException",
     "Function does not exist"),
    ("create_event_source_mapping", {"FunctionName": "FN", "EventSourceArn": QUEUE, "StartingPosition": "LATEST"}, 400,
     "InvalidParameterValueException", "StartingPosition is not valid for SQS event sources."),
    ("get_event_source_mapping", {"UUID": "3f2ae3c8-6a0b-4be2-a5b4-1d6f5f4e2b11"}, 404, "ResourceNotFoundException",
     "The resource you requested does not exist."),
    ("tag_resource", {"Resource": "NOFN", "Tags": {"a": "b"}}, 404, "ResourceNotFoundException", "Function not found: NOFN"),
    ("tag_resource", {"Resource": "ARN:1", "Tags": {"a": "b"}}, 400, "InvalidParameterValueException",
     "Tags on function aliases and versions are not supported. Please specify a function ARN."),
    ("tag_resource", {"Resource": "ARN:$LATEST", "Tags": {"a": "b"}}, 400, "InvalidParameterValueException",
     "Tags on function aliases and versions are not supported. Please specify a function ARN."),
    ("tag_resource", {"Resource": "ARN", "Tags": {}}, 400, "InvalidParameterValueException",
     "An error occurred and the request cannot be processed."),
    ("tag_resource", {"Resource": "ARN", "Tags": {f"k{n}": "v" for n in range(51)}}, 400, "InvalidParameterValueException",
     "Number of tags exceeds resource tag limit."),
    ("create_function_url_config", {"FunctionName": NONE, "AuthType": "NONE"}, 404, "ResourceNotFoundException", "Function does not exist"),
    ("create_function_url_config", {"FunctionName": "FN", "Qualifier": "none", "AuthType": "NONE"}, 404, "ResourceNotFoundException",
     "Function does not exist"),
    ("get_function_url_config", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "The resource you requested does not exist."),
    ("get_function_url_config", {"FunctionName": "FN"}, 404, "ResourceNotFoundException", "The resource you requested does not exist."),
    ("get_function_url_config", {"FunctionName": "FN:live", "Qualifier": "other"}, 400, "InvalidParameterValueException",
     "The derived qualifier from the function name does not match the specified qualifier."),
    ("list_function_url_configs", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "Function does not exist"),
    ("put_function_event_invoke_config", {"FunctionName": NONE, "MaximumRetryAttempts": 1}, 404, "ResourceNotFoundException",
     "The function doesn't exist."),
    ("put_function_event_invoke_config", {"FunctionName": "FN", "Qualifier": "none", "MaximumRetryAttempts": 1}, 404,
     "ResourceNotFoundException", "The function doesn't exist."),
    ("put_function_event_invoke_config", {"FunctionName": "FN"}, 400, "InvalidParameterValueException",
     "You must specify at least one of error handling or destination setting."),
    ("put_function_event_invoke_config", {"FunctionName": "FN", "DestinationConfig": {"OnSuccess": {"Destination": "NOFN"}}}, 400,
     "InvalidParameterValueException", "The destination ARN NOFN is invalid."),
    ("put_function_event_invoke_config", {"FunctionName": "FN", "DestinationConfig": {"OnSuccess": {"Destination": "ARN"}}}, 400,
     "InvalidParameterValueException", "You can't specify the function as a destination for itself."),
    ("put_function_event_invoke_config", {"FunctionName": "FN", "DestinationConfig": {"OnSuccess": {
        "Destination": "arn:aws:iam:us-east-1:ACCOUNT:function:x"}}}, 400, "InvalidParameterValueException",
     "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:iam:us-east-1:ACCOUNT:function:x), "
     "onFailure=null) is invalid."),
    ("create_alias", {"FunctionName": NONE, "Name": "x", "FunctionVersion": "1"}, 404, "ResourceNotFoundException",
     "Function not found: NOFN:1"),
    ("update_alias", {"FunctionName": "FN", "Name": "live", "RevisionId": "wrong"}, 412, "PreconditionFailedException", STALE),
    ("publish_version", {"FunctionName": "FN", "RevisionId": "wrong"}, 412, "PreconditionFailedException", STALE),
    ("update_function_code", {"FunctionName": "FN", "ImageUri": "1.dkr.ecr.us-east-1.amazonaws.com/x:1"}, 400,
     "InvalidParameterValueException", "Please don't provide ImageUri when updating a function with packageType Zip."),
    ("update_function_url_config", {"FunctionName": NONE, "AuthType": "NONE"}, 404, "ResourceNotFoundException", "Function does not exist"),
    ("update_function_url_config", {"FunctionName": "FN", "Qualifier": "none", "AuthType": "NONE"}, 404, "ResourceNotFoundException",
     "Function does not exist"),
    ("remove_permission", {"FunctionName": "FN", "StatementId": "s"}, 404, "ResourceNotFoundException",
     "No policy is associated with the given resource."),
    ("remove_permission", {"FunctionName": NONE, "StatementId": "s"}, 404, "ResourceNotFoundException", "No policy found for: NOFN"),
    ("remove_permission", {"FunctionName": "FN", "StatementId": "s", "Qualifier": "other"}, 404, "ResourceNotFoundException",
     "Cannot find alias arn: ARN:other"),
    ("add_permission", {**ALLOW, "Qualifier": "$LATEST"}, 400, "InvalidParameterValueException",
     "We currently do not support adding policies for $LATEST."),
    ("add_permission", {**ALLOW, "Qualifier": "other"}, 404, "ResourceNotFoundException", "Cannot find alias arn: ARN:other"),
    ("add_permission", {**ALLOW, "Qualifier": "42"}, 404, "ResourceNotFoundException", "Function not found: ARN:42"),
    ("add_permission", {**ALLOW, "Qualifier": "with-$-inside"}, 404, "ResourceNotFoundException",
     "Function not found: ARN:with-$-inside"),
    ("add_permission", {**ALLOW, "RevisionId": "wrong"}, 412, "PreconditionFailedException", STALE),
    ("get_function_event_invoke_config", {"FunctionName": NONE}, 404, "ResourceNotFoundException",
     "The function NOFN:$LATEST doesn't have an EventInvokeConfig"),
    ("delete_function_event_invoke_config", {"FunctionName": NONE}, 404, "ResourceNotFoundException",
     "The function NOFN:$LATEST doesn't have an EventInvokeConfig"),
    ("get_function_event_invoke_config", {"FunctionName": "FN", "Qualifier": "other"}, 404, "ResourceNotFoundException",
     "The function ARN:other doesn't have an EventInvokeConfig"),
    ("update_function_event_invoke_config", {"FunctionName": NONE, "MaximumRetryAttempts": 0}, 404, "ResourceNotFoundException",
     "The function doesn't exist."),
    ("list_function_event_invoke_configs", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "The function doesn't exist."),
    ("put_function_concurrency", {"FunctionName": NONE, "ReservedConcurrentExecutions": 1}, 404, "ResourceNotFoundException",
     "Function not found: NOFN:$LATEST"),
    ("put_function_concurrency", {"FunctionName": "ARN:1", "ReservedConcurrentExecutions": 1}, 400, "InvalidParameterValueException",
     "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation."),
    ("get_layer_version", {"LayerName": "none", "VersionNumber": 1}, 404, "ResourceNotFoundException",
     "The resource you requested does not exist."),
    ("get_layer_version", {"LayerName": "none", "VersionNumber": 0}, 400, "InvalidParameterValueException",
     "Layer Version Cannot be less than 1"),
    ("delete_layer_version", {"LayerName": "none", "VersionNumber": -1}, 400, "InvalidParameterValueException",
     "Layer Version Cannot be less than 1"),
    ("get_layer_version_by_arn", {"Arn": "LNONE"}, 404, "ResourceNotFoundException", "The resource you requested does not exist."),
    ("update_function_configuration", {"FunctionName": "FN", "Layers": ["L1", "L2"]}, 400, "InvalidParameterValueException",
     "Two different versions of the same layer are not allowed to be referenced in the same function. L1 and L2 are versions of the same "
     "layer."),
    ("update_function_configuration", {"FunctionName": "FN", "Layers": ["L9"]}, 400, "InvalidParameterValueException",
     "Layer version L9 does not exist."),
    ("update_function_configuration", {"FunctionName": "FN", "Layers": ["LNONE"]}, 400, "InvalidParameterValueException",
     "Layer version LNONE does not exist."),
    ("update_function_configuration", {"FunctionName": "FN", "Layers": ["FAR"]}, 400, "InvalidParameterValueException",
     "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."),
    ("update_function_configuration", {"FunctionName": "FN", "Environment": {"Variables": {"LARGE_VAR": "x" * 5000}}}, 400,
     "InvalidParameterValueException", "Lambda was unable to configure your environment variables because the environment variables you "
     "have provided exceeded the 4KB limit. String measured: {\"LARGE_VAR\":\"xxx"),
    # names, versions and regions
    ("delete_function", {"FunctionName": NONE, "Qualifier": "1221"}, 404, "ResourceNotFoundException", "Function not found: NOFN$"),
    ("get_function", {"FunctionName": "FN", "Qualifier": "1221"}, 404, "ResourceNotFoundException", "Function not found: ARN:1221"),
    ("get_function", {"FunctionName": NONE, "Qualifier": "$LATEST"}, 404, "ResourceNotFoundException", "Function not found: NOFN:$LATEST"),
    *[(operation, {"FunctionName": "FARFN", **more}, 404, "ResourceNotFoundException",
       "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')") for operation, more in (
        ("get_function", {}), ("get_function_configuration", {}), ("get_function_url_config", {}),
        ("get_function_code_signing_config", {}), ("get_function_event_invoke_config", {}), ("get_function_concurrency", {}),
        ("delete_function", {}), ("invoke", {}), ("create_function", CREATE))],
    ("create_function", {"FunctionName": "a" * 65, **CREATE}, 400, "InvalidParameterValueException",
     "1 validation error detected: Value '" + "a" * 65 + "' at 'functionName' failed to satisfy constraint: Member must have length less "
     "than or equal to 64"),
    ("create_function", {"FunctionName": "x", **CREATE, "Runtime": "non-existent-runtime"}, 400, "InvalidParameterValueException",
     "Value non-existent-runtime at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["),
    ("update_function_configuration", {"FunctionName": "FN", "Runtime": "PYTHON3.9"}, 400, "InvalidParameterValueException",
     "Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["),
    ("create_function", {"FunctionName": "x", **CREATE, "Role": "r1"}, 400, "ValidationException",
     "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: "),
    ("create_function", {"FunctionName": "x", **CREATE, "Architectures": ["x86_64", "arm64"]}, 400, "ValidationException",
     "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less "
     "than or equal to 1"),
    ("create_function", {"FunctionName": "x", **CREATE, "Architectures": ["X86_64"]}, 400, "ValidationException",
     "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: "
     "[Member must satisfy enum value set: ["),
    ("create_function", {"FunctionName": "x", **CREATE, "Code": {"ZipFile": b"this is not a zipfile"}}, 400,
     "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."),
    ("create_function", {"FunctionName": "x", **CREATE, "Code": {"ZipFile": b"x" * 52428801}}, 413, "RequestEntityTooLargeException",
     "Zipped size must be smaller than 52428800 bytes"),
    ("create_function", {"FunctionName": "x", **CREATE, "Layers": ["L1"] * 6}, 400, "InvalidParameterValueException",
     "Cannot reference more than 5 layers."),
    ("update_function_configuration", {"FunctionName": "FN", "Layers": ["L1", "L1"]}, 400, "InvalidParameterValueException",
     "Two different versions of the same layer are not allowed to be referenced in the same function. L1 and L1 are versions of the same "
     "layer."),
    ("list_functions", {"FunctionVersion": "invalid"}, 400, "ValidationException",
     "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: "
     "[ALL]"),
    # versions and aliases
    ("publish_version", {"FunctionName": "FN", "CodeSha256": "none"}, 400, "InvalidParameterValueException",
     "CodeSHA256 (none) is different from current CodeSHA256 in $LATEST ("),
    ("create_alias", {"FunctionName": "FN", "Name": "x", "FunctionVersion": "1", **routed({"1": .5, "2": .5})}, 400,
     "InvalidParameterValueException", "Number of items in AdditionalVersionWeights cannot be greater than 1"),
    *[("create_alias", {"FunctionName": "FN", "Name": "x", "FunctionVersion": "1", **routed({"2": weight})}, 400, "ValidationException",
       f"1 validation error detected: Value '{{2={weight}}}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map "
       "value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to "
       "0.0, Member must not be null]") for weight in (2.0, -1.0)],
    ("create_alias", {"FunctionName": "FN", "Name": "x", "FunctionVersion": "1", **routed({"1": .5})}, 400,
     "InvalidParameterValueException", "Invalid function version 1. Function version 1 is already included in routing configuration."),
    ("create_alias", {"FunctionName": "FN", "Name": "x", "FunctionVersion": "10"}, 404, "ResourceNotFoundException",
     "Function not found: ARN:10"),
    ("create_alias", {"FunctionName": "FN", "Name": "x", "FunctionVersion": "1", **routed({"10": .5})}, 404, "ResourceNotFoundException",
     "Function not found: ARN:10"),
    ("create_alias", {"FunctionName": "FN", "Name": "x", "FunctionVersion": "$LATEST", **routed({"1": .5})}, 400,
     "InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version"),
    ("create_alias", {"FunctionName": "FN", "Name": "x", "FunctionVersion": "1", **routed({"$LATEST": .5})}, 400, "ValidationException",
     "1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: "
     "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, "
     "Member must have length greater than or equal to 1, "
     "Member must satisfy regular expression pattern: [0-9]+, Member must not be null]"),
    ("create_alias", {"FunctionName": "FN", "Name": "live", "FunctionVersion": "1"}, 409, "ResourceConflictException",
     "Alias already exists: ARN:live"),
    ("create_alias", {"FunctionName": "FN", "Name": "2024", "FunctionVersion": "1"}, 400, "ValidationException",
     "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "),
    ("get_alias", {"FunctionName": "FN", "Name": "none"}, 404, "ResourceNotFoundException", "Cannot find alias arn: ARN:none"),
    # provisioned concurrency
    *[(f"{verb}_provisioned_concurrency_config", {"FunctionName": name, "Qualifier": qualifier, **more}, 404, "ResourceNotFoundException",
       message) for verb, more in (("get", {}), ("delete", {}), ("put", {"ProvisionedConcurrentExecutions": 1}))
      for name, qualifier, message in ((NONE, "noalias", "Cannot find alias arn: NOFN:noalias"),
                                       (NONE, "1", "Function not found: NOFN:1"),
                                       ("FN", "noalias", "Cannot find alias arn: ARN:noalias"),
                                       ("FN", "10", "Function not found: ARN:10"))],
    *[(f"{verb}_provisioned_concurrency_config", {"FunctionName": "FN", "Qualifier": "$LATEST"}, 400, "InvalidParameterValueException",
       "The function resource provided must be an alias or a published version.") for verb in ("get", "delete")],
    ("put_provisioned_concurrency_config", {"FunctionName": "FN", "Qualifier": "$LATEST", "ProvisionedConcurrentExecutions": 1}, 400,
     "InvalidParameterValueException", "Provisioned Concurrency Configs cannot be applied to unpublished function versions."),
    ("put_provisioned_concurrency_config", {"FunctionName": "FN", "Qualifier": "1", "ProvisionedConcurrentExecutions": 0}, 400,
     "ValidationException", "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: "
     "Member must have value greater than or equal to 1"),
    ("get_provisioned_concurrency_config", {"FunctionName": "FN", "Qualifier": "1"}, 404, "ProvisionedConcurrencyConfigNotFoundException",
     "No Provisioned Concurrency Config found for this function"),
    ("list_provisioned_concurrency_configs", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "Function not found: NOFN"),
    # URLs
    *[(f"{verb}_function_url_config", {"FunctionName": "FN", "Qualifier": qualifier, **more}, 400, "ValidationException",
       f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: Member must satisfy regular "
       "expression pattern: ") for verb, more in (("get", {}), ("delete", {}), ("create", {"AuthType": "NONE"}), ("update", {}))
      for qualifier in ("1", "$LATEST")],
    *[(f"{verb}_function_url_config", {"FunctionName": "FN"}, 404, "ResourceNotFoundException",
       "The resource you requested does not exist.") for verb in ("delete", "update")],
    ("delete_function_url_config", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "The resource you requested does not exist."),
    # permissions
    ("add_permission", {**ALLOW, "StatementId": "example.com"}, 400, "ValidationException",
     "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: Member must satisfy regular "
     "expression pattern: "),
    ("add_permission", {**ALLOW, "Principal": "invalid.nonaws.com"}, 400, "InvalidParameterValueException",
     "The provided principal was invalid. Please check the principal and try again."),
    ("add_permission", {**ALLOW, "FunctionName": NONE}, 404, "ResourceNotFoundException", "Function not found: NOFN"),
    ("get_policy", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "Function not found: NOFN"),
    ("get_policy", {"FunctionName": "FN", "Qualifier": "1"}, 404, "ResourceNotFoundException",
     "The resource you requested does not exist."),
    # layers
    ("get_layer_version_policy", {"LayerName": "LAYER", "VersionNumber": 1}, 404, "ResourceNotFoundException",
     "No policy is associated with the given resource."),
    ("add_layer_version_permission", {**ALLOW_LAYER, "Action": "*"}, 400, "ValidationException",
     "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: "
     "lambda:GetLayerVersion"),
    ("add_layer_version_permission", {**ALLOW_LAYER, "RevisionId": "wrong"}, 412, "PreconditionFailedException",
     STALE.replace("GetFunction/GetAlias", "GetLayerPolicy")),
    *[(operation, {**given, "LayerName": "none"}, 404, "ResourceNotFoundException", "Layer version LNONE does not exist.")
      for operation, given in (("add_layer_version_permission", ALLOW_LAYER), ("get_layer_version_policy", {"VersionNumber": 1}),
                               ("remove_layer_version_permission", {"VersionNumber": 1, "StatementId": "s"}))],
    ("list_layers", {"CompatibleArchitecture": "none"}, 400, "ValidationException",
     "1 validation error detected: Value 'none' at 'compatibleArchitecture' failed to satisfy constraint: Member must satisfy enum value "
     "set: [x86_64, arm64]"),
    ("publish_layer_version", {"LayerName": "x", "Content": {"ZipFile": b"x"}, "CompatibleRuntimes": ["none"],
                               "CompatibleArchitectures": ["nowhere"]}, 400, "ValidationException",
     "2 validation errors detected: Value '["),
    # tags
    ("tag_resource", {"Resource": "arn:aws:something", "Tags": {"a": "b"}}, 400, "ValidationException",
     "1 validation error detected: Value 'arn:aws:something' at 'resource' failed to satisfy constraint: Member must satisfy regular "
     "expression pattern: "),
    ("untag_resource", {"Resource": "ARN", "TagKeys": []}, 400, "ValidationException",
     "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"),
    ("list_tags", {"Resource": "NOFN"}, 404, "ResourceNotFoundException", "Function not found: NOFN"),
    ("delete_event_source_mapping", {"UUID": "3f2ae3c8-6a0b-4be2-a5b4-1d6f5f4e2b11"}, 404, "ResourceNotFoundException",
     "The resource you requested does not exist."),
    ("delete_function_code_signing_config", {"FunctionName": NONE}, 404, "ResourceNotFoundException", "Function not found: NOFN"),
]


def filled(value, world):
    if isinstance(value, dict):
        return {name: filled(one, world) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, world) for one in value]
    if isinstance(value, str):
        for word in ("NOFN", "LNONE", "LAYER", "ACCOUNT", "CSC", "FARFN", "FAR", "L1", "L2", "L9", "ROLE"):
            value = value.replace(word, world[word])
        head, colon, rest = value.partition(":")
        value = world[head] + colon + rest if head in ("FN", "ARN") else value.replace(" ARN:", f" {world['ARN']}:")
    return value


@pytest.mark.parametrize("operation, given, status, code, message", ERRORS)
def test_errors(functions, world, operation, given, status, code, message):
    with pytest.raises(ClientError) as caught:
        getattr(functions, operation)(**filled(given, world))
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code), answer["Error"]
    told = answer["Error"]["Message"]
    assert (told == filled(message[:-1], world)) if message[-1] == "$" else (filled(message, world) in told), told


def test_members_of_answers(functions, world):
    name = world["FN"]
    assert set(functions.get_function_code_signing_config(FunctionName=name)) == {"ResponseMetadata"}
    shown = functions.update_function_configuration(FunctionName=name, Environment={"Variables": {}})
    assert shown["Environment"] == {"Variables": {}}
    # Nothing to delete is no error.
    functions.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    functions.put_provisioned_concurrency_config(FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1)
    with pytest.raises(ClientError, match="Version is pointed by a Provisioned Concurrency alias") as caught:
        functions.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    assert caught.value.response["Error"]["Code"] == "ResourceConflictException" and caught.value.response["Type"] == "User"
    functions.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    with pytest.raises(ClientError, match="Cannot find alias arn: " + world["ARN"] + ":other"):
        functions.get_provisioned_concurrency_config(FunctionName=name, Qualifier="other")


MADE = "The function is being created."


def test_states(functions, new_name, role):
    """What is made or changed is told to be on its way; whoever looks next finds it ready."""
    name, code = new_name("fn"), zipped({"app.py": "def handler(e, c): return 2\n"})
    made = functions.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Code={"ZipFile": code},
                                     Publish=True)
    assert (made["State"], made["StateReason"], made["StateReasonCode"]) == ("Pending", MADE, "Creating")
    assert made["Version"] == "1" and made["FunctionArn"].endswith(name) and "LastUpdateStatus" not in made
    version = made["RuntimeVersionConfig"]["RuntimeVersionArn"]
    assert version == functions.get_runtime_management_config(FunctionName=name)["RuntimeVersionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    shown = functions.get_function(FunctionName=name)["Configuration"]
    assert (shown["State"], shown["LastUpdateStatus"]) == ("Active", "Successful") and "StateReason" not in shown
    assert shown["RuntimeVersionConfig"] == {"RuntimeVersionArn": version}
    for changed in (functions.update_function_configuration(FunctionName=name, Description="d"),
                    functions.update_function_code(FunctionName=name, ZipFile=code)):
        assert (changed["LastUpdateStatus"], changed["LastUpdateStatusReason"], changed["LastUpdateStatusReasonCode"]) == (
            "InProgress", MADE, "Creating")
        assert changed["State"] == "Active" and "StateReason" not in changed
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    published = functions.update_function_code(FunctionName=name, ZipFile=code, Publish=True)
    assert (published["State"], published["Version"]) == ("Pending", "2") and published["FunctionArn"].endswith(":2")
    assert functions.update_function_code(FunctionName=name, ZipFile=code, DryRun=True)["LastUpdateStatus"] == "Successful"


# Their states, updates and runtime versions are told of single functions only.
NOT_LISTED = {"State", "LastUpdateStatus", "RuntimeVersionConfig"}


def test_lists_of_all_versions(functions, world):
    arn = world["ARN"]
    paging = functions.get_paginator("list_functions")
    for size in (1, 2, 3):  # a page counts versions, and may end between a function's
        pages = [[f["FunctionArn"] for f in page["Functions"]]
                 for page in paging.paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": size})]
        assert all(len(page) <= size for page in pages)
        told = [one for page in pages for one in page]
        assert len(set(told)) == len(told) and {f"{arn}:$LATEST", f"{arn}:1"} <= set(told)
    every = [f for page in paging.paginate(FunctionVersion="ALL") for f in page["Functions"] if f["FunctionName"] == world["FN"]]
    assert [f["FunctionArn"] for f in every] == [f"{arn}:$LATEST", f"{arn}:1"]
    assert [f["Version"] for f in every] == ["$LATEST", "1"]
    plain = [f for page in paging.paginate() for f in page["Functions"] if f["FunctionName"] == world["FN"]]
    assert [f["FunctionArn"] for f in plain] == [arn]
    for listed in every + plain + functions.list_versions_by_function(FunctionName=world["FN"])["Versions"]:
        assert not NOT_LISTED & set(listed)
    assert functions.get_function_configuration(FunctionName=world["FN"])["State"] == "Active"


def test_a_skill_s_token_is_a_condition(functions, world):
    made = functions.add_permission(FunctionName=world["FN"], StatementId="skill", Action="lambda:InvokeFunction", Principal="*",
                                    Qualifier="live", EventSourceToken="amzn1.ask.skill.x")
    assert json.loads(made["Statement"])["Condition"] == {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x"}}


def test_layers(functions, new_name):
    name = new_name("layer")
    content = {"ZipFile": zipped({"a.py": "a = 1"})}
    assert functions.publish_layer_version(LayerName=name, Content=content)["Description"] == ""
    assert functions.get_layer_version(LayerName=name, VersionNumber=1)["Description"] == ""
    with pytest.raises(ClientError, match="does not match the latest Revision Id. Call the GetLayerPolicy API") as caught:
        functions.add_layer_version_permission(LayerName=name, VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion",
                                               Principal="*", RevisionId="wrong")
    assert caught.value.response["Error"]["Code"] == "PreconditionFailedException"
