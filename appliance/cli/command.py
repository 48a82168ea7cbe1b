"""What every verb shares: --json, --data, --tenant, examples in its help, and the printing of its result."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from appliance.cli import show
from appliance.cli.desk import Desk
from appliance.cli.show import Shown
from appliance.domain.actor import ROLES
from appliance.errors import Problem

T = TypeVar("T")
Verb = TypeVar("Verb", bound=Callable[..., Shown | None])

tenant_option = click.option("--tenant", metavar="SLUG", help="Which tenant; not needed when there is only one.")
password_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
COMMON = [
    click.Option(["--data"], metavar="DIR", help="The data folder; AGENTHQ_DATA does the same."),
    click.Option(["--json", "as_json"], is_flag=True, help="Print JSON for scripts."),
]
role_option = click.option("--role", type=click.Choice(ROLES), default="operator", show_default=True)


def verb(*examples: str, into: click.Group | None = None, name: str = "") -> Callable[[Verb], click.Command]:
    """Make a command of a function from (desk, arguments) to what is shown; its docstring is the help."""

    def make(function: Verb) -> click.Command:
        @functools.wraps(function)
        def run(as_json: bool, data: str | None, **given: Any) -> None:
            desk = Desk({"data": data}, as_json)
            try:
                printed(function(desk, **given), as_json)
            finally:
                desk.close()

        called = name or function.__name__.rstrip("_").replace("_", "-")
        command = click.command(called, help=inspect.getdoc(function), epilog=_epilog(examples))(run)
        command.params += COMMON
        if into is not None:
            into.add_command(command)
        return command

    return make


def printed(shown: Shown | None, as_json: bool) -> None:
    if shown is not None:
        click.echo(show.as_json(shown.data) if as_json else shown.text)
        if shown.code:
            raise click.exceptions.Exit(shown.code)


def secret_from(stdin: bool, question: str, confirm: bool = False) -> str:
    """A secret from standard input, or asked for without echo. Never from an argument: those show in `ps`."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Problem("usage", f"{question} is needed: pass it on standard input with --{_flag(question)}-stdin.")
    return str(click.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True))


def read_text(path: str) -> str:
    """A file's text; - is standard input. Raises Problem(usage) when it can't be read."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise Problem("usage", f"{path} can't be read: {why}.") from error


def decoded(kind: type[T], given: dict[str, Any]) -> T:
    """The Struct a domain verb takes, from options of the same names; those not given keep the Struct's defaults."""
    said = {name: value for name, value in given.items() if value not in (None, "", ())}
    return msgspec.convert(said, kind, strict=False)


def _epilog(examples: tuple[str, ...]) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples)


def _flag(question: str) -> str:
    return "password" if "password" in question.lower() else "key"
