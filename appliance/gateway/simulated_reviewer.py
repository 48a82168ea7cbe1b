"""How the simulated provider reviews: it passes a result that has every phrase its rubric asks for, and is one."""

import re

import msgspec

from appliance.gateway import simulated_worker
from appliance.gateway.types import ChatRequest
from appliance.gateway.verdicts import QUESTION, RESULT, RUBRIC


def asked(request: ChatRequest) -> bool:
    """Whether this conversation asks for a verdict."""
    return any(message.role == "system" and message.content.endswith(QUESTION) for message in request.messages)


def verdict(request: ChatRequest) -> str:
    ask = next((message.content for message in request.messages if message.role == "user"), "")
    rubric, _, material = ask.partition("\n\n")
    work = material[material.find(f"{RESULT}\n") :]
    wanted = simulated_worker.required_phrases(rubric.removeprefix(f"{RUBRIC}\n"))
    missing = [phrase for phrase in wanted if phrase.lower() not in work.lower()]
    if not re.search(r"^\| .*\w", work, re.MULTILINE):
        return written(False, "There is nothing to judge.")
    if missing:
        return written(False, f"“{missing[0]}” is not there.")
    return written(True, "It does what the rubric asks for.")


def scripted(text: str) -> str:
    """`pass REASON` or `fail REASON` as a verdict."""
    word, _, reason = text.partition(" ")
    return written(word == "pass", reason.strip() or "A sim: line asked for this verdict.")


def written(passed: bool, reason: str) -> str:
    return msgspec.json.encode({"pass": passed, "reason": reason}).decode()
