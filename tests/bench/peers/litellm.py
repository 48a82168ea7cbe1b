"""LiteLLM's proxy in front of the same provider: a master key and no database, so neither keys nor budgets of its own.

What the box does for each call (its ledger, its budgets) it leaves out here, which is in its favour.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.peers import install
from tests.bench.peers.servers import Missing
from tests.postgres import free_port
from tests.smoke.server import get
from tests.waiting import until

KEY = "sk-bench"
START_S = 180
MODULE = "litellm.proxy.proxy_server"
QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}


def python() -> Path:
    """The interpreter that has it. Raises Missing."""
    return install.alone("litellm", "litellm[proxy]")


@contextmanager
def opened(fake: str, models: list[str]) -> Iterator[tuple[str, str, int]]:
    """Address, key and process of a proxy with one worker. Raises Missing."""
    program = python().with_name("litellm")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="agenthq-litellm-") as folder:
        config = Path(folder) / "config.yaml"
        # JSON is YAML.
        config.write_text(json.dumps(_config(fake, models)))
        command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | QUIET
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen([*command, "--num_workers", "1"], env=env, stdout=log, stderr=log)
        try:
            _started(server, port, Path(folder) / "log")
            yield f"http://127.0.0.1:{port}/v1", KEY, server.pid
        finally:
            server.kill()
            server.wait()


def _config(fake: str, models: list[str]) -> dict[str, object]:
    to = {"api_base": fake, "api_key": "sk-fake"}
    return {
        "model_list": [{"model_name": one, "litellm_params": {"model": f"openai/{one}", **to}} for one in models],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"telemetry": False, "num_retries": 0, "drop_params": True},
    }


def _started(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    def ready() -> bool:
        if server.poll() is not None:
            said = log.read_text().strip().splitlines() or ["no message"]
            raise Missing(f"it ended: {said[-1]}")
        try:
            return get(f"http://127.0.0.1:{port}/health/liveliness")[0] == 200
        except OSError:
            return False

    until(ready, START_S)
