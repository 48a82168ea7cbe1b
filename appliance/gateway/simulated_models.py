"""The models of the simulated provider: what they cost and how fast they would talk."""

from decimal import Decimal

from msgspec import Struct

from appliance.gateway.types import ModelPrice


class SimulatedModel(Struct, frozen=True):
    """`first_token_s` and `tokens_per_s` apply on accounts of pace "real"; 0 tokens per second means at once."""

    price: ModelPrice
    first_token_s: float = 0.0
    tokens_per_s: float = 0.0


def _price(per_mtok_in: str, per_mtok_out: str) -> ModelPrice:
    return ModelPrice(Decimal(per_mtok_in), Decimal(per_mtok_out), Decimal(per_mtok_in) / 10)


MODELS: dict[str, SimulatedModel] = {
    "simulated": SimulatedModel(_price("0.25", "1.25")),
    "sim-swift": SimulatedModel(_price("0.25", "1.25"), 0.3, 140.0),
    "sim-standard": SimulatedModel(_price("3", "15"), 0.6, 75.0),
    "sim-deep": SimulatedModel(_price("15", "75"), 1.2, 40.0),
}
