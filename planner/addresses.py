"""Addresses as federation.yaml writes them: what is wrong with one, and whether two are the same.

An address is an IPv4 address, an IPv6 address or a DNS name of RFC 1123 labels. It is one host: no URL, no port, no
network. Nothing is resolved here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from typing import Final, Literal

from planner.diagnostics import KeyPath, Place
from planner.model import Site
from planner.source import quote
from planner.subject import Subject

Role = Literal["cluster", "load balancer", "serving", "dmz", "route", "mysql", "redis", "nfs"]
"""What an address is of: `serving` is the load balancer of a serving proxy, the last three a party's own servers."""

_LABEL: Final = re.compile("[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?")
_MAX_LABEL: Final = 63
_NUMBER: Final = re.compile("[0-9]+|0[xX][0-9A-Fa-f]*")
_IPV4_PARTS: Final = 4
_LAST_BYTE: Final = 255
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
_BROADCAST: Final = IPv4Address("255.255.255.255")
_LOOPBACK_NAMES: Final = frozenset(
    {
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost4.localdomain4",
        "localhost6",
        "localhost6.localdomain6",
        "ip6-localhost",
        "ip6-loopback",
    }
)
_ROUTERS: Final = frozenset({"rollsite", "lbrollsite", "osx"})
"""Services of the charts that are taken for one even without a namespace behind them."""
_SERVICES: Final = _ROUTERS | {
    "proxy",
    "fateflow",
    "fateflow-client",
    "nginx",
    "pulsar",
    "rabbitmq",
    "serving-proxy",
    "serving-server",
    "traffic-server",
}
"""Services of the charts (v1.11.2 and v2.0.0:helm-charts; `proxy` in v1.3.0-a)."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a text is no address (a clause that follows the text), and the way out."""

    clause: str
    hint: str


@dataclass(frozen=True, slots=True)
class Written:
    """An address as it stands in federation.yaml.

    `title` says what it is the address of; `sites` are the sites it is an address of (for a route: source, target),
    several when they inherit it from `defaults`.
    """

    text: str
    title: str
    role: Role
    path: KeyPath
    sites: tuple[Site, ...]

    @property
    def subject(self) -> str:
        """The words that begin a message about it; a text that may hold a password is not repeated."""
        return self.title if "@" in self.text else f"{quote(self.text)}, {self.title},"

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.path, secret="@" in self.text)


def written(subject: Subject) -> Iterator[Written]:
    """Every address of the file, one that several sites inherit only once."""
    on: dict[str, list[Site]] = {}
    for site in subject.federation.sites:
        on.setdefault(site.cluster, []).append(site)
    for cluster in subject.federation.clusters:
        sites = tuple(on.get(cluster.name, ()))
        title = f"the address of cluster {cluster.name}"
        yield Written(cluster.address, title, "cluster", (*cluster.path, "address"), sites)
    yield from _balancers(subject.federation.sites)
    yield from _of_parties(subject.federation.parties)
    for route in subject.federation.routes:
        if route.address is not None:
            labels = [key.replace("-", " ", 1) for key in (route.source, route.target)]
            ends = (subject.topology.sites.get(key) for key in (route.source, route.target))
            title = f"the address at which {labels[0]} dials {labels[1]}"
            path = (*route.path, "address")
            yield Written(route.address, title, "route", path, tuple(site for site in ends if site is not None))


def _balancers(sites: tuple[Site, ...]) -> Iterator[Written]:
    """The addresses of load balancers: of a site, of single components, and of a party's serving cluster."""
    for group in _by_origin([site for site in sites if site.exposure.address is not None], "exposure"):
        exposure = group[0].exposure
        title = "the load balancer's address that sites inherit"
        if "exposure" in group[0].given:
            title = f"the load balancer's address of {group[0].label}"
        path = (*group[0].path, "exposure")
        yield Written(exposure.address or "", title, "load balancer", (*path, "address"), group)
        for component, address in exposure.addresses.items():
            title = f"the address of {component}'s load balancer of {group[0].label}"
            role: Role = "serving" if component == "servingProxy" else "load balancer"
            yield Written(address, title, role, (*path, "addresses", component), group)
    for group in _by_origin([site for site in sites if _has_serving_address(site)], "serving"):
        serving = group[0].serving
        if serving is not None:
            path = (*group[0].path, "serving", "exposure")
            title = f"the address of the serving proxy's load balancer of {group[0].label}"
            yield Written(serving.exposure.address or "", title, "serving", (*path, "address"), group)
            for component, address in serving.exposure.addresses.items():
                title = f"the address of {component}'s load balancer of {group[0].label}"
                yield Written(address, title, "serving", (*path, "addresses", component), group)


