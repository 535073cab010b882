"""Why: an upload in parts is how all large data gets here; a part that is lost, doubled or out of order is a broken file that looks
whole."""
import base64
import hashlib
import random
import zlib

import pytest
from botocore.config import Config

MIB = 1 << 20


def part_bodies(*sizes):
    return [random.Random(i).randbytes(size) for i, size in enumerate(sizes)]


@pytest.fixture
def upload(s3, bucket):
    """upload(bodies, numbers=None, **create) -> (upload id, the parts as CompleteMultipartUpload takes them)"""

    def make(bodies, numbers=None, key="m", part=None, **create):
        upload_id = s3.create_multipart_upload(Bucket=bucket, Key=key, **create)["UploadId"]
        parts = []
        for number, body in zip(numbers or range(1, len(bodies) + 1), bodies):
            answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body, **(part or {}))
            parts.append({"PartNumber": number, "ETag": answer["ETag"],
                          **{k: v for k, v in answer.items() if k.startswith("Checksum") and "ChecksumAlgorithm" in create}})
        return upload_id, parts

    return make


def etag_of(bodies):
    digest = hashlib.md5(b"".join(hashlib.md5(b).digest() for b in bodies)).hexdigest()
    return f'"{digest}-{len(bodies)}"'


def test_whole_way(s3, bucket, upload):
    bodies = part_bodies(5 * MIB, 6 * MIB, 17)
    upload_id, parts = upload(bodies, Metadata={"a": "b"}, ContentType="x/y", Tagging="t=1", StorageClass="STANDARD_IA")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="m")
    done = s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": parts})
    assert done["ETag"] == etag_of(bodies)
    assert (done["Bucket"], done["Key"]) == (bucket, "m") and done["Location"].endswith(f"/{bucket}/m")
    answer = s3.get_object(Bucket=bucket, Key="m")
    assert answer["Body"].read() == b"".join(bodies)
    assert (answer["Metadata"], answer["ContentType"], answer["TagCount"], answer["StorageClass"]) == ({"a": "b"}, "x/y", 1, "STANDARD_IA")
    whole = b"".join(bodies)
    for first, last in ((5 * MIB - 1, 5 * MIB), (11 * MIB - 1, 11 * MIB + 3), (100, 11 * MIB + 5)):
        assert s3.get_object(Bucket=bucket, Key="m", Range=f"bytes={first}-{last}")["Body"].read() == whole[first:last + 1]
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.list_parts(Bucket=bucket, Key="m", UploadId=upload_id)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_parts_with_gaps_replaced_and_left_out(s3, bucket, upload):
    bodies = part_bodies(5 * MIB, 5 * MIB, 5 * MIB, 9)
    upload_id, parts = upload(bodies, numbers=[7, 3, 10000, 20])
    again = b"again" * MIB
    parts[1]["ETag"] = s3.upload_part(Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=3, Body=again)["ETag"]
    listed = s3.list_parts(Bucket=bucket, Key="m", UploadId=upload_id)["Parts"]
    assert [(p["PartNumber"], p["Size"]) for p in listed] == [(3, 5 * MIB), (7, 5 * MIB), (20, 9), (10000, 5 * MIB)]
    chosen = [parts[1], parts[0], parts[3]]  # 10000 is left out
    s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": chosen})
    assert s3.get_object(Bucket=bucket, Key="m")["Body"].read() == again + bodies[0] + bodies[3]


def test_reading_by_part_number(s3, bucket, upload, refused):
    bodies = part_bodies(5 * MIB, 5 * MIB, 3)
    upload_id, parts = upload(bodies)
    s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": parts})
    for number, body in enumerate(bodies, 1):
        answer = s3.get_object(Bucket=bucket, Key="m", PartNumber=number)
        assert answer["Body"].read() == body
        assert answer["PartsCount"] == 3
        head = s3.head_object(Bucket=bucket, Key="m", PartNumber=number)
        assert (head["ContentLength"], head["PartsCount"]) == (len(body), 3)
        assert head["ResponseMetadata"]["HTTPStatusCode"] == 206
    with refused("InvalidPartNumber", 416):
        s3.get_object(Bucket=bucket, Key="m", PartNumber=4)
    with refused("InvalidRequest", 400):
        s3.get_object(Bucket=bucket, Key="m", PartNumber=1, Range="bytes=0-1")
    s3.put_object(Bucket=bucket, Key="single", Body=b"abc")
    assert s3.get_object(Bucket=bucket, Key="single", PartNumber=1)["Body"].read() == b"abc"
    with refused("InvalidPartNumber", 416):
        s3.get_object(Bucket=bucket, Key="single", PartNumber=2)


