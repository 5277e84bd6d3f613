"""A party talks with nobody.

A party that is in no shape of the topology, or alone in every shape it is in, is installed and gets no route at
all. Most often it was forgotten when it was added to the file.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh: [9999, 10000]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}  # warning: FED212
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh: [9999, 10000, 10001]
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

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.mentions import topology_known
from planner.model import Site
from planner.partners import has_partner
from planner.slips import has_slips
from planner.subject import Subject

FAULT = Fault("FED212", "isolated_party", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party without a partner.

    Nothing is said while a name in the topology is wrong: it may have been meant for the party that is missing.
    """
    alone = [(party, why) for party in subject.federation.parties if (why := _why_alone(party, subject)) is not None]
    if not alone or not topology_known(subject.federation) or has_slips(subject):
        return
    for party, why in alone:
        hint = f"add {party.id} to a shape under topology, or delete the party"
        if party.id is not None and party.id in subject.topology.never_of:
            hint = f"delete a pair of {party.id} under never, or the party"
        yield Diagnostic(FAULT, f"{party.label} talks with nobody: {why}", Place((*party.path, "id")), hint)


def _why_alone(party: Site, subject: Subject) -> str | None:
    """Why a party has no partner; None if it has one."""
    if party.id is None:
        return None
    groups = subject.topology.groups_of.get(party.id, ())
    if not groups:
        return "it is in no shape of the topology"
    if has_partner(party.id, subject.topology):
        return None
    if all(len(group) == 1 for group in groups):
        return "no shape has it together with another party"
    return "every party that it shares a shape with is named under never"
