"""Requests that only ask whether anybody is there: answered well, and nothing is carried out."""

from typing import Any

import msgspec

from appliance.domain.hook_given import Given
from appliance.domain.hooks import Hook

# Stripe's dashboard sends every test event under this id.
STRIPE_TEST = "evt_00000000000000"


class Greeting(msgspec.Struct, frozen=True):
    """`reply` is the body that the sender wants to see, None for the usual answer."""

    reason: str
    reply: Any = None


def answer(hook: Hook, given: Given) -> Greeting | None:
    """None for a delivery that means something."""
    body = given.body if isinstance(given.body, dict) else {}
    scheme = hook.signing.scheme
    if scheme in ("", "github") and given.headers.get("x-github-event") == "ping":
        return Greeting("GitHub's ping arrived.")
    if scheme in ("", "slack") and body.get("type") == "url_verification" and isinstance(body.get("challenge"), str):
        return Greeting("Slack's challenge was answered.", {"challenge": body["challenge"]})
    if scheme == "stripe" and body.get("id") == STRIPE_TEST:
        return Greeting("Stripe's test event arrived.")
    return None
