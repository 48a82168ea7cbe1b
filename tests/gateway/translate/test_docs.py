"""The page about translation names every word that a translation may lose."""

import re
from pathlib import Path

from appliance.gateway import translate

ROOT = Path(translate.__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "translation.md"


def test_every_word_that_may_be_lost_is_explained() -> None:
    source = "".join(path.read_text() for path in sorted(ROOT.glob("*.py")))
    told = re.findall(r"lose\((?:f?\"([a-z_]+))", source) + re.findall(r"\[\"([a-z_]+)\"\] if ", source)
    assert {"cache_control", "builtin_tool", "is_error", "tool_grammar"} <= set(told)
    assert [word for word in sorted(set(told)) if f"`{word}" not in PAGE.read_text()] == []
