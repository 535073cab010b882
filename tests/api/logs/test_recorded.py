"""Why: programs read the words of AWS's errors and the members of its answers; these were recorded from AWS (February 2026)."""
import time

import pytest
from botocore.exceptions import ClientError

NOW = int(time.time())
LONG = "X" * 600


TRANSFORMATION = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
MOST = "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
ERRORS = [  # operation, its parameters (G: a group that is there, NONE: one that is not, A: the account), code, message
    ("create_log_group", {"logGroupName": "G"}, "ResourceAlreadyExistsException", "The specified log group already exists"),
    ("describe_log_groups", {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}, "InvalidParameterException",
     "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."),
    ("create_log_stream", {"logGroupName": "G", "logStreamName": "s"}, "ResourceAlreadyExistsException",
     "The specified log stream already exists"),
    ("describe_log_streams", {"logGroupName": "G", "logGroupIdentifier": "G"}, "ValidationException",
     "LogGroup name and LogGroup ARN are mutually exclusive parameters."),
    ("put_log_events", {"logGroupName": "G", "logStreamName": "none", "logEvents": [{"timestamp": NOW * 1000, "message": "x"}]},
     "ResourceNotFoundException", "The specified log stream does not exist."),
    ("put_log_events", {"logGroupName": "G", "logStreamName": "s", "logEvents": [
        {"timestamp": NOW * 1000, "message": "x"}, {"timestamp": NOW * 1000 - 5000, "message": "y"}]},
     "InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order."),
    ("get_log_events", {"logGroupName": "G", "logStreamName": "s", "nextToken": "none"}, "InvalidParameterException",
     "The specified nextToken is invalid."),
    ("get_log_events", {"logGroupName": "G", "logStreamName": "s", "limit": 10001}, "InvalidParameterException",
     "1 validation error detected: " + MOST),
    ("filter_log_events", {"logGroupName": "G", "nextToken": "none"}, "InvalidParameterException", "The specified nextToken is invalid."),
    ("filter_log_events", {"logGroupName": "G", "limit": 10001}, "InvalidParameterException",
     "1 validation error detected: " + MOST),
    ("start_query", {"logGroupName": "NONE", "startTime": NOW - 9, "endTime": NOW, "queryString": "fields @message"},
     "ResourceNotFoundException", "Log group 'NONE' does not exist for account ID 'A'"),
    ("describe_subscription_filters", {"logGroupName": "NONE"}, "ResourceNotFoundException", "The specified log group does not exist."),
    ("delete_subscription_filter", {"logGroupName": "G", "filterName": "none"}, "ResourceNotFoundException",
     "The specified subscription filter does not exist."),
    ("put_subscription_filter", {"logGroupName": "G", "filterName": "f", "filterPattern": "",
                                 "destinationArn": "arn:aws:lambda:us-east-1:999999999999:function:none"},
     "AccessDeniedException", "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross "
                              "account lambda triggers."),
    ("put_metric_filter", {"logGroupName": "G", "filterName": LONG, "filterPattern": "", "metricTransformations": [TRANSFORMATION]},
     "InvalidParameterException", "at 'filterName' failed to satisfy constraint: Member must have length less than or equal to 512"),
    ("put_metric_filter", {"logGroupName": "G", "filterName": "f", "filterPattern": "X" * 1025, "metricTransformations": [TRANSFORMATION]},
     "InvalidParameterException", "at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024"),
    ("put_metric_filter", {"logGroupName": "G", "filterName": "f", "filterPattern": "", "metricTransformations": [TRANSFORMATION] * 2},
     "InvalidParameterException",
     "at 'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1"),
    ("create_export_task", {"logGroupName": "G", "fromTime": 0, "to": NOW * 1000, "destination": "no-such-bucket-at-all"},
     "InvalidParameterException", "The given bucket does not exist. Please make sure the bucket is valid."),
    ("create_export_task", {"logGroupName": "NONE", "fromTime": 0, "to": NOW * 1000, "destination": "no-such-bucket-at-all"},
     "ResourceNotFoundException", "The specified log group does not exist."),
    ("cancel_export_task", {"taskId": "3f2ae3c8-6a0b-4be2-a5b4-1d6f5f4e2b11"}, "ResourceNotFoundException",
     "The specified export task does not exist."),
    ("delete_resource_policy", {"policyName": "non-existent"}, "ResourceNotFoundException",
     "Policy with name [non-existent] does not exist."),
]


@pytest.mark.parametrize("operation, given, code, message", ERRORS)
def test_errors(logs, group, account, new_name, operation, given, code, message):
    none = new_name("none")
    names = {"G": group, "NONE": none}
    with pytest.raises(ClientError) as caught:
        getattr(logs, operation)(**{k: names.get(v, v) if isinstance(v, str) else v for k, v in given.items()})
    error = caught.value.response["Error"]
    assert (error["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)
    assert message.replace("NONE", none).replace("'A'", f"'{account}'") in error["Message"], error["Message"]


def test_members_of_answers(logs, group, account):
    [shown] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{group}"
    assert isinstance(shown.pop("creationTime"), int)
    assert shown == {"arn": arn + ":*", "logGroupArn": arn, "logGroupName": group, "logGroupClass": "STANDARD", "metricFilterCount": 0,
                     "storedBytes": 0, "deletionProtectionEnabled": False}
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert isinstance(stream.pop("creationTime"), int)
    assert stream == {"arn": arn + ":log-stream:s", "logStreamName": "s", "storedBytes": 0}
    logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern=" ", metricTransformations=[TRANSFORMATION])
    [filtered] = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert isinstance(filtered.pop("creationTime"), int)
    assert filtered == {"filterName": "f", "filterPattern": " ", "logGroupName": group, "metricTransformations": [TRANSFORMATION],
                        "applyOnTransformedLogs": False}
    assert logs.describe_export_tasks(taskId="3f2ae3c8-6a0b-4be2-a5b4-1d6f5f4e2b11")["exportTasks"] == []
    past = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": 1, "message": "old"}])
    assert past["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1} and past["nextSequenceToken"]


def test_queries_are_described_with_their_source(logs, group):
    """As AWS keeps them: with the groups and the time that the call named."""
    text = "fields @message"
    identifier = logs.start_query(logGroupName=group, startTime=NOW - 60, endTime=NOW, queryString=text)["queryId"]
    [query] = logs.describe_queries(logGroupName=group)["queries"]
    assert query["queryString"] == f'SOURCE "{group}" START={NOW - 60}000 END={NOW}999 | {text}'
    assert (query["queryId"], query["queryLanguage"], query["logGroupName"]) == (identifier, "CWLI", group)
