"""The program and the machine it is on."""

import tempfile
from collections.abc import Callable
from urllib.parse import urlsplit

from appliance import certificates, clock, listening
from appliance.db import library
from appliance.doctor.finding import SCENE, Fault, Scene, check
from appliance.errors import Problem
from appliance.settings import resource_root

FEW_FILES = 1024
CERTIFICATE_DAYS = 21


@check("sqlite.version", SCENE)
def sqlite_version(scene: Scene) -> str:
    if tuple(map(int, library.version().split("."))) < library.OLDEST:
        fix = "Install pysqlite3 0.6.1 or newer; older SQLite can corrupt write-ahead logs."
        raise Fault(f"SQLite {library.version()}", fix)
    return f"SQLite {library.version()}"


@check("sqlite.copies", SCENE)
def sqlite_copies(scene: Scene) -> str:
    copies = len(library.mapped_copies())
    if copies > 1:
        raise Fault(
            f"{copies} in this process", "Start AgentHQ alone in its process; two copies drop each other's locks."
        )
    return "one in this process"


@check("sqlite.fts5", SCENE)
def sqlite_search(scene: Scene) -> str:
    if not library.has_fts5():
        raise Fault("missing", "Install pysqlite3 0.6.1 or newer: without FTS5 there is no search.")
    return "present"


@check("program.interface", SCENE)
def interface(scene: Scene) -> str:
    folder = resource_root() / "ui"
    if not ((folder / "templates").is_dir() and (folder / "static").is_dir()):
        raise Fault("missing", "The program is incomplete: download it again, or run it from a whole checkout.")
    return "pages and assets found"


@check("system.files", SCENE)
def descriptors(scene: Scene) -> str:
    import resource  # noqa: PLC0415  not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    evidence = f"{soft} open files allowed (hard limit {hard})"
    if soft < FEW_FILES:
        raise Fault(evidence, f"Raise the limit of open files (ulimit -n {FEW_FILES}).", "warning")
    return evidence


@check("system.temp", SCENE)
def temporary(scene: Scene) -> str:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"a page of a backup")
    except OSError as error:
        raise Fault(
            f"no file can be made in the temporary folder: {error.strerror or error}",
            "Make room in it, or name another folder with TMPDIR.",
        ) from error
    return f"{tempfile.gettempdir()} can be written"


@check("config.exposure", SCENE)
def exposure(scene: Scene) -> str:
    return _as_start(lambda: listening.check_exposure(scene.settings), f"listens on {scene.settings.host}")


@check("config.insecure_http", SCENE)
def insecure_http(scene: Scene) -> str:
    if scene.settings.insecure_http:
        fix = "Serve with TLS or put a TLS proxy in front (--behind-proxy CIDR), and drop --insecure-http."
        raise Fault("plain HTTP is allowed beyond this machine: passwords cross the network in clear", fix, "warning")
    return "plain HTTP on this machine only"


@check("config.sharing", SCENE)
def sharing(scene: Scene) -> str:
    settings = scene.settings
    if not settings.database_url and (settings.role in ("worker", "scheduler") or settings.queue_url):
        raise Fault(
            f"role {settings.role} on SQLite files",
            "Set AGENTHQ_DATABASE_URL for several processes, or leave role and queue_url out.",
        )
    return f"role {settings.role}"


@check("config.public_url", SCENE)
def public_url(scene: Scene) -> str:
    """Links in mails lead nowhere when people reach the box by another address than it listens on."""
    url, host = scene.settings.public_url, scene.settings.host
    if not url:
        if listening.is_loopback(host) and not scene.settings.behind_proxy:
            return "people open the address the box listens on"
        fix = "Set AGENTHQ_PUBLIC_URL to the address people use, such as https://hq.example.com."
        raise Fault(f"not set, and the box listens on {host} for others", fix, "warning")
    found = urlsplit(url)
    if found.scheme not in ("http", "https") or not found.hostname:
        raise Fault(f"{url} is no address", "Set AGENTHQ_PUBLIC_URL to an address such as https://hq.example.com.")
    if found.scheme == "http" and not listening.is_loopback(found.hostname):
        raise Fault(
            f"{url} is plain HTTP beyond this machine", "Serve with TLS, and name an https:// address.", "warning"
        )
    return str(url)


@check("config.smtp", SCENE)
def smtp(scene: Scene) -> str:
    settings = scene.settings
    if not settings.smtp_host:
        return "no mail server is set"
    if settings.smtp_user and settings.smtp_security == "none" and not listening.is_loopback(settings.smtp_host):
        fix = "Set AGENTHQ_SMTP_SECURITY to starttls or tls."
        raise Fault(f"the password goes to {settings.smtp_host} in clear", fix, "warning")
    return f"{settings.smtp_host}:{settings.smtp_port}, {settings.smtp_security}"


@check("tls.certificate", SCENE)
def certificate(scene: Scene) -> str:
    try:
        ends = certificates.ends(scene.settings)
    except Problem as problem:
        raise Fault(problem.detail, f"Name another file with AGENTHQ_{certificates.SETTING.upper()}.") from problem
    if ends is None:
        return "none is set"
    left = clock.seconds_between(clock.iso(), ends) / 86_400
    if left < CERTIFICATE_DAYS:
        said = f"ended at {ends}" if left < 0 else f"ends at {ends}, in {left:.0f} days"
        raise Fault(said, "Renew it; the box takes a new file without a restart.", "error" if left < 0 else "warning")
    return f"ends at {ends}"


def _as_start(look: Callable[[], object], seen: str) -> str:
    """What would keep the server from starting."""
    try:
        look()
    except Problem as problem:
        raise Fault(problem.title, problem.detail) from problem
    return seen
