"""What an answer tells about itself: its usage in the canonical record, the model and tier that served it."""

from typing import Any

from msgspec import Struct

from appliance.gateway.types import Usage


class Told(Struct):
    """Filled as it arrives. `output_bytes` counts the text so far, for an estimate where no usage comes.

    `finished` once the answer's own last event has come; `error` is the error object of an answer that broke off.
    """

    usage: Usage | None = None
    model: str = ""
    tier: str = ""
    answer_id: str = ""
    reported_cost_nano: int | None = None
    output_bytes: int = 0
    finished: bool = False
    error: Any = None
