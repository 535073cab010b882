"""What is past its retention goes of itself: seen on a clock that is moved, since nobody waits a day."""
import datetime


from support.models import tarn_client


def test_events_expire_by_the_clock(virtual):
    logs, tarn = virtual.client("logs"), tarn_client(virtual)
    start = tarn.get_clock()["Time"]
    millis = int(start.timestamp() * 1000)
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_retention_policy(logGroupName="g", retentionInDays=3)
    for day in range(5):
        logs.put_log_events(logGroupName="g", logStreamName="s",
                            logEvents=[{"timestamp": millis + day * 86_400_000, "message": f"day {day}"}])
        tarn.set_clock(Time=start + datetime.timedelta(days=day + 1))
    kept = [e["message"] for e in logs.filter_log_events(logGroupName="g")["events"]]
    assert kept == ["day 2", "day 3", "day 4"]
    tarn.set_clock(Time=start + datetime.timedelta(days=30))
    assert logs.get_log_events(logGroupName="g", logStreamName="s")["events"] == []
    logs.delete_retention_policy(logGroupName="g")  # they are erased, not hidden
    assert logs.get_log_events(logGroupName="g", logStreamName="s")["events"] == []
