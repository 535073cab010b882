"""CloudWatch Logs as clients use it: what is written is read again, in order, once, and no longer than it is kept."""
import time

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def group(logs, new_name):
    name = "/test/" + new_name("group")
    logs.create_log_group(logGroupName=name)
    return name


@pytest.fixture
def stream(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    return "s"


def now():
    return int(time.time() * 1000)


def put(logs, group, stream, *events):
    return logs.put_log_events(logGroupName=group, logStreamName=stream,
                               logEvents=[{"timestamp": t, "message": m} for t, m in events])


def code(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_groups_are_listed_by_prefix_pattern_and_page(logs, new_name):
    stem = new_name("listed")
    names = [f"/{stem}/{i}" for i in range(3)] + [f"other-{stem}"]
    for name in names:
        logs.create_log_group(logGroupName=name, tags={"a": "b"})
    page = logs.describe_log_groups(logGroupNamePrefix=f"/{stem}", limit=2)
    assert [g["logGroupName"] for g in page["logGroups"]] == names[:2]
    rest = logs.describe_log_groups(logGroupNamePrefix=f"/{stem}", limit=2, nextToken=page["nextToken"])
    assert [g["logGroupName"] for g in rest["logGroups"]] == names[2:3] and "nextToken" not in rest
    found = logs.describe_log_groups(logGroupNamePattern=stem.upper())["logGroups"]
    assert {g["logGroupName"] for g in found} == set(names)
    assert found[0]["arn"].endswith(":*") and found[0]["logGroupArn"] + ":*" == found[0]["arn"]
    assert {g["logGroupName"] for g in logs.list_log_groups(logGroupNamePattern=stem)["logGroups"]} == set(names)
    assert code(logs.create_log_group, logGroupName=names[0]) == "ResourceAlreadyExistsException"
    logs.delete_log_group(logGroupName=names[0])
    assert code(logs.delete_log_group, logGroupName=names[0]) == "ResourceNotFoundException"


def test_a_deleted_group_takes_its_events_along(logs, group, stream):
    put(logs, group, stream, (now(), "old"))
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []
    assert logs.filter_log_events(logGroupName=group)["events"] == []


def test_forward_tokens_stay_at_the_end_and_go_on(logs, group, stream):
    t = now()
    put(logs, group, stream, *[(t + i, f"m{i}") for i in range(5)])
    args = dict(logGroupName=group, logStreamName=stream)
    page = logs.get_log_events(**args, startFromHead=True, limit=3)
    assert [e["message"] for e in page["events"]] == ["m0", "m1", "m2"]
    page = logs.get_log_events(**args, startFromHead=True, limit=3, nextToken=page["nextForwardToken"])
    assert [e["message"] for e in page["events"]] == ["m3", "m4"]
    end = page["nextForwardToken"]
    for _ in range(2):
        page = logs.get_log_events(**args, startFromHead=True, nextToken=end)
        assert page["events"] == [] and page["nextForwardToken"] == end
    put(logs, group, stream, (t + 10, "later"))
    page = logs.get_log_events(**args, startFromHead=True, nextToken=end)
    assert [e["message"] for e in page["events"]] == ["later"]
    assert code(logs.get_log_events, **args, nextToken="f/1/s") == "InvalidParameterException"


def test_backward_from_the_newest(logs, group, stream):
    t = now()
    put(logs, group, stream, *[(t + i, f"m{i}") for i in range(5)])
    args = dict(logGroupName=group, logStreamName=stream, limit=2)
    seen, token = [], None
    for _ in range(4):
        page = logs.get_log_events(**args, **({"nextToken": token} if token else {}))
        seen = [e["message"] for e in page["events"]] + seen
        token = page["nextBackwardToken"]
    assert seen == ["m0", "m1", "m2", "m3", "m4"] and page["events"] == []


def test_times_bound_what_is_read(logs, group, stream):
    t = now()
    put(logs, group, stream, (t - 20, "a"), (t - 10, "b"), (t, "c"))
    page = logs.get_log_events(logGroupName=group, logStreamName=stream, startTime=t - 10, endTime=t)
    assert [e["message"] for e in page["events"]] == ["b"]
    found = logs.filter_log_events(logGroupName=group, startTime=t - 10, endTime=t)["events"]
    assert [e["message"] for e in found] == ["b", "c"]


def test_batches_that_overlap_are_read_in_order(logs, group, stream):
    """A batch may begin before another ends, and lie hours apart."""
    t = now() - 10 * 3_600_000
    put(logs, group, stream, (t, "0"), (t + 200_000, "2"), (t + 7_200_000, "5"))
    put(logs, group, stream, (t + 100_000, "1"), (t + 250_000, "3"), (t + 3_600_000, "4"))
    args = dict(logGroupName=group, logStreamName=stream)
    assert [e["message"] for e in logs.get_log_events(**args, startFromHead=True)["events"]] == list("012345")
    assert [e["message"] for e in logs.get_log_events(**args, limit=4)["events"]] == list("2345")
    assert [e["message"] for e in logs.get_log_events(**args, startTime=t + 150_000)["events"]] == list("2345")


def test_events_out_of_time_are_said(logs, group, stream):
    t, day = now(), 86_400_000
    old, new = t - 15 * day, t + 3 * 3_600_000
    assert put(logs, group, stream, (t, "now"), (new, "new"))["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert put(logs, group, stream, (old, "old"))["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    rejected = put(logs, group, stream, (t - 2 * day, "expired"))["rejectedLogEventsInfo"]
    assert rejected == {"expiredLogEventEndIndex": 1}
    assert [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]] == ["now"]
    assert code(logs.put_log_events, logGroupName=group, logStreamName=stream,
                logEvents=[{"timestamp": t, "message": "b"}, {"timestamp": t - 1, "message": "a"}]) == "InvalidParameterException"
    assert code(logs.put_log_events, logGroupName=group, logStreamName=stream,
                logEvents=[{"timestamp": t - 2 * day, "message": "b"}, {"timestamp": t, "message": "a"}]) == "InvalidParameterException"
    assert code(logs.put_log_events, logGroupName=group, logStreamName=stream,
                logEvents=[{"timestamp": t, "message": "x" * 600_000}] * 2) == "InvalidParameterException"


def test_words_are_found_over_all_streams_and_pages(logs, group):
    t = now()
    for s in ("a", "b"):
        logs.create_log_stream(logGroupName=group, logStreamName=s)
        put(logs, group, s, *[(t + 2 * i + (s == "b"), f"{'ERROR' if i % 2 else 'INFO'} {s}{i}") for i in range(10)])
    seen, token = [], None
    while True:
        page = logs.filter_log_events(logGroupName=group, filterPattern="ERROR", limit=3,
                                      **({"nextToken": token} if token else {}))
        seen += [(e["logStreamName"], e["message"]) for e in page["events"]]
        token = page.get("nextToken")
        if not token:
            break
    assert seen == [(s, f"ERROR {s}{i}") for i in range(1, 10, 2) for s in ("a", "b")]
    one = logs.filter_log_events(logGroupName=group, logStreamNames=["b"], filterPattern="ERROR -b3")["events"]
    assert [e["message"] for e in one] == ["ERROR b1", "ERROR b5", "ERROR b7", "ERROR b9"]
    assert len({e["eventId"] for e in one}) == 4
    some = logs.filter_log_events(logGroupName=group, logStreamNamePrefix="a")["events"]
    assert len(some) == 10
    assert code(logs.filter_log_events, logGroupName=group, filterPattern="{ $.a = 1") == "InvalidParameterException"


def test_streams_by_name_and_by_their_last_event(logs, group):
    t = now()
    for i, name in enumerate(["c", "a", "b"]):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        put(logs, group, name, (t + i, "x"))
    names = lambda **more: [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group, **more)["logStreams"]]
    assert names() == ["a", "b", "c"]
    assert names(orderBy="LastEventTime", descending=True) == ["b", "a", "c"]
    assert names(logStreamNamePrefix="b") == ["b"]
    first = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=2)
    second = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=2,
                                       nextToken=first["nextToken"])
    assert [s["logStreamName"] for s in second["logStreams"]] == ["c"] and "nextToken" not in second
    stream = first["logStreams"][0]
    assert stream["firstEventTimestamp"] == stream["lastEventTimestamp"] == t + 2 and "uploadSequenceToken" in stream
    logs.delete_log_stream(logGroupName=group, logStreamName="b")
    assert code(logs.get_log_events, logGroupName=group, logStreamName="b") == "ResourceNotFoundException"


