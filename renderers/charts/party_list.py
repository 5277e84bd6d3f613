"""Route tables made of a partyList: those of proxy, rollsite, OSX and serving-proxy.

Each row becomes a key of one JSON object, beside the site's own key (reference: cluster-yaml.md section 2.1, INV-ID-3;
components.md sections 3.3 and 6).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from planner.lookup import Endpoint
from renderers.charts.spec import Spec
from renderers.values import endpoint, items, number

LARGEST_ID: Final = 999_999
"""Go prints larger floats as 1e+06 (reference: INV-ID-4)."""


class Rows(NamedTuple):
    """The rows of a partyList by party, and the row named `default`, which only OSX understands."""

    entries: dict[int, Endpoint]
    default: tuple[Endpoint, ...]


def rows(spec: Spec, block: str, incomplete: str, *, has_default: bool = False) -> Rows:
    """The rows in a block's partyList, with remarks. `incomplete` says what becomes of a row without an endpoint."""
    entries: dict[int, Endpoint] = {}
    default: tuple[Endpoint, ...] = ()
    for index, row in enumerate(items(spec.value(block, "partyList"))):
        found = endpoint(row, "partyIp", "partyPort") if isinstance(row, dict) else None
        if found is None:
            spec.remark((block, "partyList", index), incomplete)
            continue
        party = number(row.get("partyId"))
        if party is None and row.get("partyId") == "default" and has_default:
            default = (found,)
            continue
        if party is None or party > LARGEST_ID or party == spec.party or party in entries:
            spec.remark((block, "partyList", index), _fault(row.get("partyId"), party, spec.party))
        if party is not None and party <= LARGEST_ID and party != spec.party:
            entries[party] = found
    return Rows(entries, default)


def _fault(written: object, party: int | None, own: int) -> str:
    if party is None:
        return f"partyId {written!r} is no party's id"
    if party > LARGEST_ID:
        return f"partyId {written!r} reaches FATE as another id"
    if party == own:
        return "the site lists itself, a key the chart already writes"
    return f"party {party} is listed twice; only the last row counts"
