"""A bundle brought into a box, and what is there afterwards."""

import io

import msgspec

from appliance import bundles
from appliance.bundles import Imported, Wish
from appliance.domain import tenants
from appliance.domain.actor import SYSTEM
from tests.world import World

KEY = "sk-canary-7Q-zz9x8w7v6u5t4s3r2q1p"


def bring(world: World, content: bytes, slug: str = "acme-test", **more: object) -> Imported:
    wish = msgspec.convert({"slug": slug} | more, Wish)
    return bundles.read(world.catalogue, world.vault, io.BytesIO(content), wish, SYSTEM)


def slugs(world: World) -> list[str]:
    with world.control() as control:
        return [tenant.slug for tenant in tenants.every(control)]


def folders(world: World) -> set[str]:
    return {path.name for path in world.catalogue.folder.glob("tenants/*")}
