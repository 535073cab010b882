"""Why: who may do what to an object is decided by identity policies, bucket policies, tags and the public access block together; each
of these tests is a way in which a mistake would open or close a bucket."""
import json
import urllib.request

import pytest
from botocore import UNSIGNED
from botocore.config import Config


def statement(effect="Allow", **parts):
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, **parts}]}


@pytest.fixture(scope="session")
def anonymous(server):
    return server.client("s3", config=Config(signature_version=UNSIGNED))


@pytest.fixture(scope="module")
def objects(client, new_name):
    name = new_name("rights")
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    for key in ("in/a", "in/b", "out/c"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def test_only_what_the_policy_allows(user_client, allow, objects, refused):
    reader = user_client("s3", allow("s3:GetObject", f"arn:aws:s3:::{objects}/in/*"))
    assert reader.get_object(Bucket=objects, Key="in/a")["Body"].read() == b"in/a"
    for call in (lambda: reader.get_object(Bucket=objects, Key="out/c"), lambda: reader.put_object(Bucket=objects, Key="in/a", Body=b""),
                 lambda: reader.delete_object(Bucket=objects, Key="in/a"), lambda: reader.list_objects_v2(Bucket=objects),
                 lambda: reader.get_object_tagging(Bucket=objects, Key="in/a"), lambda: reader.delete_bucket(Bucket=objects),
                 lambda: reader.get_bucket_policy(Bucket=objects), lambda: reader.create_multipart_upload(Bucket=objects, Key="in/a"),
                 lambda: reader.list_buckets()):
        with refused("AccessDenied", 403):
            call()
    with refused("403", 403):
        reader.head_object(Bucket=objects, Key="out/c")


def test_a_denial_names_what_is_missing(user_client, objects, refused):
    nobody = user_client("s3", None)
    with refused("AccessDenied", 403) as error:
        nobody.get_object(Bucket=objects, Key="in/a")
    message = error.response["Error"]["Message"]
    assert "s3:GetObject" in message and f"arn:aws:s3:::{objects}/in/a" in message and "no identity-based policy allows" in message


def test_missing_objects_are_told_to_those_who_may_list(user_client, allow, objects, refused):
    reader = user_client("s3", allow("s3:GetObject", f"arn:aws:s3:::{objects}/*"))
    with refused("AccessDenied", 403) as error:
        reader.get_object(Bucket=objects, Key="none")
    assert "s3:ListBucket" in error.response["Error"]["Message"]
    with refused("403", 403):
        reader.head_object(Bucket=objects, Key="none")
    lister = user_client("s3", allow(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::{objects}/*", f"arn:aws:s3:::{objects}"]))
    with refused("NoSuchKey", 404):
        lister.get_object(Bucket=objects, Key="none")


def test_listing_by_prefix(user_client, allow, objects, refused):
    lister = user_client("s3", allow("s3:ListBucket", f"arn:aws:s3:::{objects}", Condition={
        "StringLike": {"s3:prefix": ["in/*", ""]}, "NumericLessThanEquals": {"s3:max-keys": "10"}}))
    assert lister.list_objects_v2(Bucket=objects, Prefix="in/", MaxKeys=10)["KeyCount"] == 2
    assert lister.list_objects(Bucket=objects, Prefix="", Delimiter="/", MaxKeys=5)["CommonPrefixes"]
    for arguments in ({"Prefix": "out/", "MaxKeys": 10}, {"MaxKeys": 10}, {"Prefix": "in/", "MaxKeys": 11}, {"Prefix": "in/"}):
        with refused("AccessDenied", 403):
            lister.list_objects_v2(Bucket=objects, **arguments)


def test_conditions_on_writes(user_client, allow, bucket, refused, s3):
    writer = user_client("s3", allow(["s3:PutObject", "s3:PutObjectTagging"], f"arn:aws:s3:::{bucket}/*", Condition={
        "StringEquals": {"s3:RequestObjectTag/project": "tarn"}}))
    writer.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="project=tarn")
    for tagging in ({}, {"Tagging": "project=other"}):
        with refused("AccessDenied", 403):
            writer.put_object(Bucket=bucket, Key="k", Body=b"", **tagging)
    encrypted = user_client("s3", allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Condition={
        "StringEquals": {"s3:x-amz-server-side-encryption": "AES256", "s3:x-amz-storage-class": "STANDARD_IA"}}))
    encrypted.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="AES256", StorageClass="STANDARD_IA")
    with refused("AccessDenied", 403):
        encrypted.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="AES256")
    tagger = user_client("s3", allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    with refused("AccessDenied", 403) as error:
        tagger.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=b")
    assert "s3:PutObjectTagging" in error.response["Error"]["Message"]


def test_existing_object_tags(user_client, allow, bucket, refused, s3):
    s3.put_object(Bucket=bucket, Key="open", Body=b"o", Tagging="class=public")
    s3.put_object(Bucket=bucket, Key="closed", Body=b"c", Tagging="class=secret")
    s3.put_object(Bucket=bucket, Key="plain", Body=b"p")
    reader = user_client("s3", allow(["s3:GetObject", "s3:DeleteObject"], f"arn:aws:s3:::{bucket}/*", Condition={
        "StringEquals": {"s3:ExistingObjectTag/class": "public"}}))
    assert reader.get_object(Bucket=bucket, Key="open")["Body"].read() == b"o"
    for key in ("closed", "plain"):
        with refused("AccessDenied", 403):
            reader.get_object(Bucket=bucket, Key=key)
        with refused("AccessDenied", 403):
            reader.delete_object(Bucket=bucket, Key=key)
    s3.put_object_tagging(Bucket=bucket, Key="open", Tagging={"TagSet": [{"Key": "class", "Value": "secret"}]})
    with refused("AccessDenied", 403):
        reader.get_object(Bucket=bucket, Key="open")


def test_deleting_many_is_decided_one_by_one(user_client, allow, bucket, s3):
    for key in ("mine/a", "mine/b", "theirs/c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    deleter = user_client("s3", allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*"))
    answer = deleter.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in ("mine/a", "theirs/c", "mine/b")]})
    assert [d["Key"] for d in answer["Deleted"]] == ["mine/a", "mine/b"]
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("theirs/c", "AccessDenied")]
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["theirs/c"]


def test_copying_needs_both_ends(user_client, bucket, objects, refused, s3):
    def copier(*pairs):
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in pairs]
        return user_client("s3", {"Version": "2012-10-17", "Statement": statements})

    read, write = ("s3:GetObject", f"arn:aws:s3:::{objects}/in/*"), ("s3:PutObject", f"arn:aws:s3:::{bucket}/*")
    copy = lambda who, key="in/a": who.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": objects, "Key": key})  # noqa: E731
    copy(copier(read, write))
    for who, key in ((copier(read), "in/a"), (copier(write), "in/a"), (copier(read, write), "out/c")):
        with refused("AccessDenied", 403):
            copy(who, key)
    s3.put_object(Bucket=objects, Key="in/tagged", Body=b"", Tagging="a=b")
    tags = [("s3:GetObjectTagging", f"arn:aws:s3:::{objects}/in/*"), ("s3:PutObjectTagging", f"arn:aws:s3:::{bucket}/*")]
    copy(copier(read, write, *tags), "in/tagged")
    for missing in tags:
        with refused("AccessDenied", 403):
            copy(copier(read, write, *[t for t in tags if t != missing]), "in/tagged")
    part = copier(write)
    upload_id = part.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    with refused("AccessDenied", 403):
        part.upload_part_copy(Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=1, CopySource={"Bucket": objects, "Key": "in/a"})


def test_comparing_needs_the_right_to_read(user_client, allow, bucket, refused, s3):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"")["ETag"]
    writer = user_client("s3", allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    writer.put_object(Bucket=bucket, Key="new", Body=b"", IfNoneMatch="*")
    with refused("AccessDenied", 403):
        writer.put_object(Bucket=bucket, Key="k", Body=b"", IfMatch=etag)


# --- bucket policies --------------------------------------------------------------------------------------------------------


def test_policy_life(s3, bucket, account, refused):
    text = json.dumps(statement(Principal={"AWS": f"arn:aws:iam::{account}:root"}, Action="s3:GetObject",
                                Resource=f"arn:aws:s3:::{bucket}/*"))
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False
    assert s3.delete_bucket_policy(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (s3.get_bucket_policy, s3.get_bucket_policy_status):
        with refused("NoSuchBucketPolicy", 404):
            call(Bucket=bucket)


@pytest.mark.parametrize("text,message", [
    ("", "first byte must be '{'"),
    ("not json", "first byte must be '{'"),
    ('{"Statement": []}', "Could not parse the policy: Statement is empty!"),
    ("{}", "Missing required field Statement"),
    (json.dumps(statement(Principal="*", Resource="arn:aws:s3:::BUCKET/*")), "Missing required field Action"),
    (json.dumps(statement(Principal="*", Action="s3:GetObject")), "Missing required field Resource"),
    (json.dumps(statement(Principal="*", Action="s3:GetObject", Resource="x")), "Policy has invalid resource"),
    (json.dumps(statement(Principal="*", Action="get", Resource="arn:aws:s3:::BUCKET/*")), "Policy has invalid action"),
    (json.dumps(statement(Principal="*", Action="s3:GetObject", Resource="*", Prince="x")), "Unknown field Prince"),
    (json.dumps(statement(Action="s3:GetObject", Resource="arn:aws:s3:::BUCKET/*")), "Missing required field Principal"),
    (json.dumps(statement(Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::elsewhere/*")), "Policy has invalid resource"),
    (json.dumps(statement(Principal="*", Action="ec2:RunInstances", Resource="arn:aws:s3:::BUCKET/*")), "Policy has invalid action"),
    (json.dumps(statement(Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::BUCKET")), "Action does not apply"),
    (json.dumps(statement(Principal={"AWS": "nobody"}, Action="s3:GetObject", Resource="arn:aws:s3:::BUCKET/*")), "Invalid principal"),
    (json.dumps(statement(Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::BUCKET/*", Condition={"NoSuch": {"a:b": "c"}})), ""),
])
def test_malformed_policies(s3, bucket, refused, text, message):
    with refused("MalformedPolicy", 400) as error:
        s3.put_bucket_policy(Bucket=bucket, Policy=text.replace("BUCKET", bucket) or " ")
    assert message in error.response["Error"]["Message"]


def test_a_bucket_policy_allows_and_denies(s3, user, server, bucket, account, refused):
    credentials = user(None)
    who = server.client("s3", credentials=credentials)
    arn = f"arn:aws:iam::{account}:user/{credentials['UserName']}"
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    with refused("AccessDenied", 403):
        who.get_object(Bucket=bucket, Key="a")
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(
        statement(Principal={"AWS": arn}, Action="s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/*")))
    assert who.get_object(Bucket=bucket, Key="a")["Body"].read() == b"a"
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(
        statement("Deny", Principal="*", Action="s3:DeleteObject", Resource=f"arn:aws:s3:::{bucket}/*")))
    with refused("AccessDenied", 403) as error:
        s3.delete_object(Bucket=bucket, Key="a")  # the root as well
    assert "explicit deny in a resource-based policy" in error.response["Error"]["Message"]


def test_a_bucket_policy_is_bound_to_the_user_that_it_named(s3, client, user, server, bucket, account, refused):
    """A user who is deleted and made anew under the same name is another, and what was granted to the first is not the second's."""
    iam, credentials = client("iam"), user()
    name = credentials["UserName"]
    arn = f"arn:aws:iam::{account}:user/{name}"
    policy = statement(Principal={"AWS": [arn, account]}, Action="s3:ListBucket", Resource=f"arn:aws:s3:::{bucket}")
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    server.client("s3", credentials=credentials).list_objects_v2(Bucket=bucket)

    first = iam.get_user(UserName=name)["User"]["UserId"]
    iam.delete_access_key(UserName=name, AccessKeyId=credentials["AccessKeyId"])
    iam.delete_user(UserName=name)
    shown = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": [first, account]}
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    with refused("AccessDenied", 403):
        server.client("s3", credentials=key).list_objects_v2(Bucket=bucket)
    with refused("MalformedPolicy", 400) as error:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy).replace(name, name + "-none"))
    assert "Invalid principal in policy" in error.response["Error"]["Message"]


def test_the_root_can_always_mend_a_policy(s3, bucket, refused):
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(
        statement("Deny", Principal="*", Action="s3:*", Resource=[f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])))
    with refused("AccessDenied", 403):
        s3.list_objects_v2(Bucket=bucket)
    assert "Deny" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    s3.list_objects_v2(Bucket=bucket)


# --- everyone ---------------------------------------------------------------------------------------------------------------


def public_read(bucket):
    return json.dumps(statement(Principal="*", Action="s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/*"))


def test_everyone_reads_a_public_bucket(s3, anonymous, open_bucket, refused, endpoint):
    name = open_bucket()
    s3.put_object(Bucket=name, Key="k", Body=b"for all", ContentType="text/plain")
    with refused("AccessDenied", 403):
        anonymous.get_object(Bucket=name, Key="k")
    s3.put_bucket_policy(Bucket=name, Policy=public_read(name))
    assert s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"] is True
    assert anonymous.get_object(Bucket=name, Key="k")["Body"].read() == b"for all"
    with urllib.request.urlopen(f"{endpoint}/{name}/k") as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"for all", "text/plain")
    for call in (lambda: anonymous.put_object(Bucket=name, Key="k", Body=b""), lambda: anonymous.list_objects_v2(Bucket=name),
                 lambda: anonymous.delete_object(Bucket=name, Key="k"), lambda: anonymous.get_object(Bucket=name, Key="none")):
        with refused("AccessDenied", 403):
            call()
    with refused("InvalidRequest", 400):
        anonymous.get_object(Bucket=name, Key="k", ResponseContentType="text/html")


def test_public_policies_are_blocked_by_default(s3, bucket, refused):
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    with refused("AccessDenied", 403) as error:
        s3.put_bucket_policy(Bucket=bucket, Policy=public_read(bucket))
    assert "BlockPublicPolicy" in error.response["Error"]["Message"]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(statement(
        Principal="*", Action="s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/*",
        Condition={"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})))


def test_restricting_a_public_bucket(s3, anonymous, open_bucket, user_client, refused):
    name = open_bucket()
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=name, Policy=public_read(name))
    assert anonymous.get_object(Bucket=name, Key="k")["Body"].read() == b"x"
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}
    with refused("AccessDenied", 403):
        anonymous.get_object(Bucket=name, Key="k")
    assert user_client("s3", None).get_object(Bucket=name, Key="k")["Body"].read() == b"x"  # of the same account
    s3.delete_public_access_block(Bucket=name)
    with refused("NoSuchPublicAccessBlockConfiguration", 404):
        s3.get_public_access_block(Bucket=name)
    assert anonymous.get_object(Bucket=name, Key="k")["Body"].read() == b"x"


# --- tags -------------------------------------------------------------------------------------------------------------------


def test_bucket_tags(s3, bucket, refused):
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": ""}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    with refused("InvalidTag", 400):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]})
    with refused("BadRequest", 400):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": str(i), "Value": ""} for i in range(51)]})
    s3.delete_bucket_tagging(Bucket=bucket)
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)


def test_object_tags(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=1&b+c=%C3%BC")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": "ü"}]
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "z", "Value": "9"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "z", "Value": "9"}]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    for bad, code in (("a=1&a=2", "InvalidArgument"), ("aws:x=1", "InvalidTag"), ("&".join(f"{i}=" for i in range(11)), "BadRequest"),
                      ("x" * 129 + "=1", "InvalidTag"), ("a=" + "x" * 257, "InvalidTag")):
        with refused(code, 400):
            s3.put_object(Bucket=bucket, Key="k", Body=b"y", Tagging=bad)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    with refused("NoSuchKey", 404):
        s3.put_object_tagging(Bucket=bucket, Key="none", Tagging={"TagSet": []})
