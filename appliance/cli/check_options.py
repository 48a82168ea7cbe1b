"""How a check is written on a command line."""

from typing import Any

import msgspec

from appliance.domain import check_forms
from appliance.domain.check_forms import NEEDED, NewCheck
from appliance.errors import Problem
from appliance.settings import nearest


def parse_check(text: str) -> NewCheck:
    """KIND=VALUE, KIND@FILE=VALUE to judge a file, or reviewer_agent@SLUG=RUBRIC. Raises Problem(usage)."""
    name, _, value = text.partition("=")
    kind, _, file = name.partition("@")
    if kind not in NEEDED:
        raise Problem("usage", f"There is no check '{kind}'{nearest(kind, NEEDED)} Use {', '.join(NEEDED)}.")
    given = _schema(value) if kind == "json_schema" and value else value
    return NewCheck(kind, check_forms.spec_of(kind, given, file))


def _schema(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Problem("usage", f"The schema is not valid JSON: {error}.") from error
