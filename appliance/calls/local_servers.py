"""Model servers on this machine: looked for on the ports they usually take."""

import msgspec

from appliance.calls.accounts import Accounts
from appliance.gateway.types import Account

PROBE_S = 0.5


class LocalServer(msgspec.Struct, frozen=True):
    name: str
    kind: str
    base_url: str
    models: list[str] = []


USUAL = (
    LocalServer("Ollama", "ollama", "http://127.0.0.1:11434/v1"),
    LocalServer("LM Studio", "openai-compatible", "http://127.0.0.1:1234/v1"),
    LocalServer("llama.cpp", "openai-compatible", "http://127.0.0.1:8080/v1"),
    LocalServer("vLLM", "openai-compatible", "http://127.0.0.1:8000/v1"),
)


def answering(accounts: Accounts) -> list[LocalServer]:
    """Those that answer now, with their models; four short requests."""
    found = []
    for server in USUAL:
        account = Account("probe", server.kind, server.base_url, timeout_s=PROBE_S, silence_s=PROBE_S)
        result = accounts.gateway.test(account)
        if result.ok:
            found.append(msgspec.structs.replace(server, models=list(result.models)))
    return found
