"""What a run may wait for while its worker is free: a timer, a provider's quota, or money."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budget_asks, budget_questions, budgets, preferences, runs, scopes, standing
from appliance.domain.actor import Actor
from appliance.domain.budgets import Budget, OverBudget
from appliance.domain.runs import Run
from appliance.errors import Problem

BATCH = 200
_BEHIND = """
SELECT id, needs_nano, provider_id, needs_model FROM runs r
WHERE state = 'waiting' AND reason = 'budget' AND wait_key = :key AND needs_nano <= :room {which}
ORDER BY priority DESC, created_at, id"""
# Runs that some budget may cover: of those that none does, any number may stand before them.
_COVERED = """
AND (EXISTS (SELECT 1 FROM budgets b WHERE b.scope = 'tenant' OR (b.scope = 'provider' AND b.scope_id = r.provider_id)
    OR (b.scope = 'model' AND b.scope_id = r.needs_model) OR (b.scope = 'agent' AND b.scope_id = r.agent_id)
    OR (b.scope = 'run' AND b.scope_id = r.id))
  OR r.task_id IN (WITH RECURSIVE below (id) AS (
    SELECT t.id FROM tasks t JOIN budgets b ON (b.scope = 'task' AND b.scope_id = t.id)
      OR (b.scope = 'project' AND b.scope_id = t.project)
    UNION SELECT t.id FROM tasks t JOIN below ON t.parent_id = below.id) SELECT id FROM below))"""


def for_time(db: Database, run: Run, reason: str, seconds: float, detail: str) -> None:
    """Go on after `seconds`; `reason` is timer or quota. In the engine's transaction."""
    runs.wait(db, run, reason, clock.ahead(seconds), detail)


def for_budget(db: Database, run: Run, over: OverBudget) -> None:
    """Go on when there is room for the call; a person is asked, once. In the engine's transaction."""
    if not runs.wait(db, run, "budget", None, over.detail):
        return
    _hold(db, run, over)
    standing.block(db, run.task_id, "budget", over.detail, run.id)


def release_budget(db: Database, actor: Actor) -> int:
    """Let go on every run that waits for money and whose next call has room now; how many there were.

    Room comes from a raised limit, a new hour, day or month, or a call that cost less than was held for it. A run that
    another budget holds now waits for that one.
    """
    sql = """SELECT wait_key, MIN(needs_nano) AS needs_nano FROM runs WHERE state = 'waiting' AND reason = 'budget'
             GROUP BY wait_key"""
    released = 0
    if held := db.rows(sql):
        with db.transaction():
            released = sum(_behind(db, actor, row["wait_key"], row["needs_nano"]) for row in held)
    budget_questions.withdraw_idle(db)
    return released


def _behind(db: Database, actor: Actor, key: str, least_nano: int) -> int:
    """Look at the runs behind one question; `least_nano` is what the smallest of their next calls needs."""
    budget = _budget(db, key)
    if budget is None:
        return _uncovered(db, actor, key)
    if budget.has_room(least_nano):
        return _release(db, actor, key, budget.left_nano)
    if key != budget_asks.key(db, budget) or not budget_questions.stands(db, key):
        _ask_again(db, key, budget)
    return 0


def _budget(db: Database, key: str) -> Budget | None:
    try:
        budget_id = budget_asks.budget_of(key)
        return budgets.get(db, budget_id) if budget_id else None
    except Problem:
        return None


def _uncovered(db: Database, actor: Actor, key: str) -> int:
    """Work that no budget covered goes on when one does now, or when none is needed any more; others ask on."""
    if _still_uncovered(db, key):
        return 0
    waits = key.startswith(budget_asks.UNCOVERED) and not preferences.get(db, "uncapped", False)
    released = _release(db, actor, key, budgets.MOST, _COVERED if waits else "")
    if waits and (key != budget_asks.key(db, None) or not budget_questions.stands(db, key)):
        _ask_again(db, key, None)
    return released


def _still_uncovered(db: Database, key: str) -> bool:
    """Nothing has changed for work without a budget: a quick answer, for every second."""
    if not key.startswith(budget_asks.UNCOVERED) or preferences.get(db, "uncapped", False):
        return False
    return db.value("SELECT id FROM budgets LIMIT 1") is None and budget_questions.stands(db, key) is not None


def _ask_again(db: Database, key: str, budget: Budget | None) -> None:
    """Another span has begun, or the question was voided, and there is no room: one question for all behind it."""
    row = db.one(f"{_BEHIND.format(which='')} LIMIT 1", {"key": key, "room": budgets.MOST})
    if row is None:
        # The last of them has ended or gone on meanwhile.
        return
    again = budget_questions.ask(db, OverBudget(row["needs_nano"], (), budget), runs.get(db, row["id"]))
    db.update("runs", {"wait_key": key, "state": "waiting", "reason": "budget"}, wait_key=again)


def _release(db: Database, actor: Actor, key: str, room_nano: int, which: str = "") -> int:
    released = 0
    for row in db.rows(f"{_BEHIND.format(which=which)} LIMIT {BATCH}", {"key": key, "room": room_nano}):
        run = runs.get(db, row["id"])
        to = {"provider_id": row["provider_id"], "model": row["needs_model"]}
        counted = scopes.of(db, **to, agent_id=run.agent_id, task_id=run.task_id, run_id=run.id)
        metered = key.startswith(budget_asks.UNCOVERED)
        if over := budgets.short(db, counted, row["needs_nano"], metered):
            if budget_asks.key(db, over.budget) != key or not budget_questions.stands(db, key):
                _hold(db, run, over)
            continue
        runs.wake(db, run.id)
        standing.unblock(db, actor, run.task_id, run.id)
        released += 1
    return released


def _hold(db: Database, run: Run, over: OverBudget) -> None:
    """Keep on the waiting run what it needs and which question it waits behind."""
    to = {scope.kind: scope.id for scope in over.scopes}
    waits_for = {"provider_id": to.get("provider"), "needs_model": to.get("model", "")}
    key = budget_questions.ask(db, over, run)
    db.update("runs", {"id": run.id}, needs_nano=over.needed_nano, wait_key=key, **waits_for)
    db.update("runs", {"id": run.id}, failure_detail=over.detail)
    db.update("tasks", {"id": run.task_id, "state": "blocked"}, blocked_detail=over.detail)
