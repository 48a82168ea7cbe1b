"""What a notice says: what is asked, for how much, by when, and what follows when nobody acts."""

from urllib.parse import quote

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import approval_words, budget_words, preferences, quotas
from appliance.domain.approval_rows import Approval
from appliance.domain.events import Event
from appliance.domain.notices.rows import Content

TITLE_LIMIT = 150
TEXT_LIMIT = 600
BEGINS = {
    "approval.reminded": "Reminder: ",
    "approval.escalated": "Handed to the backup: ",
    "approval.handed_on": "Handed on to you: ",
    "approval.assigned": "Assigned to you: ",
    "approval.expiring": "Expires soon: ",
}


def of_approval(db: Database, event: Event, found: Approval) -> Content:
    facts = _of_task(found.task_number, found.task_title)
    if found.estimate_nano:
        facts.append(("Amount", f"{budget_words.cents(found.estimate_nano)} (estimated)"))
    facts.append(("Decide by", moment(db, found.expires_at) if found.expires_at else "no limit"))
    facts.append(("If nobody acts", approval_words.silence(found)))
    said = approval_words.sentence(found)
    # An action's arguments stay on the page: they may hold what is not for a mailbox.
    detail = found.detail if found.kind != "action" and found.detail != said else ""
    about = {"approval_id": found.id, "approval_kind": found.kind, "amount_nano": found.estimate_nano}
    about |= {"expires_at": found.expires_at, "task_number": found.task_number}
    text = "\n".join(part for part in (said, detail) if part)
    title = _title(BEGINS.get(event.kind, "") + found.title)
    return Content(title, _cut(text), facts, f"/approvals/{found.id}", about=about)


def of_task(event: Event, task: Row) -> Content:
    what, text, silent = {
        "task.in_review": ("To review", task["result"], "The task stays in review."),
        "task.done": ("Done", task["result"], ""),
        "task.blocked": ("Stuck", task["blocked_detail"], "The task waits."),
        "run.parked": ("Set aside", task["failure_detail"], "The task waits."),
        "instance.failed": ("Workflow failed", task["blocked_detail"] or task["failure_detail"], "It waits."),
    }[event.kind]
    facts = _of_task(task["number"], task["title"])
    if task["agent_name"]:
        facts.append(("Agent", task["agent_name"]))
    if silent:
        facts.append(("If nobody acts", silent))
    about = {"task_number": task["number"], "run_id": event.run_id}
    room = "instances" if event.kind == "instance.failed" else "tasks"
    title = _title(f"{what}: {task['title']}")
    return Content(title, _cut(text or ""), facts, f"/{room}/{task['number']}", about=about)


def of_budget(event: Event) -> Content:
    told = event.data
    spent, allowed = budget_words.cents(told["spent_nano"]), budget_words.cents(told["allowed_nano"])
    scope = "the organisation" if told["scope"] == "tenant" else f"a {told['scope']}"
    title = f"{told['percent']} % of the budget of {scope} is spent {budget_words.DURING[told['span']]}"
    silent = "Work that needs more stops and asks." if told["percent"] >= 100 else "Work goes on until all is spent."
    facts = [("Spent", f"{spent} of {allowed}"), ("If nobody acts", silent)]
    return Content(title, "", facts, "/costs", about={"budget_id": told["budget_id"], "percent": told["percent"]})


def of_unusual(event: Event) -> Content:
    this, usual = (budget_words.cents(event.data[name]) for name in ("spent_nano", "usual_nano"))
    facts = [("Spent this hour", this), ("A usual hour", usual), ("If nobody acts", "Work goes on within its budgets.")]
    return Content(f"This hour has cost {this} so far; a usual one costs {usual}", "", facts, "/costs")


def of_price(event: Event) -> Content:
    told = event.data
    reported, computed = budget_words.cents(told["reported_nano"]), budget_words.cents(told["computed_nano"])
    facts = [("The provider says", reported), ("The price list says", computed), ("If nobody acts", "The bill counts.")]
    title = f"{told['model']} is billed at another price than the list"
    return Content(title, "", facts, f"/costs/calls?model={quote(told['model'])}", about={"model": told["model"]})


def of_storage(event: Event) -> Content:
    told = event.data
    full = told["percent"] >= 100
    stored = f"{quotas.sized(told['used'])} of {quotas.sized(told['limit'])}"
    silent = (
        "Nothing new is taken; what is there can be read and removed." if full else "Work goes on until it is full."
    )
    title = "The storage of the plan is full" if full else f"{told['percent']} % of the storage of the plan is used"
    return Content(title, "", [("Stored", stored), ("If nobody acts", silent)], "/settings/plan", about=dict(told))


OF_MONEY = {
    "budget.alert": of_budget,
    "spend.unusual": of_unusual,
    "price.differs": of_price,
    "storage.alert": of_storage,
}


def moment(db: Database, iso: str) -> str:
    zone = preferences.zone(db)
    return f"{clock.parse(iso).astimezone(zone):%-d %B %Y, %H:%M} ({zone.key})"


def _of_task(number: int | None, title: str | None) -> list[tuple[str, str]]:
    return [("Task", f"#{number} {title}")] if number else []


def _title(text: str) -> str:
    return _cut(" ".join(text.split()), TITLE_LIMIT)


def _cut(text: str, limit: int = TEXT_LIMIT) -> str:
    return text if len(text.strip()) <= limit else text.strip()[: limit - 1] + "…"
