"""The tree of verbs, loaded when used, and the border where problems become one line and an exit code."""

import importlib
import os
import sys
from collections.abc import Sequence
from types import TracebackType

import click

from appliance import __version__
from appliance.cli import show
from appliance.errors import Problem
from appliance.gateway.failures import ProviderFailure
from appliance.settings import nearest

SECTIONS: dict[str, dict[str, str]] = {
    "Run": {"serve": "serve", "demo": "serve", "init": "init", "status": "status"},
    "Work": {
        "task": "tasks",
        "workflow": "workflows",
        "template": "templates",
        "run": "runs",
        "agent": "agents",
        "schedule": "schedules",
        "host": "hosts",
        "approval": "approvals",
        "hook": "webhooks",
        "wake": "wakes",
    },
    "Models and money": {
        "provider": "providers",
        "route": "routes",
        "connect": "connect",
        "price": "prices",
        "budget": "budgets",
        "stop": "stops",
        "rate": "stops",
        "usage": "usage",
    },
    "People and access": {
        "tenant": "tenants",
        "user": "users",
        "member": "members",
        "notice": "notices",
        "key": "keys",
        "box-key": "boxkeys",
    },
    "The box": {
        "plan": "plans",
        "flag": "flags",
        "doctor": "doctor",
        "alert": "alerts",
        "support-bundle": "supporting",
        "selftest": "selftest",
        "bench": "bench",
        "backup": "backups",
        "restore": "restore",
        "restored": "restored",
        "economics": "economics",
        "audit": "audit",
        "install": "install",
        "service": "service",
        "update": "update",
        "tls": "tls",
        "paths": "about",
        "config": "config",
        "master-key": "masterkey",
        "version": "about",
    },
}
# Modules that add verbs to the group of another.
MORE = {
    "tenant": ("tenant_life", "tenant_plans", "bundles"),
    "member": ("invitations", "member_wishes", "member_absences"),
}
ALONE = "Without a command, agenthq serves. Every command takes --json and --data DIR, and has examples in its --help."
WIDE = {"max_content_width": 100}
MODULES = {verb: module for verbs in SECTIONS.values() for verb, module in verbs.items()}


class Root(click.Group):
    """`agenthq` alone serves; --json and --data may also stand before the verb."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        module = importlib.import_module(f"appliance.cli.{MODULES[cmd_name]}")
        for more in MORE.get(cmd_name, ()):
            importlib.import_module(f"appliance.cli.{more}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, verb_first(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in MODULES:
            raise click.UsageError(f"There is no command '{args[0]}'{nearest(args[0], MODULES)} See agenthq --help.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, verbs in SECTIONS.items():
            with formatter.section(title):
                found = ((verb, self.get_command(ctx, verb)) for verb in verbs)
                formatter.write_dl([(verb, command.get_short_help_str(85)) for verb, command in found if command])


@click.command(
    cls=Root, help="AgentHQ runs a team of AI agents from one executable.", epilog=ALONE, context_settings=WIDE
)
@click.version_option(__version__, "-V", "--version", prog_name="agenthq", message="%(prog)s %(version)s")
def root() -> None:
    """Only the verbs do something."""


def verb_first(args: list[str]) -> list[str]:
    """Options given before the verb move behind it; without a verb they belong to `serve`."""
    rest, early = list(args), list[str]()
    while rest and rest[0].startswith(("--json", "--data")):
        wide = 2 if rest[0] == "--data" else 1
        early, rest = early + rest[:wide], rest[wide:]
    if rest and (not rest[0].startswith("-") or rest[0] in ("--help", "--version", "-V")):
        return rest + early
    return ["serve", *early, *rest]


def run(args: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    sys.excepthook = unexpected
    try:
        "".join(args).encode()
        return int(root.main(list(args), prog_name="agenthq", standalone_mode=False) or 0)
    except (click.ClickException, Problem, ProviderFailure) as error:
        return refuse(problem(error), "--json" in args)
    except UnicodeEncodeError:
        return refuse(Problem("usage", "The command line, or a file it names, is not valid UTF-8."), "--json" in args)
    except (KeyboardInterrupt, click.Abort):
        return 130


def problem(error: click.ClickException | Problem | ProviderFailure) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, ProviderFailure):
        return Problem("provider_failed", f"{error.row.title}. {error.row.what_to_do}")
    return Problem("usage", sentence(error))


def sentence(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        known = [name for p in error.ctx.command.params for name in p.opts] if error.ctx else []
        return f"There is no option {error.option_name}{nearest(error.option_name, known)}"
    if isinstance(error, click.NoSuchCommand):
        known = list(error.ctx.command.commands) if error.ctx and isinstance(error.ctx.command, click.Group) else []
        return f"There is no command '{error.command_name}'{nearest(error.command_name, known)}"
    if isinstance(error, click.MissingParameter) and error.ctx:
        return f"{error.format_message()} See {error.ctx.command_path} --help."
    return error.format_message()


def refuse(refused: Problem, as_json: bool) -> int:
    """One line on standard error; with --json the problem object on standard output too."""
    if as_json:
        body = {"type": f"/api/docs#{refused.code}", "title": refused.title, "status": refused.status}
        body |= {"detail": refused.detail, "code": refused.code, "errors": refused.errors}
        click.echo(show.as_json({name: value for name, value in body.items() if value != {}}))
    click.echo(f"agenthq: {show.plain(refused.detail)}", err=True)
    return refused.exit


def unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect of ours: a line that says so, and the place; the whole trace only with AGENTHQ_LOG_LEVEL=debug."""
    if os.environ.get("AGENTHQ_LOG_LEVEL", "").lower() == "debug":
        sys.__excepthook__(kind, error, trace)
        return
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
    line = f"{kind.__name__}{where}: {show.plain(error)}"
    click.echo(f"agenthq: Something broke on our side ({line}). AGENTHQ_LOG_LEVEL=debug shows more.", err=True)
