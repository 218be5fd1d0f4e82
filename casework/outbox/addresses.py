"""Where a request of ours may go: the public internet, and what the operator has listed. Nothing else.

A name is resolved once; every address that comes back must be allowed, and the connection goes to one of exactly
those addresses. So a name that answers differently the second time (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from .errors import Refused, TooSlow, Unreachable

Address = IPv4Address | IPv6Address
Net = IPv4Network | IPv6Network

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?", re.ASCII)
#: What RFC 3986 lets stand in an address; browsers and libraries disagree about anything else.
_PLAIN = re.compile(r"[!#-\[\]_a-z~]+", re.ASCII)
_PORTS = {"https": 443, "http": 80}
#: Longer than any address that an exchange hands out.
_MOST_CHARACTERS = 4096

_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
#: Public by ``is_global`` in some Python version, and yet a way round to somewhere else or to nobody (RFC 6890,
#: RFC 7526, RFC 3056, RFC 4380, RFC 8215, RFC 3879).
_ROUNDABOUT = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "2002::/16", "2001::/23", "64:ff9b:1::/48", "fec0::/10",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: *scheme* http or https, *host* lower case and without brackets, *path* with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def parse(url: str) -> Target:
    """The parts of *url*, or ``Refused`` for what is not a plain http(s) address in ASCII without user and password."""
    if len(url) > _MOST_CHARACTERS or not _PLAIN.fullmatch(url):
        raise Refused("address", _("The address holds characters that do not belong in one."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("address", _("The address can't be read.")) from None
    if parts.scheme not in _PORTS:
        raise Refused("scheme", _("Only https addresses are used."))
    if "@" in parts.netloc:
        raise Refused("address", _("The address holds a user name; keys belong in the fields for keys."))
    host = (parts.hostname or "").lower()
    if not (_is_ipv6(host) if ":" in host else _HOST.fullmatch(host)) or port == 0:
        raise Refused("address", _("The address names no host."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def resolve(target: Target, *, seconds: float, nets: Collection[Net] | None = None) -> tuple[str, ...]:
    """The addresses that *target* may be reached at, in the resolver's order. Takes *seconds* at most.

    Of the networks that the operator listed, *nets* leaves those that lie within one of it; None leaves all.

    Raises ``Refused`` when any of them is not allowed or when http would leave the listed networks, ``Unreachable``
    when the name has no address, ``TooSlow``.
    """
    found: list[Address] = []
    for text in _look_up(target, seconds):
        # A zone ("fe80::1%eth0") makes sense on one machine only, and only for addresses that are refused.
        address = canonical(ip_address(text.partition("%")[0]))
        listed = is_listed(address) and (nets is None or _is_within(address, nets))
        if not (listed or is_public(address)):
            raise Refused(
                "private", _("“%(host)s” leads into a private or local network.") % {"host": target.host}
            )
        if target.scheme == "http" and not listed:
            raise Refused("scheme", _("Only https addresses are used."))
        if address not in found:
            found.append(address)
    return tuple(str(address) for address in found)


def is_listed(address: Address) -> bool:
    """Whether the operator allows *address* by ``OUTBOUND_ALLOWED_NETS``."""
    return _is_within(address, settings.OUTBOUND_ALLOWED_NETS)


def is_inside(net: Net, other: Net) -> bool:
    """Whether every address of *net* belongs to *other*."""
    if isinstance(net, IPv4Network):
        return isinstance(other, IPv4Network) and net.subnet_of(other)
    return isinstance(other, IPv6Network) and net.subnet_of(other)


def is_public(address: Address) -> bool:
    """Whether *address* belongs to somebody on the public internet, whatever form it is written in."""
    address = canonical(address)
    if (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(address.version == net.version and address in net for net in _ROUNDABOUT)
    ):
        return False
    # ISATAP (RFC 5214) hides an IPv4 address in the last 32 bits behind this mark.
    return address.version == 4 or (int(address) >> 32) & 0xFDFFFFFF != 0x5EFE


def canonical(address: Address) -> Address:
    """The IPv4 address that an IPv6 form of it leads to (mapped, compatible, NAT64), else *address* itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_within(address: Address, nets: Collection[Net]) -> bool:
    return any(address.version == net.version and address in net for net in nets)


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address) and "%" not in host
    except ValueError:
        return False


def _look_up(target: Target, seconds: float) -> list[str]:
    """Ask the system's resolver in a thread of its own: it has no time limit that we could set."""
    answers: list[str] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.extend(str(row[4][0]) for row in rows)
        except (OSError, UnicodeError) as error:
            errors.append(error)

    asking = threading.Thread(target=ask, name="resolver", daemon=True)
    asking.start()
    asking.join(max(seconds, 0.0))
    if asking.is_alive():
        raise TooSlow("name", _("The address of “%(host)s” was not found in time.") % {"host": target.host})
    if errors or not answers:
        raise Unreachable("name", _("There is no server by the name “%(host)s”.") % {"host": target.host})
    return answers
