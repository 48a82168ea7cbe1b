"""What a program outside has posted, as the payload of a signal."""

from typing import Any
from urllib.parse import parse_qs

import msgspec

from appliance.errors import Problem

FORM = "application/x-www-form-urlencoded"


def read(kind: str, body: bytes) -> Any:
    """The value of JSON, the fields of a form, {"text": …} for anything else; None when nothing was posted.

    A field that comes more than once is a list. Raises Problem(bad_json), Problem(unsupported_media_type).
    """
    if not body:
        return None
    if kind.startswith("multipart/"):
        raise Problem("unsupported_media_type", "Post JSON, a URL-encoded form or text; files are not taken.")
    if kind == "application/json" or kind.endswith("+json"):
        return _json(body)
    text = _text(body)
    return _form(text) if kind == FORM else {"text": text}


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("bad_json", "The body is not valid JSON, though its content type says so.") from None


def _form(text: str) -> dict[str, Any]:
    fields = parse_qs(text, keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Problem(
            "unsupported_media_type", "The body is not UTF-8 text. Post JSON, a URL-encoded form or text."
        ) from None
