"""Writes the pages of docs/ that come from the program itself; `--check` fails when one is out of date.

python -m tests.docs.generate [--check]
"""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from appliance import app, settings
from appliance.cli.root import SECTIONS, root
from appliance.domain import error_types, run_codes
from appliance.errors import CODES
from appliance.gateway.failures import FAILURES
from appliance.metrics import table as metrics_table
from appliance.web import access, site
from appliance.web.services import Services
from tests.docs import permissions
from tests.semantics.page import semantics

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOTE = "<!-- Written by `python -m tests.docs.generate`. Edit the program instead. -->\n"
WIDTH = 100


def configuration() -> str:
    rows = [(f"`{s.name}`", f"`{s.env}`", f"`{s.default}`" if s.default else "", s.help) for s in settings.TABLE]
    return f"""# Settings

{NOTE}
A setting is taken from the first place that has it:

1. a flag of the command (`--port 8500`);
2. the environment (`AGENTHQ_PORT=8500`);
3. a file that the environment names (`AGENTHQ_MASTER_KEY_FILE=/run/secrets/master-key`);
4. `agenthq.toml` in the data folder (`port = 8500`);
5. the default.

An unknown name anywhere is an error that names the nearest. `agenthq config show --origin` prints what holds and where
it came from; `agenthq config check` only checks.

{table(("setting", "environment", "default", "what it does"), rows)}
"""


def cli() -> str:
    parts = [f"# Command line\n\n{NOTE}\n", fenced(help_of(root, "agenthq")), CLI_NOTES]
    for verbs in SECTIONS.values():
        for verb in verbs:
            parts += commands(verb)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def errors() -> str:
    problems = [(f"`{name}`", code.status, code.exit, code.title) for name, code in CODES.items()]
    failures = [
        (f"`{name}`", f.title, f.what_to_do, f"up to {f.max_attempts} times" if f.retryable else "no")
        for name, f in FAILURES.items()
    ]
    ends = [
        (f"`{name}`", row.title, row.what_to_do, "yes" if row.retryable else "no")
        for name, row in run_codes.CODES.items()
    ]
    return f"""# Errors

{NOTE}
## Problems

The API answers a refused request with `application/problem+json`: `type`, `title`, `status`, `detail` (what happened
and what to do), `code` from this list and, for a refused body, `errors` by field. The command line prints the detail as
one line on standard error and ends with the exit code; with `--json` it prints the same object.

{table(("code", "status", "exit code", "title"), problems)}

## Failures of model calls

A call that did not bring an answer ends with one of these codes on the call, the step and the run.

{table(("code", "what happened", "what to do", "tried again"), failures)}

## Ends of runs

A run that failed, was stopped or is parked has one of these codes, or one of the two tables above. The last column says
whether running it again may help with nothing changed.

{table(("code", "what happened", "what to do", "again"), ends)}
"""


def metrics() -> str:
    rows = [
        (f"`{name}`", metric.kind, ", ".join(metric.labels), metric.help) for name, metric in metrics_table.ALL.items()
    ]
    types = [(f"`{kind}`", domain(kind)) for kind in sorted(set(error_types.BY_CODE.values()))]
    return f"""# Metrics

{NOTE}{METRICS_NOTES}
{table(("metric", "kind", "labels", "what it says"), rows)}

Tenants are told by short name, accounts by name. The page has at most {metrics_table.MOST_SERIES:,} series, whatever
there is to tell: beyond the room of a metric new accounts and models, then tenants, are told as `other`, and nothing is
lost from the sums.

## Error types

A call without an answer has one of these, on the page and in the ledger; the word before the first `_` says whose fault
it was.

{table(("error type", "whose"), types)}
{SPANS_NOTES}"""


def domain(error_type: str) -> str:
    words = {
        "caller": "the tool or agent",
        "policy": "a rule of yours",
        "provider": "the provider",
        "gateway": "AgentHQ",
    }
    return words[error_type.partition("_")[0]]


@contextmanager
def scratch() -> Iterator[Services]:
    """An empty box."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        values = settings.load({"data": folder}, env={})
        catalogue = opened.enter_context(app.open_data(values))
        box = opened.enter_context(app.open_box(values, catalogue))
        yield Services(values, catalogue, box.vault, box.calls)


def permission_matrix() -> str:
    with scratch() as services:
        return permissions.page(site.create(services), NOTE)


def api() -> str:
    with scratch() as services:
        rows = sorted(set(routes(services)))
    return f"""# HTTP API

{NOTE}
Each box describes its API itself: OpenAPI 3.1 at `/api/openapi.json`, a reference page at `/api/docs`.

Send a key as `Authorization: Bearer ahq_…`; tenant and role come from the key (`agenthq key create`). A signed-in
browser reaches the same routes under `/api/v1/t/<tenant>/`. Lists take `limit` and `cursor` and answer
`{{"items": […], "next_cursor": …}}`. A create answers 201 with the object; with an `Idempotency-Key` the same request
gets the same answer again. Amounts are integers of nano-dollars (`*_nano`) with the dollars as text beside them
(`*_usd`); times are ISO-8601 in UTC. Errors: [errors.md](errors.md).

