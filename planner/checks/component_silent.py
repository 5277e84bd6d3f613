"""A router, broker or manager of a site does not answer inside the site's own cluster.

It was asked at its Service, by a pod of the same site: the way that FATE-Flow takes to it, and behind which peers
arrive. Nothing between the parties has to do with it. Either its pod is not ready, so that the Service leads nowhere,
or the program in it listens on another port, or it is ill and says so.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED988]: rabbitmq of party 9999 does not answer at rabbitmq:5672: connection refused
      hint: see what its pod says with `invoke status --party 9999`, and read its log
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import option, spoken

FAULT = Fault("FED988", "component_silent")


def component_silent(place: Place, component: str, site: str, label: str, failure: str) -> Diagnostic:
    """Say which component of a site (its key and its label) fails, and how: `does not answer at nginx:9300`."""
    message = f"{component} of {label} {spoken(failure)}"
    return Diagnostic(
        FAULT, message, place, f"see what its pod says with `invoke status {option(site)}`, and read its log"
    )
