"""HTTPS: certificates of the box's own or given ones, watched and taken into use without a restart."""

import contextlib
import logging
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from appliance.crypto import certificates, issuing
from appliance.crypto.certificates import About
from appliance.crypto.pem import Pair
from appliance.errors import Problem
from appliance.settings import Settings

RENEW_DAYS = 30
LOOK_S = 2.0
log = logging.getLogger("agenthq")


class Files(NamedTuple):
    """`own` ones are issued and renewed here."""

    certificate: Path
    key: Path
    own: bool


def files(settings: Settings) -> Files:
    """Raises Problem(config) when only one of two files is named."""
    given = (settings.tls_cert, settings.tls_key)
    if not any(given):
        folder = settings.data_dir / "tls"
        return Files(folder / "server.pem", folder / "server.key", True)
    if not all(given):
        raise Problem("config", "tls_cert and tls_key belong together: set both, or neither.")
    return Files(Path(given[0]).expanduser(), Path(given[1]).expanduser(), False)


def authority(folder: Path) -> Path:
    """The certificate that people give to their browsers once."""
    return folder / "tls" / "ca.pem"


def initialise(settings: Settings, names: tuple[str, ...] = ()) -> About:
    """The box's own authority, made once, and a certificate for these names, else for those it can find out."""
    folder = settings.data_dir
    if not authority(folder).exists():
        made = issuing.new_authority(f"AgentHQ on {socket.gethostname()}")
        _write(_authority_key(folder), made.key, 0o600)
        _write(authority(folder), made.certificate, 0o644)
    return _issue(folder, names or known_names(settings))


def renew(settings: Settings) -> About:
    """Another certificate for the same names. Raises Problem(config) when there is none of our own."""
    found = files(settings)
    if not found.own:
        raise Problem("config", "The certificate is not one of ours: replace the files, and they are taken into use.")
    return _issue(settings.data_dir, certificates.about(_read(found.certificate)).names)


def status(settings: Settings) -> About:
    """Of the certificate in use. Raises Problem(config) when there is none."""
    return certificates.about(_read(files(settings).certificate))


def authority_text(folder: Path) -> str:
    """Raises Problem(config) when there is none."""
    return _read(authority(folder))


def known_names(settings: Settings) -> tuple[str, ...]:
    """Under which names and addresses people may reach this machine."""
    host = socket.gethostname()
    given = [urlsplit(settings.public_url).hostname or "", settings.host]
    found = [*given, host, socket.getfqdn(), f"{host}.local", "localhost", "127.0.0.1", "::1"]
    with contextlib.suppress(OSError):
        found += [str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)]
    return tuple(dict.fromkeys(name for name in found if name and name not in ("0.0.0.0", "::")))


@contextmanager
def kept(settings: Settings, every: float = LOOK_S) -> Iterator[ssl.SSLContext]:
    """A context for the server, whose certificate follows its files. Raises Problem(config)."""
    chosen = files(settings)
    if chosen.own and not chosen.certificate.exists():
        initialise(settings)
    keeper = _Keeper(settings, chosen)
    keeper.take()
    ended = threading.Event()
    thread = threading.Thread(target=keeper.keep, args=(every, ended), name="certificates", daemon=True)
    thread.start()
    try:
        yield keeper.context
    finally:
        ended.set()
        thread.join()


class _Keeper:
    """Connections that are open go on with the certificate they began with; later ones get the new one."""

    def __init__(self, settings: Settings, chosen: Files) -> None:
        self._settings = settings
        self._files = chosen
        self._seen: tuple[object, ...] = ()
        self._current = _context()
        self.context = _context()
        self.context.sni_callback = self._choose

    def take(self) -> None:
        """Raises Problem(config) when the files are no pair; the certificate in use stays then."""
        seen = self._look()
        # Never loaded into the one in use: between its certificate and its key a client would be refused.
        fresh = _context()
        try:
            fresh.load_cert_chain(self._files.certificate, self._files.key)
        except (ssl.SSLError, OSError) as error:
            raise Problem("config", f"{self._files.certificate} can't be used: {error}.") from error
        self._current, self._seen = fresh, seen

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        """Asked at the beginning of every connection, named or not."""
        connection.context = self._current

    def keep(self, every: float, ended: threading.Event) -> None:
        refused: tuple[object, ...] = ()
        said = ""
        while not ended.wait(every):
            try:
                self._renew_in_time()
                if (now := self._look()) in (self._seen, refused):
                    continue
                refused = now
                self.take()
                log.info("the certificate is a new one")
            except Problem as problem:
                if problem.detail != said:
                    log.warning("the certificate stays as it was: %s", problem.detail)
                said = problem.detail

    def _renew_in_time(self) -> None:
        if self._files.own and self._ending():
            renew(self._settings)
            log.info("the certificate was renewed")

    def _ending(self) -> bool:
        return status(self._settings).days_left < RENEW_DAYS

    def _look(self) -> tuple[object, ...]:
        found = []
        for path in self._files[:2]:
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_ino, stat.st_size))
        return tuple(found)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _issue(folder: Path, names: tuple[str, ...]) -> About:
    parent = Pair(_read(authority(folder)), _read(_authority_key(folder)))
    made = issuing.issue(parent, names)
    _write(folder / "tls" / "server.key", made.key, 0o600)
    _write(folder / "tls" / "server.pem", made.certificate + parent.certificate, 0o644)
    return certificates.about(made.certificate)


def _authority_key(folder: Path) -> Path:
    return folder / "tls" / "ca.key"


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("config", f"{path} can't be read. Make a certificate with: agenthq tls init") from error


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as out:
        out.write(text)
    os.replace(partial, path)
