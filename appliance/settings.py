"""All settings in one table; where a value came from is part of the value.

Order: flag > AGENTHQ_X > AGENTHQ_X_FILE > agenthq.toml > default. An unknown name is an error that names the nearest.
"""

import difflib
import ipaddress
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from appliance.errors import Problem


def network(text: str) -> str:
    """The text itself; raises ValueError unless it is empty or names an address or a network."""
    return text if not text or ipaddress.ip_network(text, strict=False) else ""


def queue(text: str) -> str:
    """The text itself; raises ValueError unless it is empty or the URL of a queue server."""
    if text and not text.startswith(("postgresql://", "postgres://", "redis://", "rediss://")):
        raise ValueError
    return text


def collector(text: str) -> str:
    """The text itself; raises ValueError unless it is empty or an http address."""
    if text and not text.startswith(("http://", "https://")):
        raise ValueError
    return text


def pairs(text: str) -> dict[str, str]:
    """Headers out of `name=value,name=value`; raises ValueError for anything else."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, given, value = part.partition("=")
        if not (given and name.strip() and f"{name}{value}".isprintable()):
            raise ValueError
        found[name.strip()] = value.strip()
    return found


def headers(text: str) -> str:
    """The text itself, if `pairs` can read it."""
    pairs(text)
    return text


class Setting(NamedTuple):
    """`least` and `most` bound a number, `choices` a word."""

    name: str
    default: str
    help: str
    kind: Callable[[str], Any] = str
    secret: bool = False
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        return "AGENTHQ_" + self.name.upper()


TABLE: tuple[Setting, ...] = (
    Setting("data", "", "Folder that holds everything: control.db, tenants, keys, logs. Default: the OS data folder."),
    Setting("host", "127.0.0.1", "Address to listen on. Beyond loopback, also set tls, behind_proxy or insecure_http."),
    Setting(
        "port",
        "0",
        "Port to listen on. 0 = the first free one of 8420-8429, kept for the next start.",
        int,
        least=0,
        most=65535,
    ),
    Setting(
        "role",
        "all",
        "Which parts run in this process: all, web, worker or scheduler. The last two need database_url.",
        choices=("all", "web", "worker", "scheduler"),
    ),
    Setting(
        "master_key", "", "Master key, 64 hex digits. Default: the file keys/master.key in the data folder.", str, True
    ),
    Setting("database_url", "", "postgresql://… to keep data in PostgreSQL instead of SQLite files.", str, True),
    Setting(
        "queue_url",
        "",
        "redis://… or postgresql://… through which processes tell each other of work. Default: database_url.",
        queue,
        True,
    ),
    Setting("update_key", "", "Public key of whoever makes your releases, 64 hex digits; update takes no others."),
    Setting("public_url", "", "Address people use to reach this box, for links. Default: http://host:port."),
    Setting("behind_proxy", "", "CIDR of the reverse proxy whose X-Forwarded-* headers are believed.", network),
    Setting("tls", "false", "Serve HTTPS with the box's own certificate; see agenthq tls.", bool),
    Setting(
        "tls_cert",
        "",
        "File with a certificate chain (PEM) for HTTPS instead of the own one; followed when it changes.",
    ),
    Setting("tls_key", "", "File with the key of tls_cert (PEM)."),
    Setting("insecure_http", "false", "Allow plain HTTP beyond loopback (a banner says so).", bool),
    Setting("workers", "16", "Runs that work at the same time.", int, least=1, most=1000),
    Setting(
        "lease_seconds",
        "30",
        "How long a run may be silent before another worker takes it over.",
        int,
        least=5,
        most=3600,
    ),
    Setting(
        "grace_seconds", "20", "How long a server that stops lets model calls in flight end.", int, least=0, most=600
    ),
    Setting("log_level", "info", "debug, info, warning or error.", choices=("debug", "info", "warning", "error")),
    Setting(
        "log_format",
        "text",
        "What goes to standard output and error: text (warnings only) or json (everything, one object per line).",
        choices=("text", "json"),
    ),
    Setting("log_mb", "10", "Size of the log file in MiB before the next one is begun.", int, least=1, most=1024),
    Setting("log_files", "5", "How many older log files are kept.", int, least=1, most=100),
    Setting(
        "session_hours",
        "336",
        "Hours without activity after which a person must sign in again.",
        int,
        least=1,
        most=8760,
    ),
    Setting("max_body_mb", "32", "Largest request body in MiB.", int, least=1, most=1024),
    Setting(
        "provider_timeout", "120", "Seconds without any answer before a provider call fails.", int, least=1, most=3600
    ),
    Setting("smtp_host", "", "Mail server for notices by e-mail. Without it there are none."),
    Setting(
        "smtp_port", "587", "Port of the mail server; 465 is usual for tls, 587 for starttls.", int, least=1, most=65535
    ),
    Setting(
        "smtp_security",
        "starttls",
        "How the connection to the mail server is secured: starttls, tls or none.",
        choices=("starttls", "tls", "none"),
    ),
    Setting("smtp_user", "", "User at the mail server. Without it nobody signs in there."),
    Setting("smtp_password", "", "Password at the mail server.", str, True),
    Setting(
        "metrics_token",
        "",
        "What /metrics asks for as a bearer token. Without it only this machine may read.",
        str,
        True,
    ),
    Setting(
        "metrics_port",
        "0",
        "Port of /metrics for a worker or scheduler, which has no pages. 0 = none.",
        int,
        least=0,
        most=65535,
    ),
    Setting(
        "otlp_url",
        "",
        "OpenTelemetry collector (http://host:4318) that gets a span of each call. Default: none.",
        collector,
    ),
    Setting("otlp_headers", "", "Headers for the collector: name=value, several with commas.", headers, True),
    Setting("smtp_from", "", "Sender of e-mails: an address, or Name <address>. Default: agenthq@ and smtp_host."),
)
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
BY_NAME = {s.name: s for s in TABLE}


class Value(NamedTuple):
    value: Any
    origin: str


class Settings:
    """Read as attributes: `settings.port`. `origin(name)` says where the value came from."""

    def __init__(self, values: dict[str, Value]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name].value
        except KeyError:
            raise AttributeError(name) from None

    def origin(self, name: str) -> str:
        return self._values[name].origin

    @property
    def https(self) -> bool:
        return bool(self.tls or self.tls_cert or self.tls_key)

    @property
    def data_dir(self) -> Path:
        return Path(self.data).expanduser() if self.data else default_data_dir()


def load(flags: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Raises Problem(config) for an unknown name, a value of the wrong kind or an unreadable file."""
    env = os.environ if env is None else env
    flags = {k: str(v) for k, v in (flags or {}).items() if v is not None}
    _refuse_unknown_env(env)
    raw = {s.name: _from_env(s, env) or Value(s.default, "default") for s in TABLE}
    raw |= {name: Value(text, "flag") for name, text in flags.items()}
    folder = Path(raw["data"].value).expanduser() if raw["data"].value else default_data_dir()
    for name, value in _from_file(folder / "agenthq.toml").items():
        if raw[name].origin == "default":
            raw[name] = value
    return Settings({name: Value(_cast(BY_NAME[name], v), v.origin) for name, v in raw.items()})


