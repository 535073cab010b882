"""botocore's own parser over an answer of the probe: times as seconds, blobs as text, as botocore's run of its cases has them."""

import base64
import math

from botocore import parsers
from botocore.awsrequest import HeadersDict
from botocore.utils import parse_timestamp


def parse(protocol, output_shape, answer, error_shapes=None):
    """`error_shapes` gives an error's shape by its code: its members are parsed too."""
    factory = parsers.ResponseParserFactory()
    factory.set_parser_defaults(
        blob_parser=lambda text: base64.b64decode(text).decode(), timestamp_parser=lambda value: seconds(parse_timestamp(value)))
    response = {"status_code": answer["status"], "headers": HeadersDict(answer["headers"]), "body": answer["body"].encode(),
                "context": {}}  # fmt: skip
    parser = factory.create_parser(protocol)
    parsed = parser.parse(response, output_shape)
    if error_shapes is not None and parsed["Error"].get("Code"):
        shape = error_shapes(parsed["Error"]["Code"])
        if shape is not None:
            parsed.update(parser.parse(response, shape))
    return plain(parsed)


def seconds(time):
    number = time.timestamp()
    return int(number) if number == int(number) else number


def plain(value):
    """What JSON cannot say, as the cases say it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.decode()
    return [plain(item) for item in value] if isinstance(value, list) else value
