"""What a program outside has posted, as a value."""

from typing import Any
from urllib.parse import parse_qs

import msgspec

from appliance.errors import Problem, invalid

FORM = "application/x-www-form-urlencoded"
# Far below what reading it back deep inside a run could bear.
NESTING = 100


def read(kind: str, body: bytes, packed: bool = False) -> Any:
    """The value of JSON, the fields of a form, {"text": …} for anything else; None when nothing was posted.

    A field that comes more than once is a list. `packed`: a form's field `payload` that holds JSON is the value, as
    GitHub and Slack send it. Raises Problem(bad_json), Problem(unsupported_media_type), Problem(invalid).
    """
    value = _value(kind, body)
    if packed and kind == FORM and isinstance(value, dict) and isinstance(value.get("payload"), str):
        value = _json(value["payload"].encode())
    if deeper(value, NESTING):
        raise invalid(payload=f"nest at most {NESTING} levels")
    return value


def deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(deeper(one, levels - 1) for one in inner)


def _value(kind: str, body: bytes) -> Any:
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
