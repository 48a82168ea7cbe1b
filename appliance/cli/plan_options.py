"""Limits of a plan as options of a command line: numbers, sizes, or 'none'."""

from collections.abc import Callable
from typing import Any

import click

from appliance.domain import plan_forms

# Option, limit and help of each.
OPTIONS = (
    ("--requests", "requests_per_min", "Requests a minute of the whole tenant; 'none' for no limit."),
    ("--user-requests", "user_requests_per_min", "Requests a minute of one person."),
    ("--key-requests", "key_requests_per_min", "Requests a minute of one API key."),
    ("--agents", "agents", "How many agents there may be."),
    ("--running", "running", "Runs at the same time."),
    ("--storage", "storage_bytes", "Database and files, for example 500MB or 10GB."),
)


def limit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option, name, told in reversed(OPTIONS):
        function = click.option(option, name, metavar="N", help=told)(function)
    return function


def given_limits(options: dict[str, Any]) -> dict[str, int | None]:
    """Those that were given, by name. Raises Problem(invalid)."""
    return plan_forms.limits({name: options[name] for _, name, _ in OPTIONS if options[name] is not None})
