"""A throw-away box with three accounts, one for each protocol, all served by the fake on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from tests.browser.box import ROOT
from tests.postgres import free_port

PATIENCE_S = 60
# The openai kind speaks both of its protocols; its models are called by Responses clients as they are.
KINDS = {"messages": "anthropic-compatible", "chat": "openai-compatible", "responses": "openai"}


def account(protocol: str) -> str:
    """What the account is called: aider would take "responses/…" for a word of its own."""
    return f"via-{protocol}"


class Key(NamedTuple):
    id: str
    secret: str


class Box:
    def __init__(self, folder: Path, upstream: str, models: dict[str, str]) -> None:
        self._folder = folder
        self._upstream = upstream
        self._models = models
        self._port = free_port()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> tuple[str, str]:
        """The gateway's address and a key for it."""
        self.say("init", "--owner", "owner@box.test", "--tenant", "box", "--password-stdin", said="a long password")
        for protocol, model in self._models.items():
            base = self._upstream + ("" if protocol == "messages" else "/v1")
            words = ["--kind", KINDS[protocol], "--name", account(protocol), "--base-url", base, "--model", model]
            self.say("provider", "add", *words, "--price", f"{model}=1/2", "--key-stdin", said="sk-fake\n")
        self.say("budget", "set", "100")
        key = self.key()
        log = (self._folder / "box.log").open("wb")
        serve = [sys.executable, "-m", "appliance", "serve", "--no-open", "--port", str(self._port)]
        self._child = subprocess.Popen(
            [*serve, "--data", str(self._folder)], cwd=ROOT, env=_env(), stdout=log, stderr=log
        )
        self._wait()
        return f"http://127.0.0.1:{self._port}/gw", key.secret

    def key(self, *words: str) -> Key:
        """Another one, for model calls only."""
        made = json.loads(self.say("key", "create", "--gateway-only", "--name", "clients", "--json", *words))
        return Key(made["id"], made["secret"])

    def stop(self) -> None:
        if self._child and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            self._child.wait(20)

    def say(self, *words: str, said: str = "") -> str:
        command = [sys.executable, "-m", "appliance", *words, "--data", str(self._folder)]
        done = subprocess.run(
            command, cwd=ROOT, env=_env(), input=said, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=True
        )
        return done.stdout

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self._child and self._child.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/livez", timeout=2)
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the box did not start:\n" + (self._folder / "box.log").read_text()[-2000:])


def _env() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AGENTHQ_")}
