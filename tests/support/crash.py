"""What is under way when a server is killed: work in threads, and what was acknowledged of it."""
import collections
import threading
import time
import uuid

from botocore.config import Config


class Load:
    """Work that goes on until `stop` is set; what fails before that is `failure`."""

    def __init__(self, server):
        self.server, self.stop, self.failure = server, threading.Event(), None
        self.published = collections.defaultdict(list)  # group -> what was acknowledged, in its order

    def client(self, service, **more):
        return self.server.client(service, config=Config(retries={"total_max_attempts": 1}, read_timeout=20), **more)

    def run(self, work, *arguments):
        try:
            work(*arguments)
        except Exception as error:
            if not self.stop.is_set():
                self.failure = error

    def start(self):
        """The threads that do the work of `work()`, each (a function, its arguments ..)."""
        threads = [threading.Thread(target=self.run, args=work, daemon=True) for work in self.work()]
        for thread in threads:
            thread.start()
        return threads

    def publish(self, topic, group, pause=0):
        sns, count = self.client("sns"), 0
        while not self.stop.is_set():
            name = f"{uuid.uuid4().hex}-{count}"
            count += 1
            sns.publish(TopicArn=topic, Message=name, MessageGroupId=group, MessageDeduplicationId=name)
            self.published[group].append(name)
            time.sleep(pause)
