"""A site has a link, a route or a default route to itself.

A party reaches itself without any route, and a router does not follow a route that leads back to it (reference:
components.md, fact 6). Where both ends of a pair are the same, one of the two is a typing mistake.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [10001, 10001]  # error: FED205
          - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [10000, 10001]
          - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from planner.diagnostics import Diagnostic, Edit, Fault, Place, Remove
from planner.slips import SelfReference, self_references
from planner.subject import Subject
from planner.wording import label

FAULT = Fault("FED205", "self_link", mended="the pair or the entry under `routes` is removed")
_OTHER_PARTY: Final = "name another party, or delete the pair"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "links": ("a link of {} with itself", _OTHER_PARTY),
    "never": ("a forbidden pair of {} with itself", _OTHER_PARTY),
    "expect": ("an expected pair of {} with itself", _OTHER_PARTY),
    "routes": ("a route of {} to itself", "name the site that is dialled, or delete the entry"),
    "polling": ("{} polls itself", "name the site that it polls for its messages, or delete polling"),
    "upstream": ("the default route of {} leads back to it", "name another exchange, or delete upstream"),
}
"""Message and hint by where a site stands together with itself."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every link, pair, route and default route of a declared site to itself."""
    for found in self_references(subject):
        message, hint = _WORDS[found.where]
        fix = _fix(found) if subject.federation.complete or found.where != "links" else ()
        yield Diagnostic(FAULT, message.format(label(found.site)), Place(found.path), hint, fix=fix)


def _fix(found: SelfReference) -> tuple[Edit, ...]:
    """Take out what has no effect; polling and upstream decide how a site is reached, and another may be meant."""
    if found.where in {"polling", "upstream"}:
        return ()
    steps = 2 if found.where == "expect" else 1
    return (Remove(found.path[:-steps]),)
