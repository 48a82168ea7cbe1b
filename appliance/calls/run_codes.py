"""What any code on a run means: the engine's own, those of model calls, and every refusal."""

from appliance.domain.run_codes import CODES, RunCode
from appliance.errors import CODES as PROBLEMS
from appliance.gateway.failures import FAILURES

# What going on with the same conversation would only meet again.
STUCK = ("context_too_long", "provider_rejected", "gateway_defect")


def of(code: str) -> RunCode:
    """The engine's own meaning goes before the gateway's. Raises KeyError for a code that no list has."""
    if code in CODES:
        return CODES[code]
    if code in FAILURES:
        row = FAILURES[code]
        return RunCode(row.title, row.what_to_do, row.retryable, code not in STUCK)
    return RunCode(PROBLEMS[code].title, "Read what it said, change that, then run it again.")
