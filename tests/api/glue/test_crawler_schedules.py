"""Crawlers that run of themselves: by their schedule, and again after a crash has cut them off."""
import datetime
import time

import pytest

from support.crawlers import prepare
from support.models import tarn_client
from support.server import Server


def test_a_schedule_runs_by_the_clock():
    with Server(None, "--clock", "virtual") as server:
        glue, tarn = server.client("glue"), tarn_client(server)
        start = tarn.get_clock()["Time"].replace(hour=11, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
        tarn.set_clock(Time=start)
        glue.create_crawler(Name="c", **prepare(server), Schedule="cron(0 12 * * ? *)")
        tarn.set_clock(Time=start + datetime.timedelta(days=3))
        starts = [c["StartTime"].astimezone(datetime.timezone.utc) for c in glue.list_crawls(CrawlerName="c")["Crawls"]]
        assert starts == [start + datetime.timedelta(days=d, hours=1) for d in (2, 1, 0)]
        assert [t["Name"] for t in glue.get_tables(DatabaseName="d")["TableList"]] == ["in"]
        glue.stop_crawler_schedule(CrawlerName="c")
        tarn.set_clock(Time=start + datetime.timedelta(days=6))
        assert len(glue.list_crawls(CrawlerName="c")["Crawls"]) == 3


def test_a_crawl_that_was_cut_off_is_finished():
    with Server() as server:
        glue = server.client("glue")
        glue.create_crawler(Name="c", **prepare(server, files=300))
        glue.start_crawler(Name="c")
        server.kill()
        server.start()
        glue = server.client("glue")
        for _ in range(2000):
            crawler = glue.get_crawler(Name="c")["Crawler"]
            if crawler["State"] == "READY":
                break
            time.sleep(0.01)
        assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
        crawls = glue.list_crawls(CrawlerName="c")["Crawls"]
        assert [c["State"] for c in crawls] == ["COMPLETED"]
        assert glue.get_table(DatabaseName="d", Name="in")["Table"]["Parameters"]["objectCount"] == "300"


def test_a_stopped_crawl_ends_as_cancelled():
    with Server() as server:
        glue = server.client("glue")
        glue.create_crawler(Name="c", **prepare(server, files=1500))
        glue.start_crawler(Name="c")
        glue.stop_crawler(Name="c")
        for _ in range(2000):
            crawler = glue.get_crawler(Name="c")["Crawler"]
            if crawler["State"] == "READY":
                break
            time.sleep(0.01)
        assert crawler["LastCrawl"]["Status"] == "CANCELLED"
        assert [c["State"] for c in glue.list_crawls(CrawlerName="c")["Crawls"]] == ["STOPPED"]
