"""Which provider account serves a model."""

from appliance.db.database import Database
from appliance.domain import providers
from appliance.domain.providers import Provider
from appliance.errors import Problem


def resolve(db: Database, model: str) -> tuple[Provider, str]:
    """The account that serves `model` and the model's name there. `account/model` names the account itself.

    Raises Problem(provider_failed) that says what to add when nothing serves it.
    """
    accounts = providers.all(db)
    named = [(p, model[len(p.name) + 1 :]) for p in accounts if model.startswith(p.name + "/")]
    serving = named + [(p, model) for p in accounts if model in p.models]
    for provider, name in serving:
        if not provider.paused:
            return provider, name
    if serving:
        raise Problem("provider_failed", f"The account {serving[0][0].name} serves '{model}' but is paused. Resume it.")
    raise Problem(
        "provider_failed", f"No provider account serves the model '{model}'. Add one, or change the agent's model."
    )
