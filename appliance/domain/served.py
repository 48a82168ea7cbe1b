"""The names that a tool may ask for: routes first, then the models of the accounts that work."""

from appliance.db.database import Database
from appliance.domain import providers, routes


def names(db: Database) -> list[str]:
    """Without a name twice; a route stands for models of several accounts."""
    found = [route.name for route in routes.every(db)]
    models = {model for provider in providers.all(db) if not provider.paused for model in provider.models}
    return found + sorted(models - set(found))
