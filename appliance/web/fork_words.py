"""What "run again from here" says before it is done: which steps are taken over and which effects come again."""

from collections import Counter

from appliance.domain.forks import Plan
from appliance.web.acts import Act

TWICE = ("once", "keyed", "checkable")


def button(base: str, run_id: str, key: str, plan: Plan) -> Act:
    """The button of one step; `key` is "" for going on after the last."""
    text = "Run again from here" if key else "Go on from the last step"
    href = f"{base}/runs/{run_id}/fork"
    asks = f"Run again from {key}?" if key else "Go on after the last recorded step?"
    return Act(text, href, "git-branch", confirm=asks, detail=detail(plan), value=key, name="from")


def detail(plan: Plan) -> str:
    """Sentences for the dialog."""
    kept = f"{_steps(len(plan.kept))} before it {'is' if len(plan.kept) == 1 else 'are'} taken over and cost nothing"
    first = f"{kept} again." if plan.kept else "It is a new start: nothing is taken over."
    return " ".join(part for part in (first, _repeated(plan), _twice(plan)) if part)


def _repeated(plan: Plan) -> str:
    counted = Counter("model calls" if s.kind == "model" else s.name for s in plan.repeated if s.kind != "note")
    if not counted:
        return ""
    named = [f"{count} × {name}" if count > 1 else name.replace("calls", "call") for name, count in counted.items()]
    more = f" and {len(named) - 6} more" if len(named) > 6 else ""
    return f"Done anew: {', '.join(named[:6])}{more}."


def _twice(plan: Plan) -> str:
    names = sorted({s.name for s in plan.repeated if s.effect in TWICE and s.kind != "model"})
    return f"What {', '.join(names)} did outside may happen a second time." if names else ""


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"
