"""The generator: what it refuses, and with which words; patterns; patches. That what it writes is right, the other tests here say."""

import glob
import gzip
import json
import os
import pathlib
import sys

import botocore
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "codegen"))
import generate  # noqa: E402
from failure import GenerationError  # noqa: E402
from patterns import translate  # noqa: E402


def run(folder, manifest, patch=None, service="glue"):
    place = folder / service
    place.mkdir(exist_ok=True)
    (place / f"{service}.ops").write_text(manifest)
    if patch is not None:
        (place / f"{service}.patch.json").write_text(json.dumps(patch))
    generate.generate(place / f"{service}.ops", folder / "out")
    return folder / "out"


REFUSED = {
    "service Glue\ngetDatabases read none": "glue.ops:2: the model of glue has no operation 'getDatabases'; it has GetDatabases",
    "service Glue\nGetDatabases reed none": "glue.ops:2: unknown form 'reed' of GetDatabases",
    "service Glue\nGetDatabases read": "glue.ops:2: 'GetDatabases read' is no operation",
    "service Glue\nGetDatabases read glue:GetDatabases": "'glue:GetDatabases' is no right",
    "service Glue\nGetDatabase read glue:G arn:{Nme}": "{Nme} in 'arn:{Nme}' is no string member of GetDatabaseRequest",
    "service Glue\nGetDatabases read glue:G arn:{MaxResults}": "{MaxResults} in 'arn:{MaxResults}' is no string member",
    "service Glue\nGetDatabase read none\nGetDatabase read none": "glue.ops:3: GetDatabase is already listed at glue.ops:2",
    "service Glue\nGetDatabase body-in none": "is 'body-in', but its input GetDatabaseRequest has no payload of bytes",
    "service Glue\nGetDatabase events none": "is 'events', but its output has no event stream",
    "GetDatabase read none": "no line 'service <Class>'",
    "service Glue": "lists no operation",
    "service Glue\n[Data Bases]\nGetDatabase read none": "'[Data Bases]' is no section",
    "service Glue\nmodel glew\nGetDatabase read none": "no model 'glew' in botocore",
    "service Database\nGetDatabase read none": "the class 'Database' has the name of a structure of the model",
}  # fmt: skip


@pytest.mark.parametrize("manifest, message", REFUSED.items())
def test_a_wrong_manifest_is_refused(tmp_path, manifest, message):
    with pytest.raises(GenerationError) as caught:
        run(tmp_path, manifest + "\n")
    assert message in str(caught.value)


MANIFEST = "service Glue\nGetDatabase read none\n"
BAD_PATCHES = [
    ({"shapes": {"NameString": {"max": 3}}}, "shapes: NameString names no source"),
    ({"shapes": {"Nothing": {"max": 3, "source": "s"}}}, "the model has no shape 'Nothing'"),
    ({"shapes": {"Database.Nothing": {"required": True, "source": "s"}}}, "Database has no member 'Nothing'"),
    ({"shapes": {"NameString": {"maximum": 3, "source": "s"}}}, "unknown key 'maximum'"),
    ({"errors": {"Gone": {"source": "s"}}}, "errors: Gone: takes 'status'"),
    ({"things": {}}, "unknown part 'things'"),
    ({"shapes": {"NameString": {"pattern": "[a&&[b]]", "source": "s"}}}, "has no translation: it intersects character classes"),
]  # fmt: skip


@pytest.mark.parametrize("patch, message", BAD_PATCHES)
def test_a_wrong_patch_is_refused(tmp_path, patch, message):
    with pytest.raises(GenerationError) as caught:
        run(tmp_path, MANIFEST, patch)
    assert message in str(caught.value)


def test_a_patch_reaches_the_tables(tmp_path):
    patch = {
        "service": {"xml_namespace": "https://here/", "source": "s"},
        "shapes": {
            "NameString": {"max": 77, "pattern": None, "source": "s"},
            "GetDatabaseRequest.CatalogId": {"required": True, "min": 12, "source": "s"},
        },
        "errors": {"Gone": {"status": 410, "source": "s"}},
    }
    text = (run(tmp_path, MANIFEST, patch) / "shapes.cc").read_text()
    (name,) = [line for line in text.splitlines() if "wire::Shape s_NameString =" in line]
    assert ".max = 77.0" in name and ".pattern" not in name
    (catalog,) = [line for line in text.splitlines() if "wire::Shape s_CatalogIdString__GetDatabaseRequest_CatalogId =" in line]
    assert ".min = 12.0" in catalog
    (field,) = [line for line in text.splitlines() if "offsetof(GetDatabaseRequest, catalog_id)" in line]
    assert ".required = true" in field and "&s_CatalogIdString__GetDatabaseRequest_CatalogId" in field
    assert '.code = "Gone", .status = 410' in text
    assert '.xml_namespace = "https://here/"' in text


def test_only_what_is_listed_is_there(tmp_path):
    out = run(tmp_path, "service Glue\n[one]\nGetDatabase read none\n[two]\nGetTable read none\n")
    assert "struct GetTableRequest {" in (out / "two.h").read_text()
    assert "struct GetDatabaseRequest {" in (out / "one.h").read_text()
    assert "struct PrincipalPermissions {" in (out / "one.h").read_text()
    assert not (out / "common.h").exists() or "struct GetTableRequest" not in (out / "common.h").read_text()
    text = (out / "shapes.cc").read_text()
    assert "s_CreateJobRequest" not in text and '"CreateJob"' in text  # among those to refuse by name


@pytest.mark.parametrize("java, pcre2", [
    (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", r"[\x{20}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}\t]*"),
    (r"\uD83D\uDE39", r"\x{1F639}"),
    (r"[\p{Alnum}_]+", r"[[:alnum:]_]+"),
    (r"\p{Print}", r"[[:print:]]"),
    (r"\P{Alpha}", r"[[:^alpha:]]"),
    (r"[\p{IsAlphabetic}\p{L}]", r"[\p{L}\p{L}]"),
    (r"[\w-/]+", r"[\w\-/]+"),
    (r"[\w-]+", r"[\w-]+"),
    (r"^(?!aws)[a-z]{1,3}$", r"^(?!aws)[a-z]{1,3}$"),
])  # fmt: skip
def test_patterns(java, pcre2):
    assert translate(java) == pcre2


# Patterns of all of AWS's services that have no translation: some are faulty, some too large for PCRE2. A service that
# answers an operation with one of them names it in its patch.
UNTRANSLATED = {
    ("autoscaling-plans", "ScalingPlanName"), ("chime-sdk-voice", "ClientRequestId"), ("codeartifact", "PackageGroupPattern"),
    ("groundstation", "S3KeyPrefix"), ("iotwireless", "CertificatePEM"), ("rbin", "RuleArn"),
    ("sagemaker", "CustomerMetadataKey"), ("sagemaker", "CustomerMetadataValue"), ("ssm", "InstancePropertyFilterValue"),
    ("ssm", "InstancePropertyStringFilterKey"),
}  # fmt: skip


def test_the_patterns_of_all_services_are_translated():
    failed, count = set(), 0
    folder = os.path.join(os.path.dirname(botocore.__file__), "data")
    for path in glob.glob(f"{folder}/*/*/service-2.json.gz"):
        with gzip.open(path) as file:
            shapes = json.load(file)["shapes"]
        for name, shape in shapes.items():
            if "pattern" in shape:
                count += 1
                try:
                    translate(shape["pattern"])
                except GenerationError:
                    failed.add((path.split(os.sep)[-3], name))
    assert count > 9000
    assert failed == UNTRANSLATED
