"""Which line the settings ask for. The drivers are imported here, when they are needed."""

from appliance.engine.bells.line import Line
from appliance.engine.bells.memory import MemoryLine
from appliance.engine.bells.remote import RemoteLine, Server


def open_server(url: str) -> Server:
    """The queue server at a URL that the settings have accepted; it is reached with the first use."""
    if url.startswith("redis"):
        from appliance.engine.bells.redis import RedisServer  # noqa: PLC0415  0.1 s that nobody else should wait for

        return RedisServer(url)
    from appliance.db.postgres_line import PostgresLine  # noqa: PLC0415

    return PostgresLine(url)


def open_line(url: str) -> Line:
    """The line on that server, or without one the line in this process."""
    return RemoteLine(open_server(url)) if url else MemoryLine()
