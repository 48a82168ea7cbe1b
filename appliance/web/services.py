"""What the composition root hands to the web: everything a handler may need, nothing ambient."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from appliance.calls import Calls
from appliance.crypto import Vault
from appliance.db.tenants import Catalogue
from appliance.domain.actor import Actor
from appliance.domain.tenants import Tenant
from appliance.post import Post, office
from appliance.settings import Settings


class Answers(msgspec.Struct, frozen=True):
    """What the person chose at first start: `provider` is simulated or later; the cap is for a month."""

    provider: str = "later"
    cap_usd: str = ""


AfterSetup = Callable[[Tenant, Actor, Answers], None]


def nothing_more(tenant: Tenant, owner: Actor, answers: Answers) -> None:
    """A tenant without sample team and provider."""


class Services(NamedTuple):
    settings: Settings
    catalogue: Catalogue
    vault: Vault
    calls: Calls
    after_setup: AfterSetup = nothing_more
    ask_queue: Callable[[Settings], str] | None = None

    @property
    def post(self) -> Post:
        """The way of notices that a person sends by hand."""
        return office(self.settings, self.catalogue, self.vault, self.calls.accounts.gateway)
