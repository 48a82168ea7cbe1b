"""An e-mail and the server that takes it; the sending is in smtp.py, which is loaded when the first one goes."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Security = Literal["starttls", "tls", "none"]


class Server(Struct, frozen=True):
    """The box's own mail server. `sender` is an address, or a name with an address in angle brackets."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    sender: str


class Mail(Struct, frozen=True):
    """`id` makes the Message-ID, the same each time it is tried; `thread` puts messages about one thing together."""

    id: str
    to: str
    subject: str
    text: str
    html: str
    at: datetime
    thread: str = ""
