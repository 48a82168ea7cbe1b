"""The one way any LLM call is made, and what must be known of an account to make it."""

from appliance.calls.accounts import Accounts
from appliance.calls.caller import Caller, Outcome
from appliance.calls.make import Calls

__all__ = ["Accounts", "Caller", "Calls", "Outcome"]