{table(("method", "path", "role", "what it does"), [(m, f"`{path}`", role, text) for path, m, role, text in rows])}
"""


def routes(services: Services) -> Iterator[tuple[str, str, str, str]]:
    for route in site.create(services).routes:
        path = route.path
        if not path.startswith("/api/v1") or path.startswith("/api/v1/t/"):
            continue
        for handler in getattr(route, "route_handlers", ()):
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                role = "box owner" if path.startswith("/api/v1/box") else access.role_of(handler.opt, method)
                yield re.sub(r":\w+}", "}", path), method, role, handler.summary or ""


def commands(verb: str) -> list[str]:
    """The help of a verb, and of each command of a group."""
    command = root.get_command(click.Context(root), verb)
    assert command, verb
    if not isinstance(command, click.Group):
        return [f"\n## agenthq {verb}\n", fenced(help_of(command, f"agenthq {verb}"))]
    parts = [f"\n## agenthq {verb}\n\n{command.help}\n"]
    return parts + below(command, f"agenthq {verb}")


def below(group: click.Group, path: str) -> list[str]:
    parts = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            parts += below(command, f"{path} {name}")
        else:
            parts.append(f"\n### {path} {name}\n\n" + fenced(help_of(command, f"{path} {name}")))
    return parts


def help_of(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    return command.get_help(context)


def fenced(text: str) -> str:
    return f"```text\n{text}\n```\n"


def table(heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


METRICS_NOTES = """
`/metrics` answers in the text format of Prometheus. It may be read

- with the token of `AGENTHQ_METRICS_TOKEN`, sent as `Authorization: Bearer …`;
- without a token, where none is set, by a program on the same machine that asks directly (not through a proxy);
- with an owner's API key: then it has the figures of that tenant only, and nothing of the box.

```yaml
scrape_configs:
  - job_name: agenthq
    authorization: {credentials_file: /etc/prometheus/agenthq-token}
    static_configs: [{targets: ["127.0.0.1:8420"]}]
```

Counts and histograms are of this process since its start, and a call counts when its cost is booked, whether one of our
own agents made it (`surface` is `agent`) or a tool outside. Gauges come out of the databases, so every process tells
the same. With several processes read each of them: a worker or scheduler, which has no pages, serves the same page on
`AGENTHQ_METRICS_PORT` once that is set.

The overhead of the gateway is the time from a tool's request to the first byte of its answer, less what the provider
took for its own first byte.
"""
SPANS_NOTES = """
## Spans

Off unless you set `AGENTHQ_OTLP_URL` to a collector that takes OTLP over HTTP (JSON), such as `http://127.0.0.1:4318`;
`AGENTHQ_OTLP_HEADERS` are sent along (`name=value,name=value`). Each call becomes a span of the OpenTelemetry
conventions for generative AI: `gen_ai.operation.name`, `gen_ai.provider.name`, `gen_ai.request.model`,
`gen_ai.response.model`, `gen_ai.usage.input_tokens` and `.output_tokens`, cached and reasoning tokens beside them,
`gen_ai.conversation.id`, `gen_ai.response.time_to_first_chunk`, `error.type`; and of ours `agenthq.tenant`,
`.surface`, `.call.id`, `.key.id`, `.run.id`, `.task.id`, `.attempts`, `.cost_usd`, `.cost_source`. The calls of a run
are one trace. No span carries a prompt or an answer.

Spans are sent in batches from a thread of their own. A collector that is away or slow costs no call anything: up to
5,000 spans wait for it, and what does not fit is dropped and counted.
"""
CLI_NOTES = """
Exit codes: 0 done · 1 refused or failed · 2 the command line is not valid · 69 something needed does not answer ·
75 another server owns the data folder · 78 settings or data that this version can't use. What went wrong is one line on
standard error; with `--json` the problem is an object on standard output too ([errors.md](errors.md)).

Commands work beside a running server of the same data folder: they write rows, and the server takes them up at once.
"""
PAGES: dict[str, Callable[[], str]] = {
    "configuration.md": configuration,
    "cli.md": cli,
    "errors.md": errors,
    "api.md": api,
    "permissions.md": permission_matrix,
    "metrics.md": metrics,
    "semantics.md": semantics,
}


def outdated() -> list[str]:
    return [name for name, write in PAGES.items() if read(DOCS / name) != write()]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main(args: list[str]) -> int:
    for name in [name for name in os.environ if name.startswith("AGENTHQ_")]:
        del os.environ[name]
    if args == ["--check"]:
        found = outdated()
        if found:
            print(f"Out of date: {', '.join(found)}. Run: python -m tests.docs.generate")
        return int(bool(found))
    DOCS.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
