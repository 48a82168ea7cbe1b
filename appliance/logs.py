"""Logs: JSON lines in one rotated file of the data folder, and on the console what the settings ask for.

Console: with `log_format` text, warnings and worse as plain lines on stderr; with json everything on stdout. Of
several processes on one folder the first has the file; the others write all of it to the console as JSON.
"""

import json
import logging
import logging.handlers
import sys
from io import TextIOWrapper
from pathlib import Path

from appliance import clock, redaction, tracing
from appliance.settings import Settings

FILE = "agenthq.log"
NOISY = ("huey", "apscheduler", "uvicorn", "asyncio")


class JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at": clock.iso(), "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        line |= tracing.known()
        line |= {field: str(getattr(record, field)) for field in tracing.FIELDS if hasattr(record, field)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redaction.clean_log(json.dumps(redacted(line), ensure_ascii=False))


class PlainLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redaction.clean_log(super().format(record))


class LogFile(logging.handlers.RotatingFileHandler):
    """Where a line can't be written, the disk being full, it is lost and nobody is stopped; the next is tried again."""

    _torn = False

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
        elif self.stream:
            # A stream that failed in the middle may fail for ever: the next line opens the file anew.
            stream, self.stream = self.stream, None
            self._torn = True
            _close(stream)

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        if self._torn:
            # What was written of the lost line does not spoil the next.
            stream.write("\n")
            self._torn = False
        return stream


def start(settings: Settings, first: bool = True) -> None:
    handlers: list[logging.Handler] = [_console(settings.log_format == "json", first)]
    if first:
        handlers.append(_file(settings.data_dir / "logs", settings.log_mb * 2**20, settings.log_files))
    logging.basicConfig(level=settings.log_level.upper(), handlers=handlers, force=True)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def files(folder: Path) -> list[Path]:
    """The log files of a data folder, the newest first."""
    found = [path for path in (folder / "logs").glob(f"{FILE}*") if path.is_file()]
    return sorted(found, key=lambda path: (len(path.name), path.name))


def redacted(line: dict[str, str]) -> dict[str, str]:
    """Before it becomes JSON, which would write a secret with a quote or an umlaut in it in another way."""
    return {name: redaction.clean_log(value) for name, value in line.items()}


def _console(as_json: bool, first: bool) -> logging.Handler:
    console = logging.StreamHandler(sys.stdout if as_json else sys.stderr)
    if as_json or not first:
        console.setFormatter(JsonLine())
        return console
    console.setLevel(logging.WARNING)
    console.setFormatter(PlainLine("agenthq: %(levelname)s: %(message)s"))
    return console


def _file(folder: Path, size: int, count: int) -> logging.Handler:
    folder.mkdir(mode=0o700, exist_ok=True)
    file = LogFile(folder / FILE, maxBytes=size, backupCount=count, encoding="utf-8")
    file.setFormatter(JsonLine())
    return file


def _close(stream: object) -> None:
    try:
        stream.close()  # type: ignore[attr-defined]
    except OSError:
        """What was in its buffer is lost."""
