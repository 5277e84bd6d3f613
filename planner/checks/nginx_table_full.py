"""An nginx gets more routes than it keeps.

nginx of the Spark families keeps its table in a cache of 500 entries, among them the default and the site's own. It
reads the table again every 5 seconds, and each time the entries beyond 500 push others out. Messages for a party that
was pushed out take the default route: to an exchange that may not know it, or back to the sender (reference:
components.md section 0, fact 3; FATE@v1.11.2:c/proxy/lua/route_table.lua). Which parties are lost is chance.

Example:

A mesh of 600 parties with engine spark_pulsar: each nginx has 599 routes, and about a hundred of them are missing at
any moment. Two meshes of 300 parties that need not talk with each other are fine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place
from planner.spark import control_sites
from planner.subject import Subject

FAULT = Fault("FED224", "nginx_table_full")
KEPT: Final = 500
"""Entries that nginx keeps (`lrucache.new(500)`), the default and the own one among them."""
_MOST: Final = KEPT - 2


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one finding for the federation, at the first site with more routes than its nginx keeps."""
    if len(subject.federation.parties) <= _MOST:
        return
    for site, _, _ in control_sites(subject):
        count = len(subject.topology.hops(site).entries)
        if count > _MOST:
            yield Diagnostic(
                FAULT,
                f"nginx of {site.label} gets routes to {count} parties, and keeps {_MOST} beside its own entries",
                Place(site.path),
                f"split the federation into shapes of at most {_MOST} parties, each star with an exchange of its own",
            )
            return
