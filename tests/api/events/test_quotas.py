"""How many buses and rules there may be. A server of its own, since the quotas are an account's."""
import concurrent.futures

import pytest

from support.server import Server

REFUSED = "The requested resource exceeds the maximum number allowed."


@pytest.fixture(scope="module")
def events():
    with Server(None) as server:
        yield server.client("events")


def test_buses(events):
    for i in range(99):
        events.create_event_bus(Name=f"bus{i}")
    events.create_event_bus(Name="last")
    with pytest.raises(events.exceptions.LimitExceededException, match=REFUSED):
        events.create_event_bus(Name="one-more")
    events.delete_event_bus(Name="last")
    events.create_event_bus(Name="one-more")


def test_rules(events):
    pattern = '{"source": ["a"]}'
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: events.put_rule(Name=f"rule{i}", EventPattern=pattern), range(2000)))
    with pytest.raises(events.exceptions.LimitExceededException, match=REFUSED):
        events.put_rule(Name="one-more", EventPattern=pattern)
    events.put_rule(Name="rule1", EventPattern=pattern, Description="changed")
