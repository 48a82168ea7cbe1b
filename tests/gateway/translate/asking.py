"""A small request of any protocol, written for a model of another."""

import json
from typing import Any

from appliance.gateway import translate

from .samples import MODELS, raw

HI = [{"role": "user", "content": "Hi"}]
READ = {"name": "read", "input_schema": {"type": "object", "properties": {}}}
CALL = {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a"}}


def sent(source: Any, target: Any, model: str = "", **body: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    given = {"model": "m"} | ({"max_tokens": 100} if source == "messages" else {}) | body
    if source == "responses":
        given.setdefault("input", "Hi")
    else:
        given.setdefault("messages", HI)
    translated = translate.request(source, target, raw(given), model or MODELS[target])
    return json.loads(translated.body), translated.lossy
