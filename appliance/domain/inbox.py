"""The inbox: everything that waits for a person to decide, in one list."""

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import approval_rows, approval_words, decision_verbs, records
from appliance.domain.decision_verbs import Verb
from appliance.domain.records import Page
from appliance.errors import invalid

# Ended work in review and stuck work has no approval row of its own; what has one is listed once, as that.
_UNASKED = "NOT EXISTS (SELECT 1 FROM approvals q WHERE q.task_id = t.id AND q.state = 'pending')"
_TASK = """t.id AS task_id, t.number AS task_number, t.title AS task_title, a.name AS agent_name"""
_OF_TASK = "LEFT JOIN agents a ON a.id = t.agent_id"
_NO_MONEY = "NULL AS expires_at, 0 AS amount_nano, '' AS digest"
# What no approval stands for is the business of who made the task.
_OWNER = "CASE WHEN t.created_by LIKE 'member:%' THEN t.created_by END AS assigned_to, NULL AS backup_to"
_ALL = f"""
SELECT p.kind, p.id, p.title, '' AS sentence, {_TASK}, p.created_at AS since, p.expires_at,
  p.estimate_nano AS amount_nano, p.digest, p.assigned_to, p.backup_to,
  COALESCE(t.priority, 1) * 2 + CASE WHEN p.expires_at IS NULL THEN 0 ELSE 1 END AS urgency
FROM approvals p LEFT JOIN tasks t ON t.id = p.task_id LEFT JOIN agents a ON a.id = p.agent_id
WHERE p.state = 'pending'
UNION ALL
SELECT 'review', t.id, t.title, '', {_TASK}, t.updated_at, {_NO_MONEY}, {_OWNER}, t.priority * 2
FROM tasks t {_OF_TASK} WHERE t.state = 'in_review' AND {_UNASKED}
  AND NOT EXISTS (SELECT 1 FROM tasks c WHERE c.parent_id = t.id AND c.state NOT IN ('done', 'cancelled'))
UNION ALL
SELECT 'parked', r.id, t.title, r.failure_detail, {_TASK}, t.updated_at, {_NO_MONEY}, {_OWNER}, t.priority * 2
FROM runs r JOIN tasks t ON t.id = r.task_id AND t.run_id = r.id {_OF_TASK}
WHERE r.state = 'parked' AND t.state NOT IN ('done', 'cancelled') AND {_UNASKED}
UNION ALL
SELECT 'blocked', t.id, t.title, t.blocked_detail, {_TASK}, t.updated_at, {_NO_MONEY}, {_OWNER}, t.priority * 2
FROM tasks t {_OF_TASK} LEFT JOIN runs r ON r.id = t.run_id
WHERE t.state = 'blocked' AND t.blocked_reason IN ('needs_input', 'needs_decision', 'capability')
  AND COALESCE(r.state, '') <> 'parked' AND {_UNASKED} AND NOT EXISTS (SELECT 1 FROM instances i WHERE i.task_id = t.id)
UNION ALL
SELECT 'workflow', t.id, t.title, t.blocked_detail, {_TASK}, t.updated_at, {_NO_MONEY}, {_OWNER}, t.priority * 2
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
GROUPS: dict[str, tuple[str, ...]] = {
    "decisions": ("action", "step", "breaker"),
    "questions": ("question",),
    "failures": ("blocked", "parked", "workflow"),
    "budget": ("budget",),
    "doubt": ("in_doubt",),
    "reviews": ("review",),
}
# Only a failure may wait without anybody losing by it.
SNOOZABLE = GROUPS["failures"]
WHOSE = {
    "mine": "assigned_to = :viewer",
    "backup": "backup_to = :viewer AND COALESCE(assigned_to, '') <> :viewer",
    "nobody": "assigned_to IS NULL",
}
# What fails anew after it was put off is news.
_AWAKE = """NOT EXISTS (SELECT 1 FROM snoozes s
  WHERE s.member = :viewer AND s.item_id = i.id AND s.until > :now AND i.since <= s.at)"""
_TEXT = "LOWER(i.title || ' ' || COALESCE(i.task_title, ''))"
# No pattern: % and _ in what is looked for mean themselves.
_FOUND = f"REPLACE({_TEXT}, :q, '') <> {_TEXT}"


class Item(msgspec.Struct, frozen=True):
    """`kind` is a kind of approval, or review, parked, blocked or workflow; `id` is the approval's, the task's or the
    run's.

    `amount_nano` in nano-dollars; `verbs` are what a person can answer. Whose it is are labels of actors.
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
    assigned_to: str | None
    backup_to: str | None
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


