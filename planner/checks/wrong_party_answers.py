"""Somebody else answers for a party, or nobody does, when it is asked for through the site's own nginx.

Every nginx looks into its table for the next hop, so the question takes the way that a job takes. nginx's status tells
where it ended: 502 at a next hop that refuses, 504 at one that says nothing, 404 without a route, and 500 where a table
has no service `fateflow` for the party or routes lead round in a circle. If another party answers, an address or a port
on the way is that of another site. Only this direction was tried: the answer came back on the same connection.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED989]: party 9999: party 9998 answers for party 10000
      note: tried from pod fate-9999/python-0
      hint: compare the route tables on the way with the plan: `invoke status` tells the live ones that differ
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place

FAULT = Fault("FED989", "wrong_party_answers")


def wrong_party_answers(place: Place, who: str, what: str, notes: tuple[str, ...], hint: str) -> Diagnostic:
    """Say what a site (`party 9999`) hears when it asks for a party."""
    return Diagnostic(FAULT, f"{who}: {what}", place, hint, tuple(map(Note, notes)))
