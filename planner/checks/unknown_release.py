"""fedplan has no data for a release.

Every release has keys, modules, images and ports of its own, so a file for a release that fedplan does not know would
be guesswork. It knows what KubeFATE published for FATE v1.2.0 to v2.0.0: v1.2.0 and v1.3.0 are deployed by a script
and kube.cfg, the others from charts. Some numbers were never published: there is no chart v1.11.0, for example, and
none after v2.0.0.

Bad:

    version: 1
    name: demo
    release: v1.11.0  # error: FED401
    topology: mesh
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
    release: v1.11.1
    topology: mesh
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

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.releases import RELEASE_NAMES, ReleaseOrder, load, release_order
from planner.subject import Subject
from planner.wording import shown

FAULT = Fault("FED401", "unknown_release")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for the federation's release and for every site's own one that has no data."""
    yield from _judged(subject.federation.release, ("release",))
    for site in subject.federation.sites:
        if "release" in site.given:
            yield from _judged(site.release, (*site.path, "release"))


def _judged(name: str, path: KeyPath) -> Iterator[Diagnostic]:
    if name and load(name) is None:
        yield Diagnostic(FAULT, f"fedplan knows no release {shown(name)}", Place(path), _hint(name))


def _hint(name: str) -> str:
    try:
        wanted = release_order(name)
    except ValueError:
        return f"write a release such as {RELEASE_NAMES[-2]}"
    known = {each: release_order(each) for each in RELEASE_NAMES}
    siblings = [each for each, order in known.items() if order[:2] == wanted[:2]]
    if siblings:
        nearest = min(siblings, key=lambda each: _distance(known[each], wanted))
        others = [each for each in siblings if each != nearest]
        also = f" (there is also {', '.join(others)})" if others else ""
        return f"did you mean {nearest}?{also}"
    below = [each for each, order in known.items() if order < wanted]
    above = [each for each, order in known.items() if order > wanted]
    near = " or ".join([*below[-1:], *above[:1]])
    return f"write {near}: fedplan plans {RELEASE_NAMES[0]} to {RELEASE_NAMES[-1]}"


def _distance(order: ReleaseOrder, wanted: ReleaseOrder) -> tuple[int, bool, bool]:
    """Patches between two releases; upwards and without a letter is nearer."""
    return abs(order[2] - wanted[2]), order[2] < wanted[2], order[3] != wanted[3]
