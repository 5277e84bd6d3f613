"""FATE's own rules for finding the next hop of a message, and who answers at an endpoint.

rollsite (v1.11.2, Router.scala) takes the entry of the destination's id, else the entry `default`;
OSX (v2.0.0, DefaultFateRouterServiceImpl) does the same. A polling client has an entry without an address.
A route that leads back to the router that looked it up is not followed (reference: components.md, facts 5 and 6).
nginx takes any item of the destination's list, so each must arrive, else the default (cluster-yaml.md section 2.2).
RabbitMQ has no default. Pulsar dials an unknown party as `<party id>.<domain>` through the default's proxy, and
trafficServer looks that name up (cluster-yaml.md section 2.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple


class Endpoint(NamedTuple):
    """Host and port as the dialling site sees them. A tuple, because a large mesh compares millions of them."""

    host: str
    port: int

    def __str__(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return f"{self.literal}:{self.port}"

    @property
    def literal(self) -> str:
        """The host as it stands before a colon and a port: an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host


POLLED: Final = Endpoint("", -1)
"""The entry of a polling client, as the charts write it."""


@dataclass(frozen=True, slots=True)
class RouteTable:
    """One site's routes: the ids it answers for, entries by party id, and the default route.

    `own` is None for a pure router. `default` is empty when unknown parties go nowhere
    (or back to the site itself, which is the same); several endpoints are balanced over.
    `more` holds further endpoints of an entry, any of which may be dialled in its place.
    `domain` is what follows a party's id in the names that Pulsar and trafficServer know it by; empty elsewhere.
    """

    own: int | None
    entries: Mapping[int, Endpoint]
    default: tuple[Endpoint, ...] = ()
    more: Mapping[int, tuple[Endpoint, ...]] = field(default_factory=dict)
    domain: str = ""

    def find(self, destination: int) -> tuple[Endpoint, ...]:
        """The endpoints a message to `destination` may be sent to; empty when there is no route."""
        entry = self.entries.get(destination)
        return self.default if entry is None else (entry, *self.more.get(destination, ()))


@dataclass(frozen=True, slots=True)
class Listener:
    """Where one site can be dialled: from anywhere, and from pods of its own cluster."""

    site: str
    cluster: str
    outside: tuple[Endpoint, ...]
    inside: tuple[Endpoint, ...] = ()


class Network:
    """Who answers at which endpoint, as seen from which site.

    `listeners` are the endpoints that sites really expose.
    `reached_as` holds, for (source, target) pairs, endpoints of the target's own that only this source can use;
    such a source cannot use the target's ordinary endpoints.
    """

    __slots__ = ("_inside", "_outside", "_special", "reached_as")

    def __init__(
        self, listeners: Mapping[str, Listener], reached_as: Mapping[tuple[str, str], tuple[Endpoint, ...]]
    ) -> None:
        """Index the listeners by endpoint."""
        self._outside: dict[Endpoint, str] = {}
        self._inside: dict[tuple[str, Endpoint], str] = {}
        for listener in listeners.values():
            for endpoint in listener.outside:
                self._outside.setdefault(endpoint, listener.site)
            for endpoint in listener.inside:
                self._inside.setdefault((listener.cluster, endpoint), listener.site)
        self.reached_as = reached_as
        self._special = {
            (source, endpoint): target for (source, target), endpoints in reached_as.items() for endpoint in endpoints
        }

    def who_answers(self, source: str, cluster: str, endpoint: Endpoint) -> str | None:
        """The site that `source`, placed on `cluster`, reaches at `endpoint`; None when nobody listens there."""
        special = self._special.get((source, endpoint))
        if special is not None:
            return special
        found = self._outside.get(endpoint) or self._inside.get((cluster, endpoint))
        if found is not None and (source, found) in self.reached_as:
            return None
        return found


class Reason(StrEnum):
    """Why a message does not arrive."""

    NO_ROUTE = "no route"
    NOBODY = "nobody listens there"
    STRANGER = "another party listens there"
    LOOP = "the route loops"
    NOT_POLLING = "that party does not poll there"
    UNKNOWN_NAME = "the exchange knows the parties by names of another domain"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a message: the site that looked up its table, the endpoint it dials, and who answers."""

    source: str
    endpoint: Endpoint
    target: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of a message from one party to another; `reason` is None when it arrives."""

    origin: str
    destination: int
    hops: tuple[Hop, ...]
    reason: Reason | None