def _from_env(setting: Setting, env: Mapping[str, str]) -> Value | None:
    if setting.env in env:
        return Value(env[setting.env], setting.env)
    path = env.get(setting.env + "_FILE")
    if not path:
        return None
    try:
        return Value(Path(path).read_text().strip(), setting.env + "_FILE")
    except OSError as error:
        raise Problem("config", f"{setting.env}_FILE={path} can't be read: {error.strerror}.") from error


def _from_file(path: Path) -> dict[str, Value]:
    try:
        content = tomllib.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except tomllib.TOMLDecodeError as error:
        raise Problem("config", f"{path} is not valid TOML: {error}.") from error
    for name in content:
        if name not in BY_NAME:
            raise Problem("config", f"{path} has an unknown setting '{name}'{nearest(name, BY_NAME)}")
    return {
        name: Value(str(value).lower() if isinstance(value, bool) else str(value), str(path))
        for name, value in content.items()
    }


def _refuse_unknown_env(env: Mapping[str, str]) -> None:
    known = {s.env for s in TABLE} | {s.env + "_FILE" for s in TABLE}
    for name in env:
        if name.startswith("AGENTHQ_") and name not in known:
            raise Problem("config", f"Unknown setting {name}{nearest(name, known)}")


def nearest(name: str, known: Any) -> str:
    """The rest of an error sentence: names the closest known word, if one is close."""
    match = difflib.get_close_matches(name, list(known), 1)
    return f" - did you mean {match[0]}?" if match else "."


def _cast(setting: Setting, value: Value) -> Any:
    try:
        cast = _BOOLEANS[str(value.value).lower()] if setting.kind is bool else setting.kind(value.value)
    except (ValueError, KeyError):
        cast = None
    if cast is None or not _fits(setting, cast):
        said = "" if setting.secret else f", not '{value.value}'"
        raise Problem("config", f"{setting.name} (from {value.origin}) must be {_wanted(setting)}{said}.") from None
    return cast


def _fits(setting: Setting, value: Any) -> bool:
    if setting.choices:
        return value in setting.choices
    return (setting.least is None or value >= setting.least) and (setting.most is None or value <= setting.most)


def _wanted(setting: Setting) -> str:
    if setting.choices:
        return f"one of {', '.join(setting.choices)}"
    if setting.least is not None:
        return f"a whole number from {setting.least} to {setting.most}"
    words: dict[object, str] = {bool: "true or false", queue: "a URL such as redis://host:6379/0"}
    words |= {collector: "an address such as http://host:4318", headers: "text such as name=value,other=value"}
    words[network] = "an address or a network such as 10.0.0.0/8"
    return words.get(setting.kind, "text")


def default_data_dir() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/AgentHQ"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "AgentHQ"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "agenthq"


def resource_root() -> Path:
    """The folder that holds `ui/`: the repository in development, the unpacked bundle in the executable."""
    return Path(getattr(sys, "_MEIPASS", Path(__file__).resolve().parent.parent))
