"""The form of an answer to "why is this not moving?"."""

import msgspec

FIXES = {
    "budget": ("Raise the budget", "budget"),
    "capability": ("Look at the providers", "provider"),
}


class Why(msgspec.Struct, frozen=True):
    """`verb` names what the action does: a verb of the task, or assign, resume, provider, budget, look, decide, limits,
    quota.

    `ref` is what the verb is about when that is not the task: an agent's slug, a task's number or an approval's id.
    """

    code: str
    sentence: str
    action: str = ""
    verb: str = ""
    ref: str = ""


def until(moment: str) -> str:
    """For people; "" for a moment that never comes by itself."""
    return f" until {moment[:19].replace('T', ' ')} UTC" if moment < "9" else ""