def test_tags_by_arn_and_by_name(logs, group):
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.untag_log_group(logGroupName=group, tags=["a"])
    logs.tag_log_group(logGroupName=group, tags={"c": "3"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2", "c": "3"}
    logs.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"c": "3"}


def test_a_retention_that_is_none_is_refused(logs, group):
    assert code(logs.put_retention_policy, logGroupName=group, retentionInDays=2) == "InvalidParameterException"
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]


def test_a_policy_on_a_group_reaches_its_streams(user_client, allow, logs, account, group, stream):
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{group}:*"
    theirs = user_client("logs", allow(["logs:PutLogEvents", "logs:CreateLogStream", "logs:GetLogEvents"], arn))
    put(theirs, group, stream, (now(), "mine"))
    theirs.create_log_stream(logGroupName=group, logStreamName="other")
    assert theirs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    assert code(theirs.create_log_stream, logGroupName=group + "x", logStreamName="s") == "AccessDeniedException"


def test_a_protected_group_is_not_deleted(logs, new_name):
    name = new_name("kept")
    logs.create_log_group(logGroupName=name, deletionProtectionEnabled=True)
    (told,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert told["deletionProtectionEnabled"]
    assert code(logs.delete_log_group, logGroupName=name) == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=told["logGroupArn"], deletionProtectionEnabled=False)
    assert not logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["deletionProtectionEnabled"]
    logs.put_log_group_deletion_protection(logGroupIdentifier=name, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=name)
    assert code(logs.put_log_group_deletion_protection, logGroupIdentifier=name,
                deletionProtectionEnabled=True) == "ResourceNotFoundException"
