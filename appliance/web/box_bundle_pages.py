"""Bundles on the pages of the box: a tenant taken along as one file, brought in from one, and copied."""

from typing import Annotated, Any, BinaryIO, cast

from litestar import Controller, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Stream

from appliance import bundles
from appliance.bundles import Fork, Imported, Wish
from appliance.db.database import Database
from appliance.domain import plans, tenants
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid
from appliance.web import respond
from appliance.web.box import BoxFrame
from appliance.web.box_bundles import UPLOAD_MOST, packed
from appliance.web.box_tenants import HERE, tenant_page
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


class BoxBundlesPages(Controller):
    path = "/tenants"

    @get("/import", sync_to_thread=True)
    def form(self, frame: BoxFrame, control: Database) -> Reply:
        return _form(frame, control, {"owner": frame.person.email})

    @post("/import", sync_to_thread=True, request_max_body_size=UPLOAD_MOST)
    def import_(self, frame: BoxFrame, control: Database, services: Services, actor: Actor, data: Upload) -> Reply:
        typed = {name: value for name, value in data.items() if isinstance(value, str)}
        file, trial = data.get("file"), "check" in typed
        make = bundles.rehearse if trial else bundles.read
        try:
            if not isinstance(file, UploadFile):
                raise invalid(file="is required")
            wish = respond.form(Wish, {name: value for name, value in typed.items() if name != "check"})
            bundles.check_wish(control, wish)
            made = make(services.catalogue, services.vault, cast(BinaryIO, file.file), wish, actor)
        except Problem as problem:
            return _form(frame, control, typed, problem)
        if trial:
            del typed["check"]
            return _form(frame, control, typed, found=made)
        return respond.redirect(f"{HERE}/{made.tenant.slug}", _said(made))

    @post("/{ref:str}/export", sync_to_thread=True, opt={"packed": True})
    def export(self, control: Database, services: Services, ref: Ref, data: Fields) -> Stream:
        return packed(services, tenants.by_slug(control, ref), data.get("passphrase", ""))

    @post("/{ref:str}/fork", sync_to_thread=True)
    def fork(
        self, frame: BoxFrame, control: Database, services: Services, actor: Actor, ref: Ref, data: Fields
    ) -> Reply:
        found = tenants.by_slug(control, ref)
        try:
            new = respond.form(Fork, data)
            made = bundles.fork(services.catalogue, services.vault, found.id, new, actor).tenant
        except Problem as problem:
            return tenant_page(frame, control, services, found, problem, data)
        return respond.redirect(f"{HERE}/{made.slug}", f"{made.slug} is a copy of {found.slug}.")


def _said(made: Imported) -> str:
    ready = f"{made.tenant.name} is ready. Its schedules are disarmed until somebody resumes them."
    return f"{ready} Without a way in: {', '.join(made.strangers)}." if made.strangers else ready


def _form(
    frame: BoxFrame,
    control: Database,
    typed: dict[str, str],
    problem: Problem | None = None,
    found: Imported | None = None,
) -> Reply:
    """`found` is what a trial would have made."""
    return respond.page(
        frame,
        "box/tenant_import.html",
        respond.form_status(problem) if problem else 200,
        form=typed,
        errors=respond.faults(problem) if problem else {},
        found=found,
        plans=[(plan.slug, plan.name) for plan in plans.every(control)],
        most=UPLOAD_MOST,
    )


BOX_PAGES = [BoxBundlesPages]