def _has_serving_address(site: Site) -> bool:
    """Whether a party gives its serving cluster a load balancer that is not that of its training."""
    if site.kind == "exchange" or site.serving is None or "exposure" not in site.serving.given:
        return False
    return site.serving.exposure.address is not None


def _of_parties(parties: tuple[Site, ...]) -> Iterator[Written]:
    """The addresses of a proxy in a DMZ, and of the servers that only a party's own pods and nodes dial."""
    for party in parties:
        if party.dmz is not None:
            title = f"the address of the DMZ host of {party.label}"
            yield Written(party.dmz, title, "dmz", (*party.path, "dmz", "address"), (party,))
    for group in _by_origin([party for party in parties if party.mysql is not None], "mysql"):
        title = f"the MySQL host {_of(group[0], 'mysql')}"
        host = group[0].mysql.host if group[0].mysql is not None else ""
        yield Written(host, title, "mysql", (*group[0].path, "mysql", "host"), group)
    for group in _by_origin([party for party in parties if party.serving and party.serving.redis], "serving"):
        serving = group[0].serving
        host = serving.redis.host if serving is not None and serving.redis is not None else ""
        title = f"the Redis host {_of(group[0], 'serving')}"
        yield Written(host, title, "redis", (*group[0].path, "serving", "redis", "host"), group)
    for group in _by_origin([party for party in parties if party.nfs is not None], "nfs"):
        server = group[0].nfs.server if group[0].nfs is not None else ""
        yield Written(server, f"the NFS server {_of(group[0], 'nfs')}", "nfs", (*group[0].path, "nfs", "server"), group)


def _of(site: Site, key: str) -> str:
    return f"of {site.label}" if key in site.given else "that parties inherit"


def _by_origin(sites: list[Site], key: str) -> Iterator[tuple[Site, ...]]:
    """Sites that write a key themselves one by one, those that inherit it together."""
    inherited = tuple(site for site in sites if key not in site.given)
    if inherited:
        yield inherited
    for site in sites:
        if key in site.given:
            yield (site,)


def normalised(text: str) -> str:
    """The form in which equal addresses are equal: names in lower case, IPv6 as RFC 5952 writes it."""
    if ":" in text:
        try:
            return str(IPv6Address(text))
        except AddressValueError:
            return text.lower()
    return text.lower()


def is_sound(text: str) -> bool:
    """Whether no check has anything against an address as such."""
    return flaw(text) is None and undiallable(text) is None


def flaw(text: str) -> Flaw | None:
    """What keeps a text from being an address; None when it is one."""
    clause = _clause(text)
    if clause is None:
        return None
    better = _suggestion(text)
    hint = "write an IPv4 address, an IPv6 address or a DNS name" if better is None else f"write {better}"
    if clause == _ENDS_IN_PORT:
        hint = f"{hint} and leave the port to plan, or pin it under `ports` (in a route: under `port`)"
    elif clause == _LEADING_ZEROS:
        hint = f"{hint}, if the numbers are decimal"
    return Flaw(clause, hint)


_ENDS_IN_PORT: Final = "ends in a port"
_LEADING_ZEROS: Final = "has numbers with leading zeros, which some programs read as octal"


