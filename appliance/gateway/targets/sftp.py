"""A machine reached by SFTP. Its host key is pinned at the first use: another one later is refused, not asked about."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import asyncssh
import msgspec

from appliance.errors import Problem
from appliance.gateway.addresses import forbidden
from appliance.gateway.targets.target import PARTIAL, Stored, failed

T = TypeVar("T")
CONNECT_S = 20
CHUNK = 256 * 1024


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`path` is a folder on the machine, made when missing."""

    host: str
    user: str
    path: str = "agenthq"
    port: int = 22


class SftpTarget:
    """`secret` is a password, or a private key in OpenSSH's or PEM's text form."""

    def __init__(self, config: Config, secret: str = "", host_key: str = "") -> None:
        self._config = config
        self._secret = secret
        self.host_key = host_key
        self._where = f"{config.user}@{config.host}:{config.port}"

    def put(self, path: Path, name: str) -> None:
        async def work(sftp: asyncssh.SFTPClient) -> None:
            final = self._at(name)
            await sftp.makedirs(final.rpartition("/")[0], exist_ok=True)
            await _append(sftp, path, final + PARTIAL)
            await sftp.posix_rename(final + PARTIAL, final)

        self._run(work)

    def get(self, name: str, out: IO[bytes]) -> None:
        async def work(sftp: asyncssh.SFTPClient) -> None:
            async with sftp.open(self._at(name), "rb") as file:
                while piece := await file.read(CHUNK * 4):
                    # The file was opened for bytes; the library's type says text too.
                    out.write(cast(bytes, piece))

        self._run(work)

    def list(self) -> list[Stored]:
        async def work(sftp: asyncssh.SFTPClient) -> list[Stored]:
            found = []
            for owner in await _names(sftp, self._config.path):
                for each in await sftp.readdir(f"{self._config.path}/{owner}"):
                    name = str(each.filename)
                    if not name.startswith(".") and not name.endswith(PARTIAL):
                        found.append(Stored(f"{owner}/{name}", each.attrs.size or 0))
            return sorted(found)

        return self._run(work)

    def delete(self, name: str) -> None:
        async def work(sftp: asyncssh.SFTPClient) -> None:
            for each in (self._at(name), self._at(name) + PARTIAL):
                with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                    await sftp.remove(each)

        self._run(work)

    def _at(self, name: str) -> str:
        return f"{self._config.path}/{name}"

    def _run(self, work: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
        async def whole() -> T:
            async with self._connected() as sftp:
                return await work(sftp)

        if forbidden(self._config.host):
            raise Problem("unavailable", f"{self._config.host} is a link-local or metadata address, never called.")
        try:
            return asyncio.run(whole())
        except asyncssh.HostKeyNotVerifiable as error:
            raise Problem(
                "unavailable",
                f"{self._where} shows another host key than at the first use ({fingerprint(self.host_key)}). If the "
                "machine was set up anew, remove the target and add it again; if not, somebody may be in between.",
            ) from error
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise failed(self._where, error) from error

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncssh.SFTPClient]:
        at = (self._config.host, self._config.port)
        if not self.host_key:
            seen = await asyncio.wait_for(asyncssh.get_server_host_key(*at, config=None), CONNECT_S)
            if seen is None:
                raise OSError("it shows no host key")
            self.host_key = seen.export_public_key().decode().strip()
        known: Any = ([asyncssh.import_public_key(self.host_key)], [], [])
        signing: dict[str, Any] = {"client_keys": None, "password": self._secret}
        if "PRIVATE KEY" in self._secret:
            signing = {"client_keys": [asyncssh.import_private_key(self._secret)]}
        async with (
            asyncssh.connect(
                *at,
                username=self._config.user,
                known_hosts=known,
                config=None,
                agent_path=None,
                connect_timeout=CONNECT_S,
                login_timeout=CONNECT_S,
                keepalive_interval=15,
                **signing,
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            yield sftp


def fingerprint(host_key: str) -> str:
    """As `ssh-keygen -l` shows it; "" for none."""
    return asyncssh.import_public_key(host_key).get_fingerprint() if host_key else ""


async def _append(sftp: asyncssh.SFTPClient, path: Path, partial: str) -> None:
    """What of the file is not there yet."""
    there = 0
    with contextlib.suppress(asyncssh.SFTPNoSuchFile):
        there = (await sftp.stat(partial)).size or 0
    if there > path.stat().st_size:
        await sftp.remove(partial)
        there = 0
    with open(path, "rb") as source:
        source.seek(there)
        async with sftp.open(partial, "r+b" if there else "wb") as out:
            at = there
            while piece := source.read(CHUNK * 4):
                await out.write(piece, at)
                at += len(piece)


async def _names(sftp: asyncssh.SFTPClient, folder: str) -> list[str]:
    try:
        return [str(name) for name in await sftp.listdir(folder) if not str(name).startswith(".")]
    except asyncssh.SFTPNoSuchFile:
        return []
