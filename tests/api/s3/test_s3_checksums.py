"""Why: checksums are what a client trusts instead of looking; each kind is compared with what Python computes, in each way of sending
it, and each wrong one must be refused with nothing stored."""
import base64
import hashlib
import zlib

import pytest
from botocore.config import Config

BODY = b"The bytes that are checked."


def table_crc(data, polynomial, width):
    """A CRC bit by bit, reflected, all ones before and after."""
    mask = (1 << width) - 1
    crc = mask
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (polynomial if crc & 1 else 0)
    return (crc ^ mask).to_bytes(width // 8, "big")


EXPECTED = {
    "CRC32": lambda b: zlib.crc32(b).to_bytes(4, "big"),
    "CRC32C": lambda b: table_crc(b, 0x82F63B78, 32),
    "CRC64NVME": lambda b: table_crc(b, 0x9A6C9329AC4BC9B5, 64),
    "SHA1": lambda b: hashlib.sha1(b).digest(),
    "SHA256": lambda b: hashlib.sha256(b).digest(),
}


def b64(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("algorithm", EXPECTED)
@pytest.mark.parametrize("size", [0, 27, 66_000])
def test_said_in_the_head(s3, bucket, algorithm, size):
    body = (BODY * 3000)[:size]
    value = b64(EXPECTED[algorithm](body))
    answer = s3.put_object(Bucket=bucket, Key="k", Body=body, **{f"Checksum{algorithm}": value})
    assert (answer[f"Checksum{algorithm}"], answer["ChecksumType"]) == (value, "FULL_OBJECT")
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == value
    assert f"Checksum{algorithm}" not in s3.head_object(Bucket=bucket, Key="k")
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ([algorithm], "FULL_OBJECT")


@pytest.mark.parametrize("algorithm", EXPECTED)
@pytest.mark.parametrize("size", [27, 66_000])
def test_wrong_in_the_head(s3, bucket, refused, algorithm, size):
    body = (BODY * 3000)[:size]
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=body, **{f"Checksum{algorithm}": b64(EXPECTED[algorithm](body + b"!"))})
    with refused("InvalidRequest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=body, **{f"Checksum{algorithm}": "bm90IG9uZQ=="})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def chunked(bucket, raw, body, trailer, value, pieces=1):
    size = -(-len(body) // pieces)
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    wire = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + f"0\r\n{trailer}:{value}\r\n\r\n".encode()
    headers = {"Content-Encoding": "aws-chunked", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
               "x-amz-decoded-content-length": str(len(body)), "x-amz-trailer": trailer}
    return raw("PUT", f"/{bucket}/k", body=wire, headers=headers)


@pytest.mark.parametrize("algorithm", EXPECTED)
@pytest.mark.parametrize("pieces", [1, 5])
def test_said_in_the_trailer(s3, bucket, raw, algorithm, pieces):
    body = BODY * 500
    value, name = b64(EXPECTED[algorithm](body)), f"x-amz-checksum-{algorithm.lower()}"
    status, headers, answer = chunked(bucket, raw, body, name, value, pieces)
    assert status == 200, answer
    assert headers[name] == value
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == body  # boto3 compares as well
    status, _, answer = chunked(bucket, raw, body, name, b64(EXPECTED[algorithm](body + b"!")), pieces)
    assert status == 400 and b"<Code>BadDigest</Code>" in answer


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_by_the_sdk(s3, bucket, algorithm):
    answer = s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumAlgorithm=algorithm)
    assert answer[f"Checksum{algorithm}"] == b64(EXPECTED[algorithm](BODY))


def test_the_sdks_default(server, s3, bucket):
    """Today's boto3 sends a CRC32 unasked, and older ones none: then S3 computes a CRC64NVME."""
    assert s3.put_object(Bucket=bucket, Key="k", Body=BODY)["ChecksumCRC32"] == b64(EXPECTED["CRC32"](BODY))
    without = server.client("s3", config=Config(request_checksum_calculation="when_required"))
    for body in (BODY, b"", b"x" * 100_000):  # in the commit, none, and a file
        answer = without.put_object(Bucket=bucket, Key="k", Body=body)
        assert "ChecksumCRC32" not in answer and answer["ChecksumType"] == "FULL_OBJECT"
        assert answer["ChecksumCRC64NVME"] == b64(EXPECTED["CRC64NVME"](body))
    without.put_object(Bucket=bucket, Key="k", Body=BODY)
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == b64(EXPECTED["CRC64NVME"](BODY))
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == BODY


def test_content_md5(s3, bucket, raw, refused):
    good = b64(hashlib.md5(BODY).digest())
    assert s3.put_object(Bucket=bucket, Key="k", Body=BODY, ContentMD5=good)["ETag"] == f'"{hashlib.md5(BODY).hexdigest()}"'
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=BODY, ContentMD5=b64(hashlib.md5(b"").digest()))
    for bad in ("short", "AAAA", "!!!!"):
        with refused("InvalidDigest", 400):
            s3.put_object(Bucket=bucket, Key="k", Body=BODY, ContentMD5=bad)


def test_more_than_one_or_an_unknown_one(s3, bucket, refused, raw):
    with refused("InvalidRequest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumCRC32=b64(EXPECTED["CRC32"](BODY)),
                      ChecksumSHA1=b64(EXPECTED["SHA1"](BODY)))
    with refused("NotImplemented", 501):
        s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumMD5=b64(hashlib.md5(BODY).digest()))
    status, _, body = raw("PUT", f"/{bucket}/k", body=BODY, headers={"x-amz-sdk-checksum-algorithm": "SHA512"})
    assert status == 501 and b"SHA512" in body


def test_ranges_carry_no_checksum_of_the_whole(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumAlgorithm="SHA256")
    answer = s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-3", ChecksumMode="ENABLED")
    assert answer["Body"].read() == BODY[:4] and "ChecksumSHA256" not in answer
