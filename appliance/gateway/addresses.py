"""Addresses that are never called: link-local ones and those where clouds hand out credentials."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_FORBIDDEN_4 = [ip_network(text) for text in ("169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32")]
_FORBIDDEN_6 = [ip_network(text) for text in ("fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128")]
_NAT64 = ip_network("64:ff9b::/96")


def forbidden(host: str) -> bool:
    """True for a literal address on the list, also when IPv6 wraps it; False for a name: DNS must resolve it first."""
    plain = _literal(host)
    if plain is None:
        return False
    return any(plain in network for network in (_FORBIDDEN_4 if plain.version == 4 else _FORBIDDEN_6))


def private(host: str) -> bool:
    """True for a literal address that is not of the public internet: this machine, its network, multicast, reserved."""
    plain = _literal(host)
    return plain is not None and (not plain.is_global or plain.is_multicast)


def refusal(host: str, address: str, public_only: bool) -> str:
    """Why `host` at `address` (the host itself before it is resolved) is not called for an account; "" when it is."""
    shown = host if host == address else f"{host} is {address}"
    if forbidden(address):
        return f"{shown}: link-local and metadata addresses are never called."
    if public_only and private(address):
        return f"{shown}: not public. An owner can allow private addresses for this account."
    return ""


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return _unwrapped(ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        return None


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