def test_what_complete_refuses(s3, bucket, upload, refused):
    bodies = part_bodies(5 * MIB, 5 * MIB - 1, 5)
    upload_id, parts = upload(bodies)
    complete = lambda chosen: s3.complete_multipart_upload(  # noqa: E731
        Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": chosen})
    with refused("InvalidPartOrder", 400):
        complete([parts[1], parts[0]])
    with refused("InvalidPartOrder", 400):
        complete([parts[0], parts[0]])
    with refused("InvalidPart", 400) as error:
        complete([parts[0], {"PartNumber": 99, "ETag": parts[0]["ETag"]}])
    assert error.response["Error"]["PartNumber"] == "99"
    with refused("InvalidPart", 400):
        complete([{"PartNumber": 1, "ETag": parts[1]["ETag"]}])
    with refused("EntityTooSmall", 400) as error:
        complete(parts)
    assert (error.response["Error"]["PartNumber"], error.response["Error"]["MinSizeAllowed"]) == ("2", str(5 * MIB))
    with refused("MalformedXML", 400):
        complete([])
    with refused("InvalidRequest", 400):
        s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MpuObjectSize=1, MultipartUpload={"Parts": parts[:1]})
    complete([parts[0], parts[2]])  # nothing of the above ended it
    assert s3.head_object(Bucket=bucket, Key="m")["ContentLength"] == 5 * MIB + 5
    with refused("NoSuchUpload", 404):
        complete([parts[0], parts[2]])


def test_etags_without_quotes(s3, bucket, upload):
    upload_id, parts = upload([b"x"])
    s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": parts[0]["ETag"].strip('"')}]})
    assert s3.get_object(Bucket=bucket, Key="m")["Body"].read() == b"x"


def test_part_numbers_and_unknown_uploads(s3, bucket, refused):
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    for number in (0, -1, 10001):
        with refused("InvalidArgument", 400):
            s3.upload_part(Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=number, Body=b"x")
    for key, bad in (("m", "nonsense"), ("other", upload_id)):
        for call in (lambda: s3.upload_part(Bucket=bucket, Key=key, UploadId=bad, PartNumber=1, Body=b"x"),
                     lambda: s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=bad),
                     lambda: s3.list_parts(Bucket=bucket, Key=key, UploadId=bad),
                     lambda: s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=bad,
                                                          MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]})):
            with refused("NoSuchUpload", 404):
                call()


def test_abort(s3, bucket, upload, refused):
    upload_id, _ = upload([b"x", b"y"])
    answer = s3.abort_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("NoSuchUpload", 404):
        s3.abort_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_conditional_complete(s3, bucket, upload, refused):
    first, parts = upload([b"1"])
    second, parts2 = upload([b"2"])
    s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=first, IfNoneMatch="*", MultipartUpload={"Parts": parts})
    with refused("PreconditionFailed", 412):
        s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=second, IfNoneMatch="*", MultipartUpload={"Parts": parts2})
    etag = s3.head_object(Bucket=bucket, Key="m")["ETag"]
    with refused("ConditionalRequestConflict", 409) as error:  # what it names was written while the upload went
        s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=second, IfMatch=etag, MultipartUpload={"Parts": parts2})
    assert (error.response["Error"]["Condition"], error.response["Error"]["Key"]) == ("If-Match", "m")
    third, parts3 = upload([b"2"])
    s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=third, IfMatch=etag, MultipartUpload={"Parts": parts3})
    assert s3.get_object(Bucket=bucket, Key="m")["Body"].read() == b"2"


def test_list_parts_by_pages(s3, bucket, upload):
    upload_id, _ = upload([b"p"] * 7)
    pages = list(s3.get_paginator("list_parts").paginate(Bucket=bucket, Key="m", UploadId=upload_id, PaginationConfig={"PageSize": 3}))
    assert [[p["PartNumber"] for p in page["Parts"]] for page in pages] == [[1, 2, 3], [4, 5, 6], [7]]
    assert pages[0]["NextPartNumberMarker"] == 3 and pages[0]["MaxParts"] == 3
    assert pages[0]["StorageClass"] == "STANDARD" and pages[0]["Owner"] == pages[0]["Initiator"]
    assert "Parts" not in s3.list_parts(Bucket=bucket, Key="m", UploadId=upload_id, PartNumberMarker=7)


