"""What chat completions and Responses say alike: pieces of content, custom tools, the choice of a tool."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from appliance.gateway.translate.form import Choice, Document, Image, Part, Prompt, Refusal, Text, Tool, Untranslatable


class _Url(Struct):
    url: str = ""
    detail: str | None = None


class _File(Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class Piece(Struct):
    """Both protocols' content parts, told apart by `type`."""

    type: str = ""
    text: str = ""
    refusal: str = ""
    image_url: _Url | str | None = None
    detail: str | None = None
    file: _File | None = None
    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None


def parts(content: str | list[Piece], prompt: Prompt) -> Iterable[Part]:
    """Raises Untranslatable."""
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for piece in content:
        yield from _part(piece, prompt)


def custom(name: str, description: str | None, format: dict[str, Any] | None) -> Tool:
    """`format` as OpenAI writes it: text, or a grammar in lark or regex; chat wraps the grammar once more."""
    given = (format or {}).get("grammar") or format or {}
    definition, syntax = given.get("definition"), given.get("syntax")
    grammar = f"The input must match this {syntax} grammar:\n\n{definition}" if definition else ""
    return Tool(name, description or "", kind="custom", grammar=grammar, format=given if definition else None)


def choice(word: str) -> Choice:
    match word:
        case "none":
            return Choice("none")
        case "required":
            return Choice("any")
    return Choice()


def data_url(part: Image | Document) -> str:
    return part.url or f"data:{part.media_type or 'application/octet-stream'};base64,{part.data}"


def _part(piece: Piece, prompt: Prompt) -> Iterable[Part]:
    match piece.type:
        case "text" | "input_text" | "output_text":
            yield Text(piece.text)
        case "refusal":
            yield Refusal(piece.refusal)
        case "image_url" | "input_image":
            yield _image(piece)
        case "file" | "input_file":
            yield _document(piece)
        case "input_audio":
            raise Untranslatable("Sound can't be sent to this model.")
        case _:
            prompt.lose(f"block:{piece.type}")


def _image(piece: Piece) -> Image:
    given = piece.image_url
    url, detail = (given.url, given.detail) if isinstance(given, _Url) else (given or "", piece.detail)
    if not url:
        raise Untranslatable("A picture that is stored as a file at one provider can't be sent to another.")
    media_type, data = _embedded(url)
    return Image(media_type, data, "" if data else url, detail or "")


def _document(piece: Piece) -> Document:
    file = piece.file or _File(piece.file_data, piece.file_id, piece.filename)
    if piece.file_url:
        return Document(url=piece.file_url, name=file.filename or "")
    if not file.file_data:
        raise Untranslatable("A document that is stored as a file at one provider can't be sent to another.")
    media_type, data = _embedded(file.file_data)
    return Document(media_type or "application/pdf", data or file.file_data, name=file.filename or "")


def _embedded(url: str) -> tuple[str, str]:
    """The media type and the base64 of a data: address, both "" for another one."""
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        return "", ""
    return head.removeprefix("data:").removesuffix(";base64"), data
