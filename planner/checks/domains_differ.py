"""Pulsar exchanges of one star know the parties by names of different domains.

A party dials a peer by the name `<party id>.<domain>` with the domain of its own exchange, and every exchange on the
way looks this very name up in its list. An exchange with another domain has no such name, and closes the connection
(reference: INV-PUL-4, INV-PUL-5).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - star: {hub: [9999], far: [10000]}
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
      - {name: far, cluster: shop, domain: far.example.com}  # error: FED227
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - star: {hub: [9999], far: [10000]}
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
      - {name: far, cluster: shop}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.mentions import stars
from planner.subject import Subject, kind_of

FAULT = Fault("FED227", "domains_differ")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange whose domain is not that of the first one in its star."""
    told: set[str] = set()
    for star in stars(subject.topology.federation):
        sites = [subject.topology.sites[key] for key in star.exchanges if key in subject.topology.sites]
        releases = [(site, subject.release(site)) for site in sites]
        sites = [
            site
            for site, release in releases
            if release is not None and kind_of(site, release, subject.topology) == "trafficServer"
        ]
        for site in sites[1:]:
            if site.domain != sites[0].domain and site.key not in told:
                told.add(site.key)
                own = "domain" in site.given
                place = Place((*site.path, "domain") if own else site.path)
                yield Diagnostic(
                    FAULT,
                    f"{site.label} knows the parties by names in {site.domain}, {sites[0].label} by names in "
                    f"{sites[0].domain}",
                    place,
                    "give all exchanges of a star the same domain, which the brokers' certificates must carry",
                    (Note(f"{sites[0].label} is declared here", Place(sites[0].path)),),
                )