def test_list_uploads(s3, bucket):
    keys = ["a/1", "a/2", "b", "b", "b", "c/1"]
    uploads = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in keys]
    listed = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(u["Key"], u["UploadId"]) for u in listed] == uploads  # those of one key in the order of their making
    for size in (1, 2, 4):
        got = []
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": size}):
            got += [(u["Key"], u["UploadId"]) for u in page.get("Uploads", [])]
        assert got == uploads, size
    page = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["a/", "c/"]
    assert [u["Key"] for u in page["Uploads"]] == ["b", "b", "b"]
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket, Prefix="a/")["Uploads"]] == ["a/1", "a/2"]
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket, KeyMarker="b")["Uploads"]] == ["c/1"]
    page = s3.list_multipart_uploads(Bucket=bucket, KeyMarker="b", UploadIdMarker=uploads[2][1])
    assert [u["UploadId"] for u in page["Uploads"]] == [u for _, u in uploads[3:]]


def test_initiator_is_who_began(user_client, bucket, allow, s3):
    other = user_client("s3", allow("s3:*"))
    other.create_multipart_upload(Bucket=bucket, Key="m")
    entry = s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]
    assert ":user/" in entry["Initiator"]["ID"] and entry["Owner"]["ID"] != entry["Initiator"]["ID"]


def test_upload_part_copy(s3, bucket, refused):
    source = random.Random(5).randbytes(12 * MIB)
    s3.put_object(Bucket=bucket, Key="source", Body=source)
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    copy = lambda number, **kw: s3.upload_part_copy(  # noqa: E731
        Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=number, CopySource={"Bucket": bucket, "Key": "source"}, **kw)
    first = copy(1, CopySourceRange=f"bytes=3-{6 * MIB}")["CopyPartResult"]
    assert first["ETag"] == f'"{hashlib.md5(source[3:6 * MIB + 1]).hexdigest()}"'
    second = copy(2)["CopyPartResult"]
    assert second["ETag"] == f'"{hashlib.md5(source).hexdigest()}"'
    assert set(second) == {"ETag", "LastModified"}
    for bad in ("bytes=0-", "bytes=-5", "0-5", f"bytes=0-{12 * MIB}"):
        with refused("InvalidArgument", 400):
            copy(3, CopySourceRange=bad)
    with refused("InvalidRequest", 400) as error:
        copy(3, CopySourceRange=f"bytes={12 * MIB}-{13 * MIB}")
    assert error.response["Error"]["Message"] == "The specified copy range is invalid for the source object size"
    with refused("PreconditionFailed", 412):
        copy(3, CopySourceIfMatch='"other"')
    s3.delete_object(Bucket=bucket, Key="source")  # the parts keep the bytes
    parts = [{"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": second["ETag"]}]
    done = s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": parts})
    assert done["ETag"] == etag_of([source[3:6 * MIB + 1], source])
    assert s3.get_object(Bucket=bucket, Key="m")["Body"].read() == source[3:6 * MIB + 1] + source


def test_the_sdks_own_uploads(s3, bucket, tmp_path):
    body = random.Random(9).randbytes(20 * MIB + 5)
    path = tmp_path / "f"
    path.write_bytes(body)
    s3.upload_file(str(path), bucket, "f")
    assert s3.head_object(Bucket=bucket, Key="f")["ETag"].endswith('-3"')
    s3.download_file(bucket, "f", str(tmp_path / "g"))
    assert (tmp_path / "g").read_bytes() == body
    s3.copy({"Bucket": bucket, "Key": "f"}, bucket, "h")
    assert s3.get_object(Bucket=bucket, Key="h")["Body"].read() == body


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def test_composite_checksums(s3, bucket, upload, refused):
    bodies = part_bodies(5 * MIB, 11)
    upload_id, parts = upload(bodies, ChecksumAlgorithm="SHA256", part={"ChecksumAlgorithm": "SHA256"})
    listed = s3.list_parts(Bucket=bucket, Key="m", UploadId=upload_id)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ("SHA256", "COMPOSITE")
    assert [p["ChecksumSHA256"] for p in listed["Parts"]] == [base64.b64encode(hashlib.sha256(b).digest()).decode() for b in bodies]
    with refused("InvalidRequest", 400):  # the parts' checksums must be said
        s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={
            "Parts": [{"PartNumber": p["PartNumber"], "ETag": p["ETag"]} for p in parts]})
    with refused("InvalidPart", 400):
        s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={
            "Parts": [{**p, "ChecksumSHA256": parts[1]["ChecksumSHA256"]} for p in parts]})
    done = s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": parts})
    whole = base64.b64encode(hashlib.sha256(b"".join(hashlib.sha256(b).digest() for b in bodies)).digest()).decode() + "-2"
    assert (done["ChecksumSHA256"], done["ChecksumType"]) == (whole, "COMPOSITE")
    head = s3.head_object(Bucket=bucket, Key="m", ChecksumMode="ENABLED")
    assert (head["ChecksumSHA256"], head["ChecksumType"]) == (whole, "COMPOSITE")
    head = s3.head_object(Bucket=bucket, Key="m", ChecksumMode="ENABLED", PartNumber=2)
    assert head["ChecksumSHA256"] == parts[1]["ChecksumSHA256"]
    told = s3.get_object_attributes(Bucket=bucket, Key="m", ObjectAttributes=["ObjectParts", "Checksum"], MaxParts=1)
    assert told["ObjectParts"]["TotalPartsCount"] == 2 and told["ObjectParts"]["IsTruncated"]
    assert told["Checksum"] == {"ChecksumSHA256": whole.removesuffix("-2"), "ChecksumType": "COMPOSITE"}
    assert told["ObjectParts"]["Parts"] == [{"PartNumber": 1, "Size": 5 * MIB, "ChecksumSHA256": parts[0]["ChecksumSHA256"]}]
    told = s3.get_object_attributes(Bucket=bucket, Key="m", ObjectAttributes=["ObjectParts"], PartNumberMarker=1)
    assert [p["PartNumber"] for p in told["ObjectParts"]["Parts"]] == [2]


