"""An agent's desk whose people are told of things, for the tests of notices."""

from typing import Any, NamedTuple

import msgspec

from appliance.db.database import Database
from appliance.domain import members
from appliance.domain.members import Member
from appliance.domain.notices import channels, deriving, lists, wishes
from appliance.domain.notices.channels import NewChannel
from appliance.domain.notices.kinds import EMAIL
from appliance.domain.notices.rows import Notice
from appliance.domain.notices.wish_forms import WishesChange
from tests.domain.asking import Desk, sit_down
from tests.world import Browser, World


class Room(NamedTuple):
    """Mara's desk in Acme, before anybody was told of anything."""

    world: World
    desk: Desk

    @property
    def db(self) -> Database:
        return self.desk.db

    def people(self) -> list[Member]:
        with self.world.control() as control:
            return members.every(control, self.world.acme.id)

    def read(self, email: bool = True) -> int:
        return deriving.read(self.db, self.people, email)

    def wish(self, who: Browser, *kinds: str, place: str = EMAIL, **more: Any) -> None:
        wanted = msgspec.convert({"kinds": {kind: [place] for kind in kinds}} | more, WishesChange)
        wishes.change(self.db, who.actor, who.member, wanted)

    def channel(self, who: Browser | None = None, kind: str = "ntfy", **more: Any) -> str:
        """The id of a channel of Otto's, or of the tenant's when nobody is named."""
        actor, owner = (who.actor, who.member.id) if who else (self.world.alice.actor, channels.TENANT)
        given = {"kind": kind, "url": "https://ntfy.test/", "topic": "acme"} | more
        return channels.add(self.db, actor, self.world.vault, owner, msgspec.convert(given, NewChannel)).channel.id

    def told(self, who: Browser | None = None) -> list[str]:
        """Titles of what is in the outbox, oldest first; of one person or, with None, of the tenant's channels."""
        return [one.content.title for one in self.notices(who)]

    def notices(self, who: Browser | None = None) -> list[Notice]:
        return lists.listing(self.db, who.member.id if who else channels.TENANT, limit=200).items[::-1]


def enter(world: World, db: Database) -> Room:
    room = Room(world, sit_down(world, db))
    room.read()
    return room
