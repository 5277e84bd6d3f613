"""The way a message takes by the declared routes, from site to site, before there are addresses and ports."""

from __future__ import annotations

from planner.model import Site, party_key
from planner.routes import POLLED, NextHops, Topology
from planner.wording import label


class Routers:
    """The declared tables of the sites that messages pass through, each worked out once."""

    __slots__ = ("_tables", "_topology")

    def __init__(self, topology: Topology) -> None:
        """Look up tables in `topology` when a message comes by."""
        self._topology = topology
        self._tables: dict[str, NextHops] = {}

    def follow(self, hop: str, destination: int) -> tuple[tuple[str, ...], bool]:
        """The sites that a message passes which is sent to `hop`, and whether it arrives."""
        goal = party_key(destination)
        passed: dict[str, None] = {}
        while hop not in passed:
            passed[hop] = None
            if hop == goal:
                return tuple(passed), True
            table = self._table(hop)
            if table is None:
                break
            entry = table.entries.get(destination)
            if entry == POLLED:
                return (*passed, goal), True
            if entry is not None:
                hop = entry
            elif table.default:
                hop = table.default[0]
            else:
                break
        return tuple(passed), False

    def _table(self, key: str) -> NextHops | None:
        site = self._topology.sites.get(key)
        if site is None or (site.kind == "party" and key not in self._topology.clients_of):
            return None
        if key not in self._tables:
            self._tables[key] = self._topology.hops(site)
        return self._tables[key]


def default_route(site: Site, topology: Topology) -> tuple[str, ...]:
    """The sites that a party dials for everyone it has no entry for."""
    if site.polling is not None:
        return (site.polling,)
    return () if site.id is None else topology.exchange_of(site.id)


def way(source: str, passed: tuple[str, ...]) -> str:
    """The way of a message in words."""
    return " -> ".join(label(key) for key in (source, *passed))
