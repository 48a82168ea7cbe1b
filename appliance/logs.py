"""Logs as JSON lines: one rotated file in the data folder; warnings and worse also on stderr as plain lines.

Of several processes on one folder the first has the file; the others write all of it to stderr, as JSON lines too.
"""

import json
import logging
import logging.handlers
from pathlib import Path

from appliance import clock, redaction

FIELDS = ("tenant", "run", "request")


class JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at": clock.iso(), "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        line |= {field: getattr(record, field) for field in FIELDS if hasattr(record, field)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redaction.clean_log(json.dumps(line, ensure_ascii=False))


class PlainLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redaction.clean_log(super().format(record))


def start(folder: Path, level: str, first: bool = True) -> None:
    console = logging.StreamHandler()
    console.setFormatter(JsonLine())
    handlers: list[logging.Handler] = [console]
    if first:
        console.setLevel(logging.WARNING)
        console.setFormatter(PlainLine("agenthq: %(levelname)s: %(message)s"))
        handlers.append(_file(folder))
    logging.basicConfig(level=level.upper(), handlers=handlers, force=True)
    for noisy in ("huey", "apscheduler", "uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _file(folder: Path) -> logging.Handler:
    (folder / "logs").mkdir(mode=0o700, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(folder / "logs" / "agenthq.log", maxBytes=10_000_000, backupCount=5)
    file.setFormatter(JsonLine())
    return file
