"""A party has FATE-Serving and nobody to serve with.

A model that several parties trained together is served together: each party's serving-proxy asks the others' for their
part. fedplan connects the proxies of parties that train together and both have `serving`. Here no partner has it;
models that the party trained alone or that need no partner work, all others answer with an error at the first request.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, serving: {credentials: {redis: "env:R", admin: "env:A"}}}  # info: FED501
      - {id: 10000, cluster: shop}
    defaults:
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      serving:
        credentials: {redis: "env:REDIS_PASSWORD", admin: "env:ADMIN_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.subject import Subject

FAULT = Fault("FED501", "serving_alone", Severity.INFO)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a remark for every party with serving that shares no shape with another one."""
    for party in subject.serving.federation.parties:
        if party.id is None or subject.serving.partners(party.id):
            continue
        partners = subject.topology.partners(party.id)
        with_whom = f", as party {min(partners)}, has `serving`" if partners else " is there"
        yield Diagnostic(
            FAULT,
            f"{party.label} has FATE-Serving, and none of the parties it trains with{with_whom}",
            Place((*party.path, "serving"), on_key=True),
            "give its partners `serving` too, if they are to answer for their part of a model",
        )
