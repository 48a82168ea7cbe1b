"""Whose fault a failed call was: the closed list behind `error_type`, by the word before the first underscore.

caller_ is the tool or the agent that asked, policy_ a rule of the tenant, provider_ the account's side, gateway_ us.
"""

UNKNOWN = "gateway_defect"
BY_CODE: dict[str, str] = {
    "provider_rejected": "caller_request",
    "context_too_long": "caller_context",
    "cancelled": "caller_cancelled",
    "client_gone": "caller_gone",
    "given_up": "caller_gone",
    "budget_exceeded": "policy_budget",
    "rate_limited": "policy_rate",
    "model_refused": "policy_model",
    "key_refused": "policy_key",
    "paused": "policy_paused",
    "stopped": "policy_stopped",
    "unpriced_model": "policy_unpriced",
    "provider_address_refused": "policy_address",
    "provider_auth": "provider_auth",
    "provider_payment": "provider_payment",
    "provider_not_found": "provider_not_found",
    "provider_rate_limited": "provider_rate",
    "provider_overloaded": "provider_overloaded",
    "provider_error": "provider_error",
    "provider_timeout": "provider_timeout",
    "provider_unreachable": "provider_unreachable",
    "stream_cut": "provider_cut",
    "provider_garbage": "provider_garbage",
    "empty_answer": "provider_answer",
    "bad_tool_arguments": "provider_answer",
    "unknown_tool": "provider_answer",
    "process_gone": "gateway_stopped",
    "gateway_defect": UNKNOWN,
}


def of(failure_code: str) -> str:
    """ "" for a call that did not fail; a code nobody listed is a defect of ours."""
    return BY_CODE.get(failure_code, UNKNOWN) if failure_code else ""
