"""Why: programs delete, copy and load what a listing names; a key that is skipped at a page's edge is data that is lost quietly.
All listings are compared with a naive model over the sorted keys."""
import random

import pytest

KEYS = sorted(["a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "a//x", "ab", "b/1", "b/2/3", "b0", "c", "photos/2024/01.jpg",
               "photos/2024/02.jpg",
               "photos/2025/01.jpg", "photos/note", "ü/1", "ü/2", "z z", "z+z", "z%z", "~"], key=lambda k: k.encode())


@pytest.fixture(scope="module")
def full(client, new_name):
    name = new_name("listing")
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    for key in KEYS:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def model(keys, prefix="", delimiter="", after=""):
    """What a listing without pages tells: [("key", k) | ("prefix", p)] in order."""
    told = []
    for key in sorted(keys, key=lambda k: k.encode()):
        if not key.startswith(prefix) or key.encode() <= after.encode():
            continue
        rest = key[len(prefix):]
        if delimiter and delimiter in rest:
            common = prefix + rest.split(delimiter)[0] + delimiter
            if common != after and ("prefix", common) not in told:
                told.append(("prefix", common))
        else:
            told.append(("key", key))
    return told


def told_by(page):
    entries = [("key", o["Key"]) for o in page.get("Contents", page.get("Versions", []))]
    entries += [("prefix", p["Prefix"]) for p in page.get("CommonPrefixes", [])]
    return sorted(entries, key=lambda e: e[1].encode())


CASES = [(p, d, a) for p in ("", "a", "a/", "a/b", "b/", "photos/", "photos/2024/", "none", "ü", "z")
         for d in ("", "/", "b", "2024/", "//")
         for a in ("", "a", "a/", "a/2", "b", "photos/2024/01.jpg", "zzzz")]


@pytest.mark.parametrize("prefix", sorted({p for p, _, _ in CASES}))
def test_v2_is_the_model(s3, full, prefix):
    for _, delimiter, after in [c for c in CASES if c[0] == prefix]:
        wanted = model(KEYS, prefix, delimiter, after)
        for size in (1000, 1, 3):
            got, arguments, pages = [], {"StartAfter": after} if after else {}, 0
            while True:
                page = s3.list_objects_v2(Bucket=full, Prefix=prefix, Delimiter=delimiter, MaxKeys=size, **arguments)
                got += told_by(page)
                assert page["KeyCount"] == len(told_by(page)) <= size
                pages += 1
                if not page["IsTruncated"]:
                    assert "NextContinuationToken" not in page
                    break
                assert page["KeyCount"] == size
                arguments["ContinuationToken"] = page["NextContinuationToken"]
            assert got == wanted, (prefix, delimiter, after, size)
            assert pages == max(1, -(-len(wanted) // size))


@pytest.mark.parametrize("prefix", sorted({p for p, _, _ in CASES}))
def test_v1_and_versions_are_the_model(s3, full, prefix):
    for _, delimiter, after in [c for c in CASES if c[0] == prefix]:
        wanted = model(KEYS, prefix, delimiter, after)
        for size in (1000, 2):
            got, marker = [], after
            while True:
                page = s3.list_objects(Bucket=full, Prefix=prefix, Delimiter=delimiter, MaxKeys=size, Marker=marker)
                got += told_by(page)
                if not page["IsTruncated"]:
                    break
                assert ("NextMarker" in page) == bool(delimiter)
                marker = page.get("NextMarker") or page["Contents"][-1]["Key"]
            assert got == wanted, (prefix, delimiter, after, size)
            got = []
            for page in s3.get_paginator("list_object_versions").paginate(
                    Bucket=full, Prefix=prefix, Delimiter=delimiter, KeyMarker=after, PaginationConfig={"PageSize": size}):
                got += told_by(page)
            assert got == wanted, ("versions", prefix, delimiter, after, size)


def test_random_listings(s3, new_name):
    rng = random.Random(11)
    name = new_name("random")
    s3.create_bucket(Bucket=name)
    keys = {"".join(rng.choice("ab/") for _ in range(rng.randint(1, 6))) for _ in range(60)}
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=b"")
    for _ in range(60):
        prefix = "".join(rng.choice("ab/") for _ in range(rng.randint(0, 3)))
        delimiter = rng.choice(["", "/", "b", "a/"])
        size = rng.randint(1, 8)
        got = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix, Delimiter=delimiter,
                                                                 PaginationConfig={"PageSize": size}):
            got += told_by(page)
        assert got == model(keys, prefix, delimiter), (prefix, delimiter, size)


