"""Where the backups of the box go, over HTTP, for its owners."""

from litestar import Controller, delete, post
from litestar.params import FromPath

from appliance.backup import places
from appliance.backup.places import NewPlace, Place
from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.web import respond
from appliance.web.respond import Reply
from appliance.web.services import Services


class BackupTargetsApi(Controller):
    path = "/backups/targets"
    tags = ["box"]

    @post("/", sync_to_thread=True, summary="Try a target and add it")
    def add(self, control: Database, actor: Actor, services: Services, data: NewPlace) -> Reply:
        """The secret goes in and never out. The host key that an SFTP machine shows now is the only one taken later."""
        return respond.created(places.add(control, actor, services.vault, services.settings.data_dir, data))

    @post("/{name:str}/test", status_code=200, sync_to_thread=True, summary="Look whether a target answers")
    def test(self, control: Database, services: Services, name: FromPath[str]) -> Place:
        return places.test(control, services.vault, services.settings.data_dir, name)

    @delete("/{name:str}", sync_to_thread=True, summary="Forget a target; what it holds stays there")
    def remove(self, control: Database, actor: Actor, services: Services, name: FromPath[str]) -> None:
        places.remove(control, actor, services.settings.data_dir, name)
