"""What an approval says in words: one sentence for a list, and what follows from deciding."""

from appliance.domain.approval_rows import Approval

FOLLOWS = {
    "question": "The run goes on with your answer.",
    "budget": "What you choose holds at once, and the work that waits for it goes on.",
    "in_doubt": "This may already have happened: the work stopped between starting it and hearing the outcome. "
    "Look there before you let it be done again.",
    "breaker": "Work was stopped because it went round in circles or spent too fast. If you let it go on, "
    "its failures count from zero.",
    "step": "The workflow goes on with your decision.",
}


def sentence(found: Approval) -> str:
    """Who wants what."""
    who = found.agent_name or found.requested_name
    if found.kind == "action":
        target = found.payload.get("target")
        return f"{who} wants to use {found.payload.get('tool')}" + (f" on {target}." if target else ".")
    if found.kind == "question":
        return f"{who} asks."
    if found.kind == "step":
        return f"The workflow {found.payload.get('workflow')} asks at its step {found.payload.get('step')}."
    return found.detail.partition("\n")[0] or f"{who} needs a decision."


def consequence(found: Approval) -> str:
    """What happens when it is decided, and when it is not."""
    if found.kind != "action":
        return FOLLOWS[found.kind]
    who = found.agent_name or found.requested_name
    does = f"Once approved, {found.payload.get('tool')} runs once, with exactly what is shown; any change asks again."
    return f"{does} If you reject it, it is not done, and {who} reads your note and goes on without it."


def silence(found: Approval) -> str:
    """What happens when nobody decides in time."""
    if found.expires_at is None:
        return "It waits until somebody decides."
    if found.on_expiry == "reject":
        return "If nobody decides by then, it is not done."
    label = next((option.label for option in found.options if option.value == found.on_expiry), found.on_expiry)
    return f"If nobody answers by then, the answer is “{label}”."
