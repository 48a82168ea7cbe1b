"""The inbox: everything that waits for a person to decide, in one list."""

import msgspec

from appliance.db.database import Database, Row
from appliance.domain import approval_rows, approval_words, decision_verbs, records
from appliance.domain.decision_verbs import Verb
from appliance.domain.records import Page

# Ended work in review and stuck work has no approval row of its own; what has one is listed once, as that.
_UNASKED = "NOT EXISTS (SELECT 1 FROM approvals q WHERE q.task_id = t.id AND q.state = 'pending')"
_TASK = """t.id AS task_id, t.number AS task_number, t.title AS task_title, a.name AS agent_name"""
_OF_TASK = "LEFT JOIN agents a ON a.id = t.agent_id"
_NO_MONEY = "NULL AS expires_at, 0 AS amount_nano, '' AS digest"
_ALL = f"""
SELECT p.kind, p.id, p.title, '' AS sentence, {_TASK}, p.created_at AS since, p.expires_at,
  p.estimate_nano AS amount_nano, p.digest,
  COALESCE(t.priority, 1) * 2 + CASE WHEN p.expires_at IS NULL THEN 0 ELSE 1 END AS urgency
FROM approvals p LEFT JOIN tasks t ON t.id = p.task_id LEFT JOIN agents a ON a.id = p.agent_id
WHERE p.state = 'pending'
UNION ALL
SELECT 'review', t.id, t.title, '', {_TASK}, t.updated_at, {_NO_MONEY}, t.priority * 2
FROM tasks t {_OF_TASK} WHERE t.state = 'in_review' AND {_UNASKED}
  AND NOT EXISTS (SELECT 1 FROM tasks c WHERE c.parent_id = t.id AND c.state NOT IN ('done', 'cancelled'))
UNION ALL
SELECT 'parked', r.id, t.title, r.failure_detail, {_TASK}, t.updated_at, {_NO_MONEY}, t.priority * 2
FROM runs r JOIN tasks t ON t.id = r.task_id AND t.run_id = r.id {_OF_TASK}
WHERE r.state = 'parked' AND t.state NOT IN ('done', 'cancelled') AND {_UNASKED}
UNION ALL
SELECT 'blocked', t.id, t.title, t.blocked_detail, {_TASK}, t.updated_at, {_NO_MONEY}, t.priority * 2
FROM tasks t {_OF_TASK} LEFT JOIN runs r ON r.id = t.run_id
WHERE t.state = 'blocked' AND t.blocked_reason IN ('needs_input', 'needs_decision', 'capability')
  AND COALESCE(r.state, '') <> 'parked' AND {_UNASKED} AND NOT EXISTS (SELECT 1 FROM instances i WHERE i.task_id = t.id)
UNION ALL
SELECT 'workflow', t.id, t.title, t.blocked_detail, {_TASK}, t.updated_at, {_NO_MONEY}, t.priority * 2
FROM instances i JOIN tasks t ON t.id = i.task_id {_OF_TASK}
WHERE i.state = 'failed' AND t.state = 'blocked' AND {_UNASKED}
"""
REVIEW = "{} has ended the work. Accept the result, or say what is missing."
VERBS = {
    "review": [Verb("approve", "Accept")],
    "parked": [Verb("retry", "Try again")],
    "blocked": [Verb("retry", "Run again")],
    "workflow": [Verb("again", "Run again from the step that failed")],
}


class Item(msgspec.Struct, frozen=True):
    """`kind` is a kind of approval, or review, parked, blocked or workflow; `id` is the approval's, task's or run's.

    `amount_nano` in nano-dollars; `verbs` are what a person can answer.
    """

    kind: str
    id: str
    title: str
    sentence: str
    task_id: str | None
    task_number: int | None
    task_title: str | None
    agent_name: str | None
    since: str
    expires_at: str | None
    amount_nano: int
    digest: str
    urgency: int
    verbs: list[Verb] = []

    @property
    def asked(self) -> bool:
        """Whether it is an approval."""
        return self.kind in approval_rows.KINDS

    @property
    def path(self) -> str:
        """Where a person answers, inside of the tenant."""
        if self.asked:
            return f"/approvals/{self.id}"
        return f"/{'instances' if self.kind == 'workflow' else 'tasks'}/{self.task_number}"


def items(db: Database, limit: int = records.LIMIT, cursor: str = "") -> Page[Item]:
    """The most urgent first (the task's priority, then what expires), of those the newest.

    Raises Problem(bad_cursor).
    """
    given: Row = {"limit": max(1, min(limit, records.LIMIT_MAX))}
    after = ""
    if cursor:
        given["urgency"], given["since"], given["id"] = records.read_cursor(cursor, int, str, str)
        after = """WHERE urgency < :urgency OR (urgency = :urgency AND
          (since < :since OR (since = :since AND id < :id)))"""
    sql = f"SELECT * FROM ({_ALL}) i {after} ORDER BY urgency DESC, since DESC, id DESC LIMIT :limit + 1"
    found = [records.to(Item, row) for row in db.rows(sql, given)]
    page = records.page(found, given["limit"], lambda item: (item.urgency, item.since, item.id))
    return Page([_told(db, item) for item in page.items], page.next_cursor)


def counts(db: Database) -> dict[str, int]:
    """How many of each kind wait; kinds with none are left out."""
    return {row["kind"]: row["n"] for row in db.rows(f"SELECT kind, COUNT(*) AS n FROM ({_ALL}) i GROUP BY kind")}


def total(db: Database) -> int:
    return sum(counts(db).values())


def _told(db: Database, item: Item) -> Item:
    if item.asked:
        found = approval_rows.get(db, item.id)
        said, verbs = approval_words.sentence(found), decision_verbs.of(found)
    else:
        said = item.sentence or REVIEW.format(item.agent_name or "A person")
        verbs = VERBS[item.kind]
    return msgspec.structs.replace(item, sentence=said, verbs=verbs)