class Filter(msgspec.Struct, frozen=True):
    """`viewer` is the label of who looks: what they have put off is left out, and `whose` (mine, backup or nobody)
    goes by them. `group` is one of GROUPS."""

    viewer: str = ""
    group: str = ""
    whose: str = ""
    q: str = ""

    @property
    def params(self) -> Row:
        return {"viewer": self.viewer, "now": clock.iso(), "q": self.q.strip().lower()}

    @property
    def where(self) -> str:
        """Raises Problem(invalid)."""
        for name, known in (("group", GROUPS), ("whose", WHOSE)):
            if (value := getattr(self, name)) and value not in known:
                raise invalid(**{name: f"take one of {', '.join(known)}"})
        tests = [_AWAKE] if self.viewer else ["TRUE"]
        if self.group:
            tests.append(f"i.kind IN ({', '.join(repr(kind) for kind in GROUPS[self.group])})")
        if self.whose:
            tests.append(WHOSE[self.whose])
        if self.q.strip():
            tests.append(_FOUND)
        return " AND ".join(tests)


ALL = Filter()


def items(db: Database, wanted: Filter = ALL, *, limit: int = records.LIMIT, cursor: str = "") -> Page[Item]:
    """The most urgent first (the task's priority, then what expires), of those the newest.

    Raises Problem(bad_cursor), Problem(invalid).
    """
    given: Row = wanted.params | {"limit": max(1, min(limit, records.LIMIT_MAX))}
    after = ""
    if cursor:
        given["urgency"], given["since"], given["id"] = records.read_cursor(cursor, int, str, str)
        after = """AND (urgency < :urgency OR (urgency = :urgency AND
          (since < :since OR (since = :since AND i.id < :id))))"""
    sql = f"""SELECT * FROM ({_ALL}) i WHERE {wanted.where} {after}
      ORDER BY urgency DESC, since DESC, i.id DESC LIMIT :limit + 1"""
    found = [records.to(Item, row) for row in db.rows(sql, given)]
    page = records.page(found, given["limit"], lambda item: (item.urgency, item.since, item.id))
    return Page([_told(db, item) for item in page.items], page.next_cursor)


def counts(db: Database, wanted: Filter = ALL) -> dict[str, int]:
    """How many of each kind wait; kinds with none are left out."""
    sql = f"SELECT i.kind, COUNT(*) AS n FROM ({_ALL}) i WHERE {wanted.where} GROUP BY i.kind"
    return {row["kind"]: row["n"] for row in db.rows(sql, wanted.params)}


def total(db: Database, wanted: Filter = ALL) -> int:
    return sum(counts(db, wanted).values())


def of_groups(counted: dict[str, int]) -> dict[str, int]:
    """The same by group, all of them."""
    return {group: sum(counted.get(kind, 0) for kind in kinds) for group, kinds in GROUPS.items()}


def of_whose(db: Database, wanted: Filter) -> dict[str, int]:
    """How many there are of each of WHOSE, in the same group."""
    return {whose: total(db, msgspec.structs.replace(wanted, whose=whose)) for whose in WHOSE}


def _told(db: Database, item: Item) -> Item:
    if item.asked:
        found = approval_rows.get(db, item.id)
        said, verbs = approval_words.sentence(found), decision_verbs.of(found)
    else:
        said = item.sentence or REVIEW.format(item.agent_name or "A person")
        verbs = VERBS[item.kind]
    return msgspec.structs.replace(item, sentence=said, verbs=verbs)
