"""An S3-compatible store. Large files go up in parts, each of which is tried again by itself when the line breaks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec
import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as Missing
from obstore.store import S3Store

from appliance.errors import Problem
from appliance.gateway.addresses import forbidden
from appliance.gateway.targets.target import Stored, failed

PART = 8 * 1024 * 1024
AT_ONCE = 4
RETRIES: Any = {"max_retries": 8, "retry_timeout": timedelta(minutes=5)}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`access_key` is the id; the secret beside it is kept sealed. `prefix` is a folder inside the bucket."""

    endpoint: str
    bucket: str
    access_key: str
    region: str = "us-east-1"
    prefix: str = "agenthq"


class S3Target:
    host_key = ""

    def __init__(self, config: Config, secret: str = "", host_key: str = "") -> None:
        self._where = f"{config.endpoint}/{config.bucket}"
        self._config = config
        host = urlsplit(config.endpoint).hostname or ""
        if forbidden(host):
            raise Problem("unavailable", f"{host} is a link-local or metadata address, never called.")
        self._store = S3Store(
            config.bucket,
            prefix=config.prefix or None,
            endpoint=config.endpoint,
            region=config.region,
            access_key_id=config.access_key,
            secret_access_key=secret,
            virtual_hosted_style_request=False,
            client_options={"allow_http": config.endpoint.startswith("http://"), "timeout": timedelta(minutes=5)},
            retry_config=RETRIES,
        )

    def put(self, path: Path, name: str) -> None:
        with self._told():
            obstore.put(self._store, name, path, chunk_size=PART, max_concurrency=AT_ONCE)

    def get(self, name: str, out: IO[bytes]) -> None:
        with self._told():
            for piece in obstore.get(self._store, name).stream(min_chunk_size=1024 * 1024):
                out.write(memoryview(piece))

    def list(self) -> list[Stored]:
        with self._told():
            found = [
                Stored(str(each["path"]), int(each["size"])) for page in obstore.list(self._store) for each in page
            ]
            return sorted(found)

    def delete(self, name: str) -> None:
        with self._told():
            try:
                obstore.delete(self._store, name)
            except (Missing, FileNotFoundError):
                """It is gone already."""

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            raise failed(self._where, error) from error
