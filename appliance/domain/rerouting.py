"""A call that is open goes on at another account: what is held for it moves along."""

from appliance.db.database import Database, Row
from appliance.domain import budgets, route_decisions
from appliance.domain.ledger import Opening
from appliance.domain.route_shapes import Candidate


def move(db: Database, call_id: str, opening: Opening, target: Candidate) -> None:
    """Hold the new target's estimate on everything the call counts on there, and let go of the old one's.

    Raises OverBudget when there is no room; then all is as it was.
    """
    about: Row = {"provider_id": opening.provider_id, "model": opening.model}
    about |= {"simulated": opening.simulated, "estimate_nano": opening.estimate_nano}
    with db.transaction():
        db.delete("reservations", call_id=call_id)
        budgets.reserve(db, call_id, opening.scopes, opening.estimate_nano, opening.owner, opening.metered)
        db.update("calls", {"id": call_id}, **about)
        route_decisions.moved(db, call_id, target)
