"""The codes with which a run ends or is parked, beside those of a failed model call: one closed table."""

from typing import NamedTuple


class RunCode(NamedTuple):
    """`retryable`: running it again may help with nothing changed. `resumes`: it can go on after its last step."""

    title: str
    what_to_do: str
    retryable: bool = False
    resumes: bool = False

    @property
    def sentence(self) -> str:
        return f"{self.title}. {self.what_to_do}"


CODES: dict[str, RunCode] = {
    "version": RunCode(
        "Made for another version of this program",
        "Update the program, then run it again from the step it stopped at.",
        False,
        True,
    ),
    "mismatch": RunCode(
        "It no longer does what its log says",
        "Run it again from a step before the difference, or from the beginning.",
    ),
    "poison": RunCode(
        "The worker died five times at the same step",
        "Look at the last step and the server's log, then run it again from that step.",
        True,
        True,
    ),
    "in_doubt": RunCode(
        "A step may already have happened", "Look at the place where it would show, then say what you found."
    ),
    "deadline": RunCode("It took longer than its time limit", "Raise the limit or split the task.", True, True),
    "cancelled": RunCode("Somebody stopped it", "Nothing. Run it again when it is wanted after all.", True, True),
    "skipped": RunCode("There was nothing left to do", "Nothing: the task had ended or belonged to somebody else."),
    "forked": RunCode("Set aside for a new run", "Nothing: the new run goes on from one of its steps."),
    "checks_failed": RunCode(
        "The result did not pass its checks", "Read what failed, then change the task, its files or the check."
    ),
    "turn_limit": RunCode("It came to no end", "Make the task smaller or its instructions clearer."),
    "output_limit": RunCode(
        "The answer was cut at the model's output limit", "Split the task, or use a model with a higher limit."
    ),
    "filtered": RunCode(
        "The provider's content filter withheld the answer", "Word the task differently, or choose another provider."
    ),
    "empty_answer": RunCode("The model answered with nothing", "Make the task clearer or choose another model.", True),
    "unknown_tool": RunCode(
        "The model kept calling a tool that does not exist",
        "Give the agent that tool, or choose a more capable model.",
    ),
    "bad_tool_arguments": RunCode(
        "The model kept calling tools with wrong arguments", "Choose a more capable model.", True
    ),
    "http_status": RunCode(
        "The other side answered, but not as expected", "Read its answer, then correct the request or that side.", True
    ),
    "unreachable": RunCode(
        "The other side could not be reached", "Check the address and that the host is allowed, then try again.", True
    ),
    "command_failed": RunCode("The program did not end well", "Read what it wrote, then correct it.", True),
    "budget_exceeded": RunCode("The budget is used up", "Raise the budget, then run it again.", False, True),
    "provider_failed": RunCode("No account could serve the model", "Add or resume a provider account.", True, True),
    "too_large": RunCode("A step's value was too large to keep", "Let the agent use a file for it."),
    "not_found": RunCode("Something it needs is gone", "Read which, bring it back or change the task.", False, True),
    "conflict": RunCode("The state did not allow what it had to do", "Read why, then run it again.", True, True),
    "invalid": RunCode("What it had to do was not valid", "Read what was wrong, then change the task."),
    "maintenance": RunCode("The database of the tenant could not be used", "Mend it, then run it again.", True, True),
    "unavailable": RunCode("Something it needs did not answer", "Run it again once it does.", True, True),
    "disk_full": RunCode("The disk is full", "Free some space, then run it again.", True, True),
}
