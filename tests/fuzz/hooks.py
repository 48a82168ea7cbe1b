"""What Schemathesis asks of every answer beside its own checks; it loads this file by SCHEMATHESIS_HOOKS."""

import schemathesis


@schemathesis.check
def refusals_are_problems(ctx, response, case):  # type: ignore[no-untyped-def]
    """A refusal is an RFC 9457 problem with our code, whatever was refused."""
    if 400 <= response.status_code < 500:
        kind = response.headers.get("content-type", [""])[0]
        assert kind.startswith("application/problem+json"), f"{response.status_code} with {kind}"
        assert response.json().get("code"), f"{response.status_code} without a code"
