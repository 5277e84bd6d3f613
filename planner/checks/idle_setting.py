"""A setting means nothing to the engine of its site.

Some words of federation.yaml belong to one engine alone: `nginx` to those with Spark, `pulsar` to those with Pulsar,
`tls` to rollsite, `domain` to Pulsar's exchange. On another site they change nothing, and whoever wrote them expects
that they do. A word under `defaults` is fine as long as one party can use it.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, nginx: direct}  # warning: FED418
    defaults:
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
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from planner.channels import Channel
from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.doors import channels_of, speaks_tls
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED418", "idle_setting", Severity.WARNING)


def _gave_nginx(site: Site) -> bool:
    return site.nginx is not None


def _gave_tenant(site: Site) -> bool:
    return site.tenant is not None


def _gave_tls(site: Site) -> bool:
    return site.tls


def _gave_domain(site: Site) -> bool:
    return "domain" in site.given


_WORDS: Final[Mapping[str, tuple[Callable[[Site], bool], Channel, str]]] = {
    "nginx": (_gave_nginx, Channel.NGINX_GRPC, "has no nginx"),
    "pulsar": (_gave_tenant, Channel.PULSAR, "has no Pulsar"),
    "tls": (_gave_tls, Channel.ROLLSITE, "has no rollsite"),
    "domain": (_gave_domain, Channel.PULSAR, "passes on no Pulsar"),
}
"""Words that belong to one engine: who gave one, the channel it is for, and what a site without it lacks."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every word that a site gives in vain, and for one in defaults that none can use."""
    for word, (gave, channel, lacks) in _WORDS.items():
        users = False
        idle: list[Site] = []
        for site, release in subject.parties_first():
            channels = channels_of(site, release, subject.topology)
            if not gave(site) or not channels:
                continue
            if channel in channels:
                users = True
            else:
                idle.append(site)
        inherited = [site for site in idle if word not in site.given]
        for site in [site for site in idle if word in site.given] + ([] if users else inherited[:1]):
            message = f"{site.label} {lacks}, so `{word}` changes nothing"
            yield Diagnostic(FAULT, message, Place((*site.path, word), on_key=True), f"remove `{word}`")
    yield from _public_tls(subject)
    yield from _charts(subject)


def _charts(subject: Subject) -> Iterator[Diagnostic]:
    """Sites that name their charts and are deployed without any."""
    for site, _ in subject.parties_first():
        if site.charts is not None and "charts" in site.given and has_manifests(site):
            message = f"{site.label} has target kubernetes, which needs no charts, so `charts` changes nothing"
            yield Diagnostic(FAULT, message, Place((*site.path, "charts"), on_key=True), "remove `charts`")


def _public_tls(subject: Subject) -> Iterator[Diagnostic]:
    """Load balancers for Pulsar's TLS port where it has none: only an exchange makes Pulsar speak TLS."""
    for site, release in subject.parties_first():
        channels = channels_of(site, release, subject.topology)
        if "pulsarTls" not in site.exposure.addresses or Channel.PULSAR not in channels or site.kind == "exchange":
            continue
        if not speaks_tls(site, subject.topology):
            message = f"{site.label} is behind no exchange, so its Pulsar has no TLS port that `pulsarTls` could expose"
            place = Place((*site.path, "exposure", "addresses", "pulsarTls"), on_key=True)
            yield Diagnostic(
                FAULT, message, place, "remove `pulsarTls`, or connect the party through a Pulsar exchange"
            )
