"""Embeddings of the simulated provider: the same vector for the same text, nearer for texts that share words."""

import base64
import math
import re
import struct
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway.simulated import tokens
from appliance.gateway.translate.form import Untranslatable, decode

DIMENSIONS = 256
MOST_DIMENSIONS = 4096
_WORDS = re.compile(r"\w+")


class _Request(Struct):
    input: str | list[str | int | list[int]]
    dimensions: int | None = None
    encoding_format: str = "float"


def answer(body: bytes, asked_model: str) -> bytes:
    """The whole body of the embeddings surface. Raises Untranslatable."""
    asked = decode(body, _Request, "an embeddings request")
    size = DIMENSIONS if asked.dimensions is None else asked.dimensions
    if not 0 < size <= MOST_DIMENSIONS:
        raise Untranslatable(f"dimensions is a number from 1 to {MOST_DIMENSIONS}.")
    texts = _texts(asked.input)
    data = [_entry(at, vector(text, size), asked.encoding_format) for at, text in enumerate(texts)]
    given = sum(tokens(text) for text in texts)
    usage = {"prompt_tokens": given, "total_tokens": given}
    return msgspec.json.encode({"object": "list", "data": data, "model": asked_model, "usage": usage})


def vector(text: str, size: int) -> list[float]:
    """A sum of one fixed direction for each word, of length 1."""
    total = [0.0] * size
    for word in _WORDS.findall(text.lower()) or [text]:
        for at, value in enumerate(_direction(word, size)):
            total[at] += value
    length = math.sqrt(sum(value * value for value in total)) or 1.0
    return [value / length for value in total]


def _direction(word: str, size: int) -> list[float]:
    blocks = (blake2b(f"{word}:{block}".encode()).digest() for block in range((size + 63) // 64))
    return [byte / 127.5 - 1 for block in blocks for byte in block][:size]


def _texts(given: str | list[Any]) -> list[str]:
    """Tokens stand for themselves: a list of numbers is one text."""
    if isinstance(given, str):
        return [given]
    if not given:
        raise Untranslatable("input is empty.")
    if isinstance(given[0], int):
        return [" ".join(map(str, given))]
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in given]


def _entry(at: int, values: list[float], encoding: str) -> dict[str, Any]:
    packed = base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
    return {"object": "embedding", "index": at, "embedding": packed if encoding == "base64" else values}
