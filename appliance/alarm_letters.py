"""An alert in the words of each channel: e-mail, JSON for webhooks, JSON for ntfy."""

from html import escape

import msgspec

from appliance import clock
from appliance.domain.alert_channels import AlertChannel
from appliance.domain.alert_letters import Letter
from appliance.domain.alerts import Alert
from appliance.gateway.mail import Mail

FOOT = "You get this as an owner of the box. What is open, and the channels: "
BEFORE = {"raised": "", "again": "Still: ", "cleared": "Over: ", "test": ""}


def title(letter: Letter, alert: Alert) -> str:
    if letter.event == "test":
        return "This is a test"
    of = f" ({alert.subject})" if alert.subject else ""
    return f"{BEFORE[letter.event]}{alert.title}{of}"


def email(letter: Letter, alert: Alert, to: str, link: str) -> Mail:
    page = f"{link}/box/health"
    fix = alert.fix if letter.event != "cleared" else ""
    text = "\n\n".join(part for part in (alert.said, fix, f"{FOOT}{page}") if part)
    parts = "".join(f"<p>{escape(part)}</p>" for part in (alert.said, fix) if part)
    html = f'{parts}<p>{escape(FOOT)}<a href="{escape(page)}">{escape(page)}</a></p>'
    return Mail(
        id=letter.id,
        to=to,
        subject=f"[AgentHQ] {title(letter, alert)}",
        text=text + "\n",
        html=html,
        at=clock.parse(letter.created_at),
        thread=letter.alert_id if letter.event != "test" else "",
    )


def webhook(letter: Letter, alert: Alert, link: str) -> bytes:
    """`type` and `timestamp` are those of Standard Webhooks."""
    data = {
        "id": letter.alert_id,
        "rule": alert.rule,
        "subject": alert.subject,
        "severity": alert.severity,
        "title": title(letter, alert),
        "text": alert.said,
        "what_to_do": alert.fix,
        "raised_at": alert.raised_at,
        "cleared_at": alert.cleared_at,
        "url": f"{link}/box/health",
    }
    return msgspec.json.encode({"type": f"alert.{letter.event}", "timestamp": letter.created_at, "data": data})


def ntfy(letter: Letter, alert: Alert, channel: AlertChannel, link: str) -> bytes:
    urgent = alert.severity == "critical" and letter.event in ("raised", "again")
    fix = alert.fix if letter.event != "cleared" else ""
    message = {"topic": channel.topic, "title": f"[AgentHQ] {title(letter, alert)}"}
    message |= {"message": f"{alert.said}\n{fix}".strip(), "click": f"{link}/box/health"}
    return msgspec.json.encode(message | {"priority": 5 if urgent else 3})