def test_full_object_checksums(s3, bucket, upload, refused):
    bodies = part_bodies(5 * MIB, 5 * MIB, 12345)
    upload_id, parts = upload(bodies, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT", part={"ChecksumAlgorithm": "CRC32"})
    whole = crc32(b"".join(bodies))
    plain = [{"PartNumber": p["PartNumber"], "ETag": p["ETag"]} for p in parts]
    with refused("BadDigest", 400):
        s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": plain}, ChecksumCRC32="AAAAAA==")
    with refused("InvalidRequest", 400):
        s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": plain}, ChecksumType="COMPOSITE")
    done = s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": plain},
                                        ChecksumCRC32=whole, ChecksumType="FULL_OBJECT")
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (whole, "FULL_OBJECT")


def test_the_default_checksum_and_copies(server, s3, bucket):
    """Without an algorithm the whole has a CRC64NVME, made of its parts'; a copy is one piece whatever its source was."""
    plain = server.client("s3", config=Config(request_checksum_calculation="when_required"))
    bodies = part_bodies(5 * MIB, 17)
    whole = b"".join(bodies)
    checksum = plain.put_object(Bucket=bucket, Key="whole", Body=whole)["ChecksumCRC64NVME"]
    upload_id = plain.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    parts = [{"PartNumber": n, "ETag": plain.upload_part(Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=n, Body=body)["ETag"]}
             for n, body in enumerate(bodies, 1)]
    done = plain.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id, MultipartUpload={"Parts": parts})
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (checksum, "FULL_OBJECT")

    copied = s3.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": bucket, "Key": "m"})["CopyObjectResult"]
    assert copied["ETag"] == f'"{hashlib.md5(whole).hexdigest()}"' and copied["ChecksumCRC64NVME"] == checksum
    head = s3.head_object(Bucket=bucket, Key="d", PartNumber=1)
    assert "PartsCount" not in head and head["ContentLength"] == len(whole)

    composite = s3.create_multipart_upload(Bucket=bucket, Key="c", ChecksumAlgorithm="SHA256")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="c", UploadId=composite, PartNumber=1, Body=b"bytes", ChecksumAlgorithm="SHA256")
    s3.complete_multipart_upload(Bucket=bucket, Key="c", UploadId=composite, MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]})
    copied = s3.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": bucket, "Key": "c"})["CopyObjectResult"]
    assert copied["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()
    assert copied["ChecksumType"] == "FULL_OBJECT"


def test_checksum_algorithms_that_do_not_fit(s3, bucket, refused):
    for algorithm, kind in (("SHA256", "FULL_OBJECT"), ("SHA1", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        with refused("InvalidRequest", 400):
            s3.create_multipart_upload(Bucket=bucket, Key="m", ChecksumAlgorithm=algorithm, ChecksumType=kind)
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="m", ChecksumAlgorithm="SHA1")["UploadId"]
    with refused("InvalidRequest", 400) as error:
        s3.upload_part(Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC32")
    assert "expected checksum Type: sha1, actual checksum Type: crc32" in error.response["Error"]["Message"]
