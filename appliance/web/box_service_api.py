"""The box as a program, over HTTP, for its owners."""

from litestar import Controller, get, post

from appliance.db.database import Database
from appliance.domain import audit
from appliance.domain.actor import Actor
from appliance.domain.chain import Proof
from appliance.web.box_standing import Certificate, Standing, renewed, standing
from appliance.web.services import Services


class BoxServiceApi(Controller):
    path = "/service"

    @get("/", sync_to_thread=True, summary="Version, place, service and certificate of the box")
    def show(self, control: Database, services: Services) -> Standing:
        return standing(control, services)

    @get("/audit", sync_to_thread=True, summary="Is the box's audit log as it was written?")
    def audit(self, control: Database) -> Proof:
        return audit.verify(control)

    @post("/tls/renew", status_code=200, sync_to_thread=True, summary="Another certificate for the same names")
    def renew(self, control: Database, services: Services, actor: Actor) -> Certificate:
        return renewed(control, services.settings, actor)
