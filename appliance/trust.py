"""TLS to others: the system's authorities, and nothing older than 1.2, whatever this Python was compiled to accept."""

import ssl
from functools import cache


def trusting() -> ssl.SSLContext:
    """A new one each time, with the authorities of the moment; reading them takes some milliseconds."""
    context = ssl.create_default_context()
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@cache
def trusted() -> ssl.SSLContext:
    """One for all HTTP sessions of this process, whose connections are too many to read the authorities for each."""
    context = trusting()
    context.set_alpn_protocols(["http/1.1"])
    return context
