"""A notice in the words of each channel: e-mail as plain text and simple HTML, JSON for webhooks and for ntfy.

Every letter leads to the page where one decides, signed in. None decides anything itself: links are opened by mail
scanners, and mailboxes are read by others.
"""

from html import escape
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.domain.notices.kinds import URGENT
from appliance.domain.notices.rows import Content, Notice
from appliance.gateway.mail import Mail

FOOT = "Nothing is decided by this message: open the page and sign in. What you hear of, and when: "
PRIORITY = {True: 4, False: 3}
CELL = "padding:2px 12px 2px 0;vertical-align:top"


def email(held: Notice, tenant: str, base: str) -> Mail:
    content, settings = held.content, f"{base}/settings/notifications"
    return Mail(
        id=held.id,
        to=held.target,
        subject=f"[{tenant}] {content.title}",
        text=_plain(content, base) + f"\n-- \n{FOOT}{settings}\n",
        html=_html(content, base, settings),
        at=clock.parse(held.created_at),
        thread=held.approval_id or "",
    )


def invitation(to: str, tenant: str, role: str, by: str, link: str) -> Mail:
    """`by` is who invites, or "" for whoever runs the box."""
    said = f"{by} invites you" if by else "You are invited"
    foot = "This link is for you alone and works once. If you do not know what it is about, do nothing."
    text = f"{said} to {tenant} on AgentHQ as {role}. The link works for a week:"
    return personal(to, f"Join {tenant} on AgentHQ", text, link, foot)


def personal(to: str, subject: str, said: str, link: str, foot: str) -> Mail:
    """To one person, with a link that is for them alone."""
    style = "font-family:sans-serif;font-size:15px;line-height:1.5;color:#222;max-width:600px"
    html = f'<div style="{style}"><p>{escape(said)}</p><p><a href="{escape(link)}">{escape(link)}</a></p>'
    html += f'<p style="color:#666;font-size:13px">{escape(foot)}</p></div>'
    text = f"{said}\n\n{link}\n\n-- \n{foot}\n"
    return Mail(ids.new(), to, " ".join(subject.split()), text, html, clock.now())


def webhook(held: Notice, tenant: str, base: str) -> bytes:
    """The body of a webhook; `type` and `timestamp` are those of Standard Webhooks."""
    content = held.content
    data: dict[str, Any] = {
        "id": held.id,
        "kind": held.kind,
        "tenant": tenant,
        "title": content.title,
        "text": content.text,
    }
    data |= {"url": base + content.path, "facts": dict(content.facts)} | content.about
    if content.lines:
        data["items"] = [{"title": one.title, "kind": one.kind, "url": base + one.path} for one in content.lines]
    return msgspec.json.encode({"type": held.event, "timestamp": held.created_at, "data": data})


def ntfy(held: Notice, topic: str, tenant: str, base: str) -> bytes:
    """The JSON that ntfy takes at its root address."""
    content = held.content
    said = "\n".join([content.text, *_facts(content), *(one.title for one in content.lines)]).strip()
    message = {"topic": topic, "title": f"[{tenant}] {content.title}", "message": said or content.title}
    return msgspec.json.encode(message | {"click": base + content.path, "priority": PRIORITY[held.kind in URGENT]})


def _plain(content: Content, base: str) -> str:
    parts = [content.title, content.text, "\n".join(_facts(content))]
    parts.append("\n".join(f"- {one.title}\n  {base}{one.path}" for one in content.lines))
    parts.append(f"and {content.more} more" if content.more else "")
    parts.append(f"Open it: {base}{content.path}" if content.path else "")
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(content: Content) -> list[str]:
    return [f"{name}: {value}" for name, value in content.facts]


def _html(content: Content, base: str, settings: str) -> str:
    facts = "".join(
        f'<tr><td style="{CELL};color:#666">{escape(name)}</td><td style="{CELL}">{escape(value)}</td></tr>'
        for name, value in content.facts
    )
    lines = "".join(f'<li><a href="{escape(base + one.path)}">{escape(one.title)}</a></li>' for one in content.lines)
    parts = [f"<h2 style='font-size:18px;margin:0 0 8px'>{escape(content.title)}</h2>"]
    parts += [f"<p style='white-space:pre-line'>{escape(content.text)}</p>"] if content.text else []
    parts += [f"<table style='border-collapse:collapse'>{facts}</table>"] if facts else []
    parts += [f"<ul>{lines}</ul>"] if lines else []
    parts += [f"<p>and {content.more} more</p>"] if content.more else []
    parts.append(f'<p><a href="{escape(base + content.path)}">Open it</a></p>' if content.path else "")
    foot = f'{escape(FOOT)}<a href="{escape(settings)}">your notifications</a>'
    style = "font-family:sans-serif;font-size:15px;line-height:1.5;color:#222;max-width:600px"
    return f'<div style="{style}">{"".join(parts)}<p style="color:#666;font-size:13px">{foot}</p></div>'
