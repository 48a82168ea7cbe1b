"""Which provider account serves a model."""

from appliance.db.database import Database
from appliance.domain import route_plans
from appliance.domain.providers import Provider
from appliance.domain.route_shapes import Want


def resolve(db: Database, model: str) -> tuple[Provider, str]:
    """The account that would serve `model` now, and the model's name there.

    `account/model` names the account itself, and the name of a route the first of its targets. Raises
    Problem(provider_failed) that says what to add when nothing serves it.
    """
    first = route_plans.look(db, Want(model)).first
    return first.provider, first.model
