"""Several processes of the program on one PostgreSQL database, each of which can be killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from appliance import app, settings
from appliance.db.database import Database
from appliance.db.tenants import open_catalogue
from appliance.domain import agents, keys, samples, tenants, workers
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.key_forms import NewKey
from tests.postgres import free_port
from tests.waiting import until

START_S = 30


class Member(NamedTuple):
    role: str
    process: subprocess.Popen[bytes]
    port: int

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_S)


class Fleet:
    """`folder` is what its members share beside the database; `key` opens the API of tenant Acme."""

    def __init__(self, folder: Path, url: str, queue_url: str, concurrency: int = 50) -> None:
        self.folder = folder
        self.members: list[Member] = []
        self.environment = {"AGENTHQ_DATABASE_URL": url, "AGENTHQ_QUEUE_URL": queue_url, "AGENTHQ_DATA": str(folder)}
        values = settings.load({}, self.environment)
        with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box, catalogue.control() as control:
            tenant = tenants.create(catalogue, control, box.vault, "acme", "Acme")
            self.key = keys.create(control, SYSTEM, tenant.id, NewKey("tests")).secret
            with catalogue.open(tenant.id) as db:
                samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
                new = NewAgent("ada", "Ada", "Work.", "simulated", max_concurrency=concurrency)
                agents.create(db, SYSTEM, new)
        self.tenant_id = tenant.id
        self.catalogue = open_catalogue(folder, url)

    def start(self, role: str, module: str = "appliance", **flags: object) -> Member:
        """`module` runs the command line."""
        port = free_port()
        command = [
            sys.executable,
            "-m",
            module,
            "serve",
            "--no-open",
            "--json",
            "--role",
            role,
            "--port",
            str(port),
        ]
        command += [part for name, value in flags.items() for part in (f"--{name}", str(value))]
        env = {name: value for name, value in os.environ.items() if not name.startswith("AGENTHQ_")} | self.environment
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        member = Member(role, process, port)
        self.members.append(member)
        return member

    def said(self, verb: str) -> dict[str, Any]:
        """What a command answers beside them, as JSON."""
        command = [sys.executable, "-m", "appliance", verb, "--json"]
        env = os.environ | self.environment
        return dict(json.loads(subprocess.run(command, env=env, capture_output=True, check=False).stdout))

    def ready(self) -> None:
        """Every member is in the list of processes."""
        wanted = {member.pid for member in self.members if member.process.poll() is None}
        until(lambda: wanted <= set(self.listed()) and len(wanted) == len(self.living()), START_S)

    def living(self) -> list[Member]:
        return [member for member in self.members if member.process.poll() is None]

    def listed(self) -> dict[int, str]:
        with self.catalogue.control() as control:
            return {w.pid: w.owner for w in workers.all(control) if w.role != workers.COMMAND}

    @contextmanager
    def db(self) -> Iterator[Database]:
        with self.catalogue.open(self.tenant_id) as db:
            yield db

    @property
    def log_file(self) -> Path:
        return self.folder.with_name("fleet.log")

    @property
    def log(self) -> str:
        return self.log_file.read_text()


@contextmanager
def fleet(tmp_path: Path, admin_url: str, queue_url: str = "", concurrency: int = 50) -> Iterator[Fleet]:
    """Nobody is started yet; all who were are gone at the end. An empty `queue_url` is the database itself."""
    with psycopg.connect(admin_url, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS fleet WITH (FORCE)")
        server.execute("CREATE DATABASE fleet")
    made = Fleet(tmp_path / "data", f"{admin_url.rpartition('/')[0]}/fleet", queue_url, concurrency)
    try:
        yield made
    finally:
        for member in made.living():
            member.kill()
        made.catalogue.close()
