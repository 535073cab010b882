"""Why: a pattern that AWS takes, or matches, must be taken and match here, and what is wrong with one is read by people: these were
recorded from AWS (2024)."""
import json

import pytest
from botocore.exceptions import ClientError

EVENT = {"id": "1", "source": "test-source", "detail-type": "test-detail-type", "account": "123456789012", "region": "us-east-2",
         "time": "2022-07-13T13:48:01Z"}
TOKEN = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
AT = '\n at [Source: (String)"'
BUT_TEXT = "prefix/suffix match pattern must be a string"
BUT_CASE = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."

# Pattern, reason, the column where it was seen (none: no place is told), how often the place is told.
REFUSED = [
    ('{"int": 42}', '"int" must be an object or an array', 11, 1),
    ('{"string": "my-value"}', '"string" must be an object or an array', 13, 1),
    ('{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}', "Unrecognized match type NUMERIC", 36, 1),
    ('{"my_key": [{"EXISTS": true}]}', "Unrecognized match type EXISTS", 28, 1),
    ('{"resources": []}', "Empty arrays are not allowed", 17, 1),
    ('{"detail": {"c-count": [{"numeric": [">", 0, ">", 0]}]}}', "Bad numeric range operator: >", 49, 1),
    ('{"detail": {"c-count": [{"numeric": [">", 0, "<"]}]}}', "Value of < must be numeric", 50, 1),
    ('{"detail-type": [{"equals-ignore-case": ["ec2 instance state-change notification"]}]}',
     "equals-ignore-case match pattern must be a string", 42, 1),
    ('{"detail-type": [{"equals-ignore-case": {"prefix": "ec2"}}]}', "equals-ignore-case match pattern must be a string", 42, 1),
    ('{"detail": {"state": [{"anything-but": {"equals-ignore-case": 123}}]}}', BUT_CASE, 66, 1),
    ('{"detail": {"state": [{"anything-but": {"equals-ignore-case": [123, 456]}}]}}', BUT_CASE, 67, 2),
    ('{"EventBusArn": [{"wildcard": 123}]}', "wildcard match pattern must be a string", 34, 1),
    ('{"EventBusArn": [{"wildcard": ["arn:aws:events:us-east-1:**:event-bus/*"]}]}', "wildcard match pattern must be a string", 32, 1),
    ('{"detail": {"state": [{"anything-but": {"wildcard": [123, "*/dir/*"]}}]}}', "wildcard match pattern must be a string", 57, 2),
    ('{"detail": {"FilePath": [{"anything-but": {"wildcard": 123}}]}}', "wildcard match pattern must be a string", 59, 1),
    ('{"detail": {"FileName": [{"anything-but": {"suffix": [123, ".txt"]}}]}}', BUT_TEXT, 58, 2),
    ('{"detail": {"FileName": [{"anything-but": {"suffix": 123}}]}}', BUT_TEXT, 57, 1),
    ('{"detail": {"state": [{"anything-but": {"prefix": [123, "test"]}}]}}', BUT_TEXT, 55, 2),
    ('{"detail": {"state": [{"anything-but": {"prefix": 123}}]}}', BUT_TEXT, 54, 1),
    ('{"time": [{"prefix": ["2022-07-13"]}]}', "prefix match pattern must be a string", 23, 1),
    ('{"time": [{"prefix": 123}]}', "prefix match pattern must be a string", 25, 1),
    ('{"FileName": [{"suffix": 123}]}', "suffix match pattern must be a string", 29, 1),
    ('{"FileName": [{"suffix": [".png"]}]}', "suffix match pattern must be a string", 27, 1),
    *[('{"detail": {"FileName": [{"anything-but": {"%s": {"equals-ignore-case": "%s"}}}]}}' % both,
       "Value of anything-but must be an array or single string/number value.", 55, 1)
      for both in (("prefix", "file"), ("suffix", ".png"))],
    ('{"detail": {"sourceIPAddress": [{"cidr": "10.0.0.0/xx"}]}}', "Malformed CIDR, mask bits must be an integer", None, 1),
    ('{"detail": {"sourceIPAddress": [{"cidr": "xx.11.xx/8"}]}}', "Nonstandard IP address: xx.11.xx", None, 1),
    ('{"detail": {"sourceIPAddress": [{"cidr": "xxxx:db8:1234:1a00::/64"}]}}', "Nonstandard IP address: xxxx:db8:1234:1a00::", None, 1),
    ('{"detail": {"sourceIPAddress": [{"cidr": "10.0.0.0"}]}}', "Malformed CIDR, one '/' required", None, 1),
    ('{"detail": {"sourceIPAddress": [{"cidr": ["bad-type"]}]}}', "prefix match pattern must be a string", 43, 1),
    ("this is valid json but not a dict", f"Unrecognized token 'this': {TOKEN}", 5, 1),
    ("{'bad': 'quotation'}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 2, 1),
    ('{"not": closed mark"', f"Unrecognized token 'closed': {TOKEN}", 15, 1),
    ('["not", "a", "dict", "but valid json"]', "Filter is not an object", 2, 1),
]

# Pattern, what the event has beside EVENT, whether they match.
MATCHES = [
    ({"resources": [{"exists": True}]}, {"resources": []}, False),
    ({"resources": [None]}, {"resources": []}, False),
    ({"detail": {"automations": {"id": [{"exists": True}]}}}, {"detail": {"automations": [{"k": "v"}, {"id": "x"}, {"l": "w"}]}}, True),
    ({"detail": {"my-key": ["my-value"]}}, {"detail": '{"my-key": "my-value"}'}, False),
    ({"my_key": [{"exists": True}, {"prefix": "IGNORED"}, {"suffix": "IGNORED"}]}, {"my_key": "my-value"}, True),
    ({"number": [{"numeric": [">", 100]}]}, {"number": "300"}, False),
    ({"number": [{"numeric": [">", 100]}]}, {"number": None}, False),
    ({"db": {"N": [{"numeric": [">", 100]}, {"anything-but": "101"}]}}, {"db": {"N": "101"}}, False),
    ({"db": {"N": [{"numeric": [">", 100]}, {"anything-but": "102"}]}}, {"db": {"N": "101"}}, True),
    ({"db": {"gone": {"S": [{"anything-but": ["roses"]}, {"exists": False}]}}}, {"db": {"there": {"N": "789"}}}, True),
    ({"detail": {"state": {"status": ["running"]}}}, {"detail": {"state.status": {"status": "running"}}}, False),
    ({"detail": {"state.status": {"status": ["running"]}}}, {"detail": {"state": {"status": "running"}}}, False),
    ({"dynamodb": {"presentKey": [{"exists": True}]}}, {"dynamodb": {"presentKey": {"S": "test123"}}}, False),
    ({"detail": {"state": [{"anything-but": {"prefix": "init"}}]}}, {"detail": {"state": 12}}, True),
    ({"detail": {"state": [{"anything-but": {"prefix": ["init", "test"]}}]}}, {"detail": {"state": 12}}, True),
    ({"detail": {"FilePath": [{"anything-but": {"wildcard": ""}}]}}, {"detail": {"FilePath": "dir/init/file"}}, True),
    ({"detail": {"value": [{"equals-ignore-case": ""}]}}, {"detail": {"value": ""}}, True),
    ({"detail": {"value": [{"equals-ignore-case": ""}]}}, {"detail": {"value": "test-value"}}, False),
    ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, {"detail": {"ip": 123}}, False),
    *[({"detail": {"state": [{"anything-but": but}]}}, {"detail": detail}, matches)
      for but in ("initializing", ["initializing", "stopped"], {"equals-ignore-case": "initializing"},
                  {"equals-ignore-case": ["initializing", "stopped"]}, {"prefix": "init"}, {"prefix": ["init", "stop"]}, {"suffix": "ing"},
                  {"suffix": ["ing", "ped"]}, {"wildcard": "*init*"}, {"wildcard": ["*init*", "*stop*"]})
      for detail, matches in (({"state": None}, True), ({"other": "x"}, False), ({"state": "running"}, but != {"suffix": "ing"} and but != {
          "suffix": ["ing", "ped"]}), ({"state": "initializing"}, False))],
    ({"detail": {"x-limit": [{"anything-but": 0}]}}, {"detail": {"x-limit": 789}}, True),
]


@pytest.mark.parametrize("pattern, reason, column, times", REFUSED)
def test_patterns_that_are_refused(events, pattern, reason, column, times):
    with pytest.raises(ClientError) as caught:
        events.test_event_pattern(Event=json.dumps(EVENT), EventPattern=pattern)
    place = f"{AT}{pattern}\"; line: 1, column: {column}]" if column else ""
    assert caught.value.response["Error"] == {
        "Code": "InvalidEventPatternException", "Message": f"Event pattern is not valid. Reason: {reason}{place * times}"}


@pytest.mark.parametrize("pattern, more, matches", MATCHES)
def test_what_matches(events, pattern, more, matches):
    got = events.test_event_pattern(Event=json.dumps({**EVENT, **more}), EventPattern=json.dumps(pattern))
    assert got["Result"] is matches


@pytest.mark.parametrize("event", ["plain string", '{"source"', "[]"])
def test_events_that_are_none(events, event):
    with pytest.raises(ClientError) as caught:
        events.test_event_pattern(Event=event, EventPattern='{"source": ["x"]}')
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": "Parameter Event is not valid."}
