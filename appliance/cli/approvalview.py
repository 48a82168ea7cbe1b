"""How an approval reads in a terminal."""

import msgspec

from appliance.cli.show import ago, facts, money, words
from appliance.domain import approval_words, decision_rights, decision_verbs
from appliance.domain.approvals import Approval

SHORT = 8


def about(found: Approval) -> str:
    known = facts(
        [
            ("Id", found.id),
            (words(found.kind).capitalize(), found.title),
            ("State", decision_rights.closed(found) or "Pending"),
            ("Asked by", found.requested_name),
            ("Task", found.task_number and f"#{found.task_number} {found.task_title}"),
            ("Cost", money(found.estimate_nano) if found.estimate_nano else ""),
            ("Expires", found.expires_at and ago(found.expires_at)),
            ("Digest", found.digest),
        ]
    )
    # As escaped JSON: a character that steers a terminal shows as its code.
    payload = msgspec.json.format(msgspec.json.encode(found.payload), indent=2).decode()
    parts = [known, found.detail, ascii(payload)[1:-1].replace("\\n", "\n"), _how(found)]
    return "\n\n".join(part for part in parts if part)


def _how(found: Approval) -> str:
    offered = decision_verbs.verbs(found)
    if not offered:
        return found.note
    commands = []
    for one in offered:
        named = {"request_changes": "request-changes"}.get(one.verdict, one.verdict)
        option = f" --option {one.option}" if one.option else ""
        amount = " --amount-usd USD" if one.asks else ""
        commands.append((f"{one.label}:", f"agenthq approval {named} {found.id[-SHORT:]}{option}{amount}"))
    return f"{approval_words.consequence(found)}\n\n" + facts(commands)
