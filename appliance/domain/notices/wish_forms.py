"""What a member can say about notices."""

import msgspec

from appliance.domain.notices.quiet import Quiet


class Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kinds` holds for each kind the channels it goes to: email, or the id of a channel of the member.

    `zone` is that of the quiet hours and of `digest_at`; "" stands for the tenant's. `urgent` lets what waits for the
    member, and budget stops, through quiet hours.
    """

    kinds: dict[str, list[str]]
    quiet: Quiet | None = None
    zone: str = ""
    urgent: bool = False
    digest_at: str = "08:00"


class WishesChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; a `quiet` of null takes the quiet hours away."""

    kinds: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET
    quiet: Quiet | None | msgspec.UnsetType = msgspec.UNSET
    zone: str | msgspec.UnsetType = msgspec.UNSET
    urgent: bool | msgspec.UnsetType = msgspec.UNSET
    digest_at: str | msgspec.UnsetType = msgspec.UNSET
