"""Files to download, sent as they are made."""

from collections.abc import Iterable, Iterator

import msgspec
from litestar.response import Stream

from appliance.domain.analytics import files


def file(form: str, rows: Iterable[msgspec.Struct], kind: type[msgspec.Struct], name: str) -> Stream:
    """Structs as a file. Raises Problem(invalid) for a format there is not."""
    return stream(form, files.of_structs(form, rows, kind), name)


def stream(form: str, content: Iterator[bytes], name: str) -> Stream:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store"}
    return Stream(content, media_type=files.TYPES[form], headers=headers)