def _clause(text: str) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one return per mistake
    if not text.strip():
        return "is empty"
    if any(char.isspace() for char in text):
        return "has a space in it" if text == text.strip() else "begins or ends with a space"
    if "://" in text:
        return "is a URL and not an address"
    if "@" in text:
        return "holds a user name"
    if "/" in text:
        return "is a network or a path and not one host"
    if "[" in text or "]" in text:
        return "has brackets, which belong into a URL"
    if "%" in text:
        return "has a zone, which means something on one machine only"
    if text.count(":") == 1:
        return _ENDS_IN_PORT if text.partition(":")[2].isdecimal() else "has a colon in it"
    if ":" in text:
        try:
            IPv6Address(text)
        except AddressValueError:
            return "is no IPv6 address"
        return None
    if not text.isascii():
        return "has letters that DNS does not know"
    if text.endswith("."):
        return "ends in a dot"
    labels = text.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4_clause(labels)
    if "" in labels:
        return "has two dots in a row or begins with one"
    if "_" in text:
        return "has an underscore, which no host's name has"
    for label in labels:
        if len(label) > _MAX_LABEL:
            return f"has a part of {len(label)} characters, and DNS takes {_MAX_LABEL}"
        if label.startswith("-") or label.endswith("-"):
            return "has a part that begins or ends with a hyphen"
        if not _LABEL.fullmatch(label):
            return "has characters that DNS names do not have"
    return None


def _ipv4_clause(labels: list[str]) -> str | None:
    """What is wrong with a text that ends in a number: no DNS name does (RFC 1123, 2.1)."""
    if not all(label.isdecimal() for label in labels):
        return "ends in a number, so it is no DNS name, and it is no IPv4 address"
    if len(labels) != _IPV4_PARTS:
        return f"has {len(labels)} {'number' if len(labels) == 1 else 'numbers'}, and an IPv4 address has four"
    if any(len(label) > 1 and label.startswith("0") for label in labels):
        return _LEADING_ZEROS
    large = next((label for label in labels if int(label) > _LAST_BYTE), None)
    return None if large is None else f"is no IPv4 address: {large[:12]} is above {_LAST_BYTE}"


def _suggestion(text: str) -> str | None:
    """The address that was probably meant."""
    host = "".join(text.split())
    if "://" in host:
        host = host.partition("://")[2]
    host = host.partition("/")[0].rpartition("@")[2]
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    host = host.partition("%")[0].rstrip(".")
    labels = host.split(".")
    if len(labels) == _IPV4_PARTS and all(label.isascii() and label.isdecimal() for label in labels):
        host = ".".join(label.lstrip("0") or "0" for label in labels)
    return host if host and host != text and _clause(host) is None else None


def undiallable(text: str) -> str | None:  # noqa: PLR0911 - one return per kind
    """Why nobody on another machine can dial an address (a clause); None when that may be possible (INV-PORT-6)."""
    name = text.lower()
    if name in _LOOPBACK_NAMES or name.endswith(".localhost"):
        return "means the dialling machine itself"
    ip = _ip(text)
    if ip is None:
        return None
    if ip.is_loopback:
        return "is a loopback address: whoever dials it reaches itself"
    if ip.is_unspecified or (isinstance(ip, IPv4Address) and ip in _THIS_NETWORK):
        return "stands for every address of a machine, which servers listen on and nobody dials"
    if ip.is_multicast:
        return "is a multicast address, and no single machine's"
    if ip == _BROADCAST:
        return "is the broadcast address, and no single machine's"
    if ip.is_link_local:
        return "is link-local: it holds on one network segment and is not routed"
    return None


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        if ":" not in text:
            return IPv4Address(text)
        ip = IPv6Address(text)
    except AddressValueError:
        return None
    return ip if ip.ipv4_mapped is None else ip.ipv4_mapped


def is_internal(text: str, namespaces: frozenset[str]) -> bool:
    """Whether a name means something inside one Kubernetes cluster only (INV-PORT-5).

    That are the cluster's own DNS domain, and the charts' Service names, alone or before a namespace of the federation
    or one that begins with `fate-`.
    """
    labels = text.lower().split(".")
    if labels[-1] == "svc" or labels[-2:] == ["cluster", "local"]:
        return True
    if len(labels) == 1:
        return labels[0] in _ROUTERS
    service, namespace = labels[0], labels[1]
    return (
        len(labels) == len((service, namespace))
        and service in _SERVICES
        and (namespace.startswith("fate-") or namespace in namespaces)
    )
