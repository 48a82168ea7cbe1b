"""What a person can be told of."""

from typing import Literal

from appliance.domain.actor import Role

Kind = Literal["mine", "decisions", "failures", "budget", "finished", "digest"]
KINDS: dict[str, tuple[str, str]] = {
    "mine": (
        "Decisions that wait for me",
        "Assigned or handed to me, or about a task I created.",
    ),
    "decisions": ("All decisions", "Whoever they are for."),
    "failures": ("Failures", "Work that has stopped until somebody looks at it."),
    "budget": (
        "Budget stops",
        "Half, 80 % or all of a budget is spent, storage runs out, or a provider bills otherwise than listed.",
    ),
    "finished": ("Finished tasks I created", "With the result."),
    "digest": ("A daily summary", "What waits for a decision, once a day."),
}
# May come through quiet hours, where the person says so.
URGENT = ("mine", "budget")
# A tenant's channel is nobody: it hears of everything of these kinds.
COMMON = ("decisions", "failures", "budget", "finished")
EMAIL = "email"


def usual(role: Role) -> dict[str, list[str]]:
    """What a person hears of who has not said anything: by e-mail, and only what needs them."""
    kinds = {"viewer": (), "operator": ("mine",)}.get(role, ("mine", "failures", "budget"))
    return {kind: [EMAIL] for kind in kinds}
