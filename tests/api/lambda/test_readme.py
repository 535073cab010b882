"""Why: the README's minute with a function is what a newcomer types first: each of its lines must do what stands beside it."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
CLI = next((str(p) for p in (ROOT / ".deps/awscli/bin/aws",) if p.exists()), shutil.which("aws"))


def blocks(title):
    """The commands of a section of the README."""
    section = (ROOT / "README.md").read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```\n(.*?)```", section, re.S)


@pytest.mark.skipif(not CLI, reason="no AWS CLI: tools/setup.sh clients installs one")
def test_a_function_in_a_minute(server, tmp_path, client):
    environment = {**os.environ, **server.environment(), "PATH": f"{pathlib.Path(CLI).parent}:{os.environ['PATH']}", "AWS_PAGER": ""}
    first, second = blocks("A function in a minute")
    began = time.monotonic()
    # The log is written behind the call: whoever types is slower than this.
    script = "set -e\n" + first.replace("aws logs filter-log-events", "sleep 0.3; aws logs filter-log-events") + second
    said = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    took = time.monotonic() - began
    assert said.returncode == 0, said.stdout + said.stderr
    assert '{"greeting": "hello, tarn"}' in said.stdout and "hello, tarn\n" in said.stdout.replace("\t", "\n") + "\n"
    assert "REPORT RequestId" in said.stdout and '{"greeting": "hello, stranger"}' in said.stdout.split("REPORT RequestId")[1]
    assert took < 60, f"a minute is {took:.0f} s"
    sqs, functions = client("sqs"), client("lambda")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="names")["QueueUrl"], MessageBody="{}")
    for _ in range(500):
        mapping = functions.list_event_source_mappings(FunctionName="hello")["EventSourceMappings"][0]
        if mapping.get("LastProcessingResult") == "OK":
            break
        time.sleep(0.02)
    assert mapping["LastProcessingResult"] == "OK"
