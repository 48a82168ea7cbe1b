"""What Schemathesis asks of every answer beside its own checks; it loads this file by SCHEMATHESIS_HOOKS."""

import schemathesis


@schemathesis.check
def refusals_are_problems(ctx, response, case):  # type: ignore[no-untyped-def]
    """A refusal is an RFC 9457 problem with our code, whatever was refused."""
    if 400 <= response.status_code < 500:
        kind = response.headers.get("content-type", [""])[0]
        assert kind.startswith("application/problem+json"), f"{response.status_code} with {kind}"
        assert response.json().get("code"), f"{response.status_code} without a code"


@schemathesis.hook
def map_path_parameters(context, path_parameters):  # type: ignore[no-untyped-def]
    """Below the box a tenant that is there: what is made up gets no further than 404."""
    tenant = {"/box/tenants/{ref}": "ref", "/box/plans/tenants/{slug}": "slug"}
    named = next((name for path, name in tenant.items() if path in context.operation.path), "")
    return path_parameters | {named: "fuzzed"} if named and path_parameters else path_parameters