def test_what_a_listing_says(s3, full, account, raw):
    page = s3.list_objects_v2(Bucket=full, Prefix="a/", Delimiter="/", MaxKeys=2, StartAfter="a/", FetchOwner=True)
    assert (page["Name"], page["Prefix"], page["Delimiter"], page["MaxKeys"], page["StartAfter"]) == (full, "a/", "/", 2, "a/")
    entry = page["Contents"][0] if "Contents" in page else None
    page = s3.list_objects_v2(Bucket=full, Prefix="a/1", FetchOwner=True)
    entry = page["Contents"][0]
    assert entry["Size"] == 3 and entry["StorageClass"] == "STANDARD" and entry["ETag"].startswith('"')
    assert len(entry["Owner"]["ID"]) == 64
    assert entry["LastModified"] == s3.head_object(Bucket=full, Key="a/1")["LastModified"]
    assert "Owner" not in s3.list_objects_v2(Bucket=full, Prefix="a/1")["Contents"][0]
    assert "Owner" in s3.list_objects(Bucket=full, Prefix="a/1")["Contents"][0]
    _, _, body = raw("GET", f"/{full}?list-type=2&prefix=z&encoding-type=url")
    assert b"<Key>z+z</Key>" in body and b"<Key>z%2Bz</Key>" in body
    assert b"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" in body
    _, _, body = raw("GET", f"/{full}?list-type=2&prefix=z%2B")
    assert b"<Key>z+z</Key>" in body and b"<Prefix>z+</Prefix>" in body


def test_limits_of_a_page(s3, full, refused):
    page = s3.list_objects_v2(Bucket=full, MaxKeys=0)
    assert page["KeyCount"] == 0 and not page["IsTruncated"] and "Contents" not in page
    assert s3.list_objects_v2(Bucket=full, MaxKeys=5000)["MaxKeys"] == 1000
    for call in (s3.list_objects_v2, s3.list_objects):
        with refused("InvalidArgument", 400):
            call(Bucket=full, MaxKeys=-1)


def test_tokens_belong_to_their_listing(s3, full, bucket, refused):
    token = s3.list_objects_v2(Bucket=full, MaxKeys=1, Prefix="a")["NextContinuationToken"]
    for bucket_name, arguments in ((full, {"Prefix": "b"}), (full, {"Prefix": "a", "Delimiter": "/"}), (bucket, {"Prefix": "a"})):
        with refused("InvalidArgument", 400):
            s3.list_objects_v2(Bucket=bucket_name, ContinuationToken=token, **arguments)
    for bad in ("x", token[:-1], token + "A", "AAAA"):
        with refused("InvalidArgument", 400):
            s3.list_objects_v2(Bucket=full, Prefix="a", ContinuationToken=bad)


def test_a_page_may_go_on_when_its_last_key_is_gone(s3, bucket):
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    page = s3.list_objects_v2(Bucket=bucket, MaxKeys=2)
    s3.delete_object(Bucket=bucket, Key="b")
    page = s3.list_objects_v2(Bucket=bucket, ContinuationToken=page["NextContinuationToken"])
    assert [o["Key"] for o in page["Contents"]] == ["c"]


def test_a_thousand_keys_a_page(server, new_name):
    import concurrent.futures
    boto = server.client("s3")
    name = new_name("many")
    boto.create_bucket(Bucket=name)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: boto.put_object(Bucket=name, Key=f"k/{i:05}", Body=b""), range(1100)))
    pages = list(boto.get_paginator("list_objects_v2").paginate(Bucket=name))
    assert [p["KeyCount"] for p in pages] == [1000, 100]
    assert [o["Key"] for p in pages for o in p["Contents"]] == [f"k/{i:05}" for i in range(1100)]
    page = boto.list_objects_v2(Bucket=name, Delimiter="/")
    assert page["CommonPrefixes"] == [{"Prefix": "k/"}] and not page["IsTruncated"]
