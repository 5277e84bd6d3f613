"""Two sites are in one namespace of one cluster.

The charts give their objects fixed names (`rollsite`, `python`, `mysql`, `nginx`), so a namespace has room for one
training site and one FATE-Serving. A second party fails to install, and so does an exchange beside a party: both have
a rollsite or an nginx (reference: INV-NS-1). Left out, the namespace is `fate-` and the party's id or the exchange's
name, for FATE-Serving `fate-serving-` and the party's id.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, namespace: fate}
      - {id: 10000, cluster: bank, namespace: fate}  # error: FED309
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, namespace: fate}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED309", "namespace_taken")


class _Place(NamedTuple):
    """One of a site's clusters: `path` is where its namespace stands below the site, `default` what it is unsaid."""

    site: Site
    label: str
    namespace: str
    path: tuple[str, ...]
    is_given: bool
    default: str


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site in a namespace where an earlier one is; parties come before exchanges.

    Training and FATE-Serving have different objects and may share a namespace.
    """
    yield from _findings(map(_training, filter(_trains, subject.namespaced_sites())))
    yield from _findings(place for site in subject.namespaced_sites() if (place := _serving(site)) is not None)


def _findings(places: Iterable[_Place]) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], _Place] = {}
    for place in places:
        site = place.site
        earlier = first.setdefault((site.cluster, place.namespace), place)
        if earlier.site.key == site.key:
            continue
        hint = "give this site a namespace of its own"
        if place.is_given and place.namespace != place.default:
            hint = f"drop the namespace (it is then {place.default}), or give this site one of its own"
        yield Diagnostic(
            FAULT,
            f"{place.label} is in namespace {place.namespace} of cluster {site.cluster}, where {earlier.label} is",
            Place((*site.path, *place.path)),
            hint,
            (Note(f"{earlier.label} is placed there here", Place((*earlier.site.path, *earlier.path))),),
        )


def _trains(site: Site) -> bool:
    return site.exchange_kind != "servingProxy"


def _training(site: Site) -> _Place:
    default = f"fate-{site.key.partition('-')[2]}"
    return _Place(site, site.label, site.namespace, ("namespace",), "namespace" in site.given, default)


def _serving(site: Site) -> _Place | None:
    """The namespace of a party's FATE-Serving, or of a serving exchange; None without."""
    if not _trains(site):
        return _training(site)
    if site.kind == "exchange" or site.serving is None:
        return None
    given = "namespace" in site.serving.given
    label = f"FATE-Serving of {site.label}"
    return _Place(site, label, site.serving.namespace, ("serving", "namespace"), given, site.serving.name)
