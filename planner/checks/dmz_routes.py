"""The proxies in a DMZ cannot carry these routes.

A proxy in a DMZ is made by `generate_config.sh splitting_proxy` of v1.2.0 and v1.3.0. Its route table has the party
itself and one default route, always to port 9370, which is the port of another such proxy and of nothing else that
these releases deploy (v1.2.0:docker-deploy/generate_config.sh). And where kube.cfg names proxies in a DMZ, the script
makes no exchange and takes the proxies of all parties away (reference: cluster-yaml.md section 4.4).

So either all parties of a federation have their proxies in a DMZ, or none; each of them talks with one other at most;
and there is no exchange.

Bad:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, dmz: {address: 192.168.13.1}}  # error: FED615
      - {id: 10000, cluster: shop}

Good:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, dmz: {address: 192.168.13.1}}
      - {id: 10000, cluster: shop, dmz: {address: 192.168.14.1}}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.kube_cfg import scripted_sites
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED615", "dmz_routes")
_PAIR: Final = 2


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield findings for exchanges, parties and routes that do not go with proxies in a DMZ."""
    sites = scripted_sites(subject)
    parties = [site for site in sites if site.kind == "party"]
    behind = [site for site in parties if site.dmz is not None]
    if not behind:
        return
    for exchange in sites:
        if exchange.kind == "exchange":
            message = f"the script makes no {exchange.label} where kube.cfg names proxies in a DMZ"
            yield Diagnostic(
                FAULT, message, Place(exchange.path), "remove the exchange, or every `dmz`", _notes(behind)
            )
    outside = next((site for site in parties if site.dmz is None), None)
    if outside is not None:
        yield Diagnostic(
            FAULT,
            f"{behind[0].label} has its proxy in a DMZ and {outside.label} has not: in one kube.cfg all have or none",
            Place((*behind[0].path, "dmz")),
            f"write `dmz` in {outside.label} too, or remove it here",
            (Note(f"{outside.label} is here", Place(outside.path)),),
        )
        return
    yield from _routes(subject, behind)


def _notes(behind: Sequence[Site]) -> tuple[Note, ...]:
    return (Note(f"{behind[0].label} has its proxy in a DMZ", Place((*behind[0].path, "dmz"))),)


def _routes(subject: Subject, behind: Sequence[Site]) -> Iterator[Diagnostic]:
    """Findings for proxies with more than one peer; one alone where a mesh or star is too large for all of them."""
    topology = subject.topology
    too_large = any(len(group) > _PAIR for group in topology.groups) and not subject.federation.never
    for site in behind:
        count = len(topology.partners(site.id or 0))
        if count > 1:
            message = f"the proxy of {site.label} has one route, and the party must talk with {count} others"
            yield Diagnostic(
                FAULT, message, Place((*site.path, "dmz")), "link each party with one other, or remove every `dmz`"
            )
            if too_large:
                return
