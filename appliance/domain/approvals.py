"""Approvals: what an agent or the engine may do only once a person has agreed to exactly that.

pending → approved → consumed; or rejected, changes_requested, expired, superseded (its payload changed) or withdrawn
(its run ended). Deciding is in decisions.py.
"""

from appliance.domain.approval_asks import ask
from appliance.domain.approval_clocks import sweep
from appliance.domain.approval_lists import decided, listing, of_run, of_step, of_task
from appliance.domain.approval_rows import KINDS, STATES, Approval, Option, get
from appliance.domain.approval_uses import consume, withdraw, withdraw_of_task
from appliance.domain.ask_forms import Ask, digest

__all__ = [
    "KINDS",
    "STATES",
    "Approval",
    "Ask",
    "Option",
    "ask",
    "consume",
    "decided",
    "digest",
    "get",
    "listing",
    "of_run",
    "of_step",
    "of_task",
    "sweep",
    "withdraw",
    "withdraw_of_task",
]
