"""Valid inputs for operations, made from the service models; and a client of tarn's own operations."""
import json
import pathlib
import re
import shutil
import tempfile

import botocore.loaders
import botocore.model
import botocore.session

ROOT = pathlib.Path(__file__).resolve().parents[2]


def manifests():
    """(service folder, operation name, form, rights text, service model) of every line of every manifest."""
    loader = botocore.loaders.Loader()
    for path in sorted(ROOT.glob("src/services/*/*.ops")):
        folder = path.parent.name
        lines = [re.sub(r"(^|\s)#.*", "", raw).strip() for raw in path.read_text().splitlines()]
        name = next((line.split()[1] for line in lines if line.startswith("model ")), folder.replace("_", "-"))
        if name.endswith(".json"):
            description, boto_name = json.loads((path.parent / name).read_text()), None
        else:
            description, boto_name = loader.load_service_model(name, "service-2"), name
        model = botocore.model.ServiceModel(description, boto_name or folder)
        for line in lines:
            words = line.split(None, 2)
            if len(words) == 3 and words[1] in ("read", "write", "body-in", "body-out", "events", "wait", "steps"):
                yield folder, words[0], words[1], words[2], model, boto_name


def fits(value, shape):
    """Members of one name may have several forms: tags are a map here and a list of pairs there."""
    if shape.type_name in ("structure", "map"):
        return isinstance(value, dict)
    if shape.type_name == "list":
        return isinstance(value, list) and all(fits(item, shape.member) for item in value)
    return not isinstance(value, (dict, list))


def example(shape, values, path=(), depth=0):
    """A value of the shape that its constraints allow; `values` gives those of members by name (or Shape.member)."""
    kind = shape.type_name
    if kind == "structure":
        if depth > 6:
            return {}
        made = {}
        required = list(shape.required_members)
        if getattr(shape, "is_tagged_union", False) and not required:
            required = list(shape.members)[:1]
        for name in required:
            member = shape.members[name]
            given = name in values and fits(values[name], member)
            made[name] = values[name] if given else example(member, values, (*path, name), depth + 1)
        if depth == 0:
            made.update({n: values[n] for n in values.get("+", {}).get(shape.name, []) if n in values})
        return made
    minimum = shape.metadata.get("min", 0)
    if kind == "list":
        return [example(shape.member, values, path, depth + 1) for _ in range(max(1, int(minimum)))]
    if kind == "map":
        return {example(shape.key, values, path, depth + 1): example(shape.value, values, path, depth + 1)}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return "a" * max(1, int(minimum))
    if kind in ("integer", "long"):
        return max(1, int(minimum))
    if kind in ("float", "double"):
        return max(1.0, float(minimum))
    if kind == "boolean":
        return False
    if kind == "blob":
        return b"x"
    if kind == "timestamp":
        return "2030-01-01T00:00:00Z"
    return None


def tarn_client(server, credentials=None, region="us-east-1"):
    """A client of tarn's own operations (clock, backup, audit records), from the model in the source."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tarn-model-"))
    (folder / "tarn" / "2025-01-01").mkdir(parents=True)
    shutil.copy(ROOT / "src/services/admin/model.json", folder / "tarn/2025-01-01/service-2.json")
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    loader.search_paths.append(str(folder))
    if credentials is None:
        entry = server.accounts()[0]
        credentials = {"AccessKeyId": entry["access_key_id"], "SecretAccessKey": entry["secret_access_key"]}
    return session.create_client(
        "tarn", region_name=region, endpoint_url=server.endpoint, aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"], aws_session_token=credentials.get("SessionToken"))
