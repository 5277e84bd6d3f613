"""A party stands twice in one shape, or a pair twice in `links` or `never`.

The second mention adds nothing, so one of the two was meant to be another party. In two groups of one star it is
worse: the party can dial only one exchange by default, and nothing says which (reference: INV-EGG-4).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh:
          - 9999
          - 10000
          - 9999  # error: FED220
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh:
          - 9999
          - 10000
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Note, Place, Remove
from planner.slips import Repetition, repeated_members
from planner.subject import Subject

FAULT = Fault("FED220", "duplicate_member", mended="the second mention is removed")
_ALREADY: Final[Mapping[str, str]] = {
    "mesh": "is in this mesh already",
    "star": "is in this star already",
    "links": "are linked already",
    "never": "are under never already",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every repeated member of a shape, and every repeated pair, in either order.

    Undeclared parties and pairs of one party are left to the checks of their own.
    """
    for again in repeated_members(subject):
        who = f"{'party' if len(again.parties) == 1 else 'parties'} {' and '.join(map(str, again.parties))}"
        yield Diagnostic(
            FAULT,
            f"{who} {_ALREADY[again.where]}",
            Place(again.path),
            "delete one of the two, or write the party that was meant",
            (Note("the first one is here", Place(again.first)),),
            (Remove(again.path),) if _says_nothing_new(again, subject) else (),
        )


def _says_nothing_new(again: Repetition, subject: Subject) -> bool:
    """Whether nothing changes without this mention; one in another group of a star names another exchange.

    The place of a member is known only where the file was read completely.
    """
    if again.where == "never":
        return True
    is_known = subject.federation.complete
    return is_known and (again.where == "links" or again.path[:-1] == again.first[:-1])
