"""The monitoring kit: rules and dashboards name only what a box exports, promtool takes them, a real alert fires."""

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from appliance.metrics.table import ALL, BUCKETS
from tests.browser.box import ROOT
from tests.postgres import free_port
from tests.waiting import until

DOWN = 'ALERTS{alertname="AgentHQDown",alertstate="firing"}'
KIT = ROOT / "packaging" / "monitoring"
DASHBOARDS = sorted((KIT / "dashboards").glob("*.json"))
NAME = re.compile(r"\bagenthq_[a-z0-9_]+")
RECORDED = re.compile(r"\bagenthq:[a-z0-9_:]+")
SUFFIXES = ("_bucket", "_sum", "_count")
installed = pytest.mark.skipif(not shutil.which("promtool"), reason="packaging/need.sh prometheus installs it")


def rules(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((KIT / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    found = [rule["expr"] for name in ("alerts.yml", "recording.yml") for rule in rules(name)]
    boards = (json.loads(path.read_text()) for path in DASHBOARDS)
    return found + [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]


def metric(name: str) -> str:
    base = next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)
    return base if base in BUCKETS else name


def test_every_metric_that_is_named_is_one_that_a_box_exports() -> None:
    named = {metric(name) for expr in expressions() for name in NAME.findall(expr)}
    assert len(named) > 15
    assert named - set(ALL) == set()


def test_every_recorded_sum_is_recorded_and_used() -> None:
    made = {rule["record"] for rule in rules("recording.yml")}
    assert {name for expr in expressions() for name in RECORDED.findall(expr)} == made


def test_labels_that_are_asked_for_are_those_of_the_metric() -> None:
    wrong = []
    for expr in expressions():
        for name, inside in re.findall(r"(agenthq_[a-z0-9_]+)\{([^}]*)\}", expr):
            known = {*ALL[metric(name)].labels, "instance", "job", "le"}
            wrong += [(name, label) for label in re.findall(r"(\w+)\s*(?:=~|!=|=)", inside) if label not in known]
    assert wrong == []


def test_every_alert_says_what_to_do() -> None:
    found = rules("alerts.yml")
    assert len({rule["alert"] for rule in found}) == len(found) > 10
    assert all(rule["annotations"]["what_to_do"] and rule["labels"]["severity"] for rule in found)


def test_the_four_dashboards_have_panels_with_a_unit_and_a_source_to_choose() -> None:
    assert [path.stem for path in DASHBOARDS] == ["box", "engine", "money", "tenants"]
    for path in DASHBOARDS:
        board = json.loads(path.read_text())
        assert board["uid"] == f"agenthq-{path.stem}"
        assert {variable["name"] for variable in board["templating"]["list"]} >= {"source", "instance"}
        assert len(board["panels"]) >= 6
        assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in board["panels"])


def promtool(*args: str) -> str:
    done = subprocess.run(["promtool", *args], cwd=KIT, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@installed
@pytest.mark.outside
def test_promtool_takes_the_rules_and_their_tests_pass() -> None:
    assert "SUCCESS" in promtool("check", "rules", "alerts.yml", "recording.yml")
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", "scrape.yml")
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


@contextmanager
def running(*command: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bytes(answer.read())
    except urllib.error.URLError:
        return b""


def asked(port: int, query: str) -> list[dict[str, Any]]:
    answer = fetch(f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}")
    return list(json.loads(answer)["data"]["result"]) if answer else []


@contextmanager
def prometheus(folder: Path, box: int) -> Iterator[int]:
    """A real one, with the kit's files; it looks each second, and its alerts wait for nothing."""
    for name in ("recording.yml", "alerts.yml"):
        text = re.sub(r"for: \d+m", "for: 0s", (KIT / name).read_text())
        (folder / name).write_text(text.replace("interval: 30s", "interval: 1s"))
    config = (KIT / "scrape.yml").read_text().replace("15s", "1s").replace("127.0.0.1:8420", f"127.0.0.1:{box}")
    (folder / "prometheus.yml").write_text(config)
    port = free_port()
    flags = (f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}")
    with running("prometheus", f"--config.file={folder / 'prometheus.yml'}", *flags):
        yield port


@installed
@pytest.mark.outside
@pytest.mark.timeout(150)
def test_a_real_prometheus_reads_a_box_and_tells_when_it_is_down(tmp_path: Path) -> None:
    port, data = free_port(), str(tmp_path / "box")
    serve = (sys.executable, "-m", "appliance", "serve", "--no-open", "--port", str(port), "--data", data)
    with prometheus(tmp_path, port) as eye:
        with running(*serve):
            until(lambda: asked(eye, "agenthq_heartbeat_age_seconds"), 60)
            exported = {sample["metric"]["__name__"] for sample in asked(eye, '{job="agenthq"}')}
            assert asked(eye, "agenthq_info")[0]["value"][1] == "1"
            wanted = {"agenthq_disk_free_ratio", "agenthq_processes", "agenthq_heartbeat_age_seconds"}
            assert wanted <= exported
            # It looked before the box was up: that alert ends with its next evaluation.
            until(lambda: asked(eye, "up") and not asked(eye, DOWN), 60)
        until(lambda: asked(eye, DOWN), 60)
