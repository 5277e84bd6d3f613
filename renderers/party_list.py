"""`partyList`: the rows in which rollsite, OSX, proxy and serving-proxy find their peers."""

from __future__ import annotations

from functools import lru_cache

from planner.lookup import POLLED, Endpoint, RouteTable
from renderers.canonical import Block, block


def party_list(table: RouteTable) -> Block:
    """The rows of a table, for a key two levels deep; polling clients are listed elsewhere (INV-EGG-11)."""
    return Block("".join(row(party, endpoint) for party, endpoint in table.entries.items() if endpoint != POLLED))


@lru_cache(maxsize=65536)
def row(party: int | str, endpoint: Endpoint) -> str:
    """One item of a partyList; the same peer is written into many files."""
    lines = block({"partyId": party, "partyIp": endpoint.host, "partyPort": endpoint.port}).splitlines()
    return "".join(f"    {'- ' if index == 0 else '  '}{line}\n" for index, line in enumerate(lines))
