"""The room Health of the box: how each part is, open alerts with what to do, channels, and the doctor on demand."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance import diskspace, doctor, watchman
from appliance.db import migrate
from appliance.db.database import Database
from appliance.domain import alert_channels, alert_letters, alerts, box_owners, heartbeats, records, workers
from appliance.domain.actor import Actor
from appliance.domain.alert_channels import AlertChannel, NewAlertChannel
from appliance.domain.alerts import Alert
from appliance.errors import Problem
from appliance.web import health, respond
from appliance.web.box import BoxFrame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

HERE = "/box/health"
Id = FromPath[str]
# Key of /readyz, what it is called, and what it is.
PARTS = (
    ("database", "Database", "a write is found again"),
    ("migrations", "Schema", "as this program needs it"),
    ("scheduler", "Scheduler", "its clock ticks"),
    ("queue", "Workers", "they hear of work"),
    ("disk", "Disk", "more than 5 % is free"),
)


class BoxHealthPages(Controller):
    path = "/health"

    @get("/", sync_to_thread=True)
    def index(self, frame: BoxFrame, control: Database, services: Services, cursor: FromQuery[str] = "") -> Reply:
        return _page(frame, control, services, cursor=cursor)

    @get("/doctor", sync_to_thread=True)
    def examine(self, frame: BoxFrame, services: Services) -> Reply:
        found = list(doctor.examine(services.settings, services.ask_queue))
        found.sort(key=lambda finding: doctor.SEVERITIES.index(finding.severity))
        return respond.page(frame, "box/doctor.html", found=found, counts=doctor.counted(found))

    @post("/alerts/{alert_id:str}/acknowledge", sync_to_thread=True)
    def acknowledge(self, control: Database, actor: Actor, alert_id: Id) -> Reply:
        alert = alerts.acknowledge(control, actor, alert_id)
        return respond.redirect(HERE, f"You look after it: {alert.title}.")

    @post("/channels", sync_to_thread=True)
    def add(self, frame: BoxFrame, control: Database, services: Services, actor: Actor, data: Fields) -> Reply:
        try:
            made = alert_channels.add(control, actor, services.vault, respond.form(NewAlertChannel, data))
        except Problem as problem:
            return _page(frame, control, services, problem, data)
        if made.secret:
            return respond.page(frame, "box/alert_channel.html", channel=made.channel, secret=made.secret)
        return respond.redirect(HERE, f"{made.channel.name} was added.")

    @post("/channels/{channel_id:str}/test", sync_to_thread=True)
    def test(self, control: Database, services: Services, channel_id: Id) -> Reply:
        sent = watchman.test(control, services.vault, services.post, channel_id)
        if sent.state == "sent":
            return respond.redirect(HERE, f"A test went out. {sent.detail}")
        return respond.redirect(HERE, f"The test did not arrive: {sent.detail}", "bad")

    @post("/channels/{channel_id:str}/remove", sync_to_thread=True)
    def remove(self, control: Database, actor: Actor, channel_id: Id) -> Reply:
        alert_channels.remove(control, actor, channel_id)
        return respond.redirect(HERE, "The channel was removed.")


class BoxAlertsApi(Controller):
    path = "/alerts"

    @get("/", sync_to_thread=True, summary="Open alerts of the box")
    def open_ones(self, control: Database) -> records.Page[Alert]:
        return records.Page(alerts.open_ones(control))

    @get("/history", sync_to_thread=True, summary="Alerts that are over, the last raised first")
    def history(self, control: Database, cursor: FromQuery[str] = "") -> records.Page[Alert]:
        return alerts.history(control, cursor=cursor)

    @post("/{alert_id:str}/acknowledge", sync_to_thread=True, status_code=200, summary="Say that you look after it")
    def acknowledge(self, control: Database, actor: Actor, alert_id: Id) -> Alert:
        return alerts.acknowledge(control, actor, alert_id)

    @get("/channels", sync_to_thread=True, summary="Where alerts go")
    def channels(self, control: Database) -> records.Page[AlertChannel]:
        return records.Page(alert_channels.every(control))


def _page(
    frame: BoxFrame,
    control: Database,
    services: Services,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
    cursor: str = "",
) -> Reply:
    shared = services.catalogue.shared
    shown: dict[str, Any] = {"checks": health.look(services), "parts": PARTS, "open": alerts.open_ones(control)}
    shown |= {"past": alerts.history(control, 20, cursor), "channels": alert_channels.every(control)}
    shown |= {"letters": alert_letters.last(control), "smtp": services.post.email}
    shown |= {"processes": [one for one in workers.all(control) if one.role != workers.COMMAND]}
    shown |= {"alive": set(workers.living(control, shared)), "beats": shared}
    shown |= {
        "names": {f"member:{one.id}": one.name for one in box_owners.every(control)}
        | {"system:cli": "the command line"}
    }
    shown |= {"figures": _figures(control, services)}
    errors, form = respond.faults(problem) if problem else {}, typed or {}
    status = respond.form_status(problem) if problem else 200
    return respond.page(frame, "box/health.html", status, errors=errors, form=form, **shown)


def _figures(control: Database, services: Services) -> dict[str, str]:
    """What can be told of a part in a number."""
    ages = {part: f"gave a sign of life {age:.0f} s ago" for part, age in heartbeats.ages(control).items()}
    schema = f"{migrate.version(control)}, as this program needs it"
    return ages | {"migrations": schema, "disk": diskspace.look(services.catalogue.folder).words}


BOX_PAGES = [BoxHealthPages]
BOX_API = [BoxAlertsApi]
