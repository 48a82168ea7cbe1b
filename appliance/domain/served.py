"""The names that a tool may ask for: routes first, then the models of the accounts that take calls now."""

from appliance.db.database import Database
from appliance.domain import routes


def names(db: Database) -> list[str]:
    """What `/gw/v1/models` lists for a key that may ask for anything; no name is there twice."""
    book = routes.book(db)
    resting = {account.id for account in book.accounts.values() if account.paused or account.out_at}
    models = {model for model, by in book.serving.items() if any(account.id not in resting for account in by)}
    return [*sorted(book.routes), *sorted(models - set(book.routes))]
