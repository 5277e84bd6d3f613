"""A setting is given that fedplan's own manifests have no place for.

With target `kubernetes` nothing passes through a chart. What a chart's key is for (`overrides`), what only old
Kubernetes has (`podSecurityPolicy`), and what fedplan does not write yet would be lost without a word, so it is
refused: Istio, NFS, a proxy in a DMZ, TLS between rollsites, which takes a second port, and a router that balances over
several exchanges. Components take `resources`, `nodeSelector`, `tolerations`, `affinity`, `image` and `imageTag`;
those with a volume `storage`; nodemanager, sparkWorker, datanode, servingServer and servingProxy `replicas`, since of
any other two would not know of each other.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, istio: true}  # error: FED627
      - id: 10000
        cluster: shop
        components:
          python: {replicas: 2}  # error: FED627
          nodemanager: {replicas: 2}
    defaults:
      target: kubernetes

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
      - id: 10000
        cluster: shop
        components:
          nodemanager: {replicas: 2}
    defaults:
      target: kubernetes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.channels import Channel
from planner.chart_keys import module_of
from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.doors import channels_of
from planner.inheritance import told_once
from planner.kubernetes_target import component_keys, has_manifests, offers_release, offers_setting, pods_of
from planner.mentions import stars
from planner.model import Site, party_key
from planner.releases import Release
from planner.serving_release import serving_modules
from planner.subject import Subject
from planner.wording import some_parties

FAULT = Fault("FED627", "setting_without_manifest")
_NO_CHART: Final = "remove `overrides`, which are keys of a chart; say it with a setting of federation.yaml"
_MANY: Final = "ReadWriteMany"
_Found = tuple[KeyPath, str, str]
"""A path below the site, what the target cannot do (a clause), and the way out."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every setting of a site of target kubernetes that would not reach its manifests."""
    yield from told_once(_findings(subject))
    yield from _balanced(subject)


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        if not has_manifests(site) or not offers_release(release):
            continue
        for path, message, hint in (*_of_site(subject, site, release), *_of_components(subject, site, release)):
            yield site, Diagnostic(FAULT, message, Place((*site.path, *path), on_key=True), hint)


def _of_site(subject: Subject, site: Site, release: Release) -> Iterator[_Found]:
    """Whole settings that the target does not have."""
    remove = "remove it, or write `target: kubefate`"
    if site.overrides:
        yield ("overrides",), f"target kubernetes has no chart that could read overrides of {site.label}", _NO_CHART
    if site.kind == "party" and site.serving is not None and site.serving.overrides:
        message = f"target kubernetes has no chart that could read overrides of FATE-Serving of {site.label}"
        yield ("serving", "overrides"), message, _NO_CHART
    if site.istio:
        yield ("istio",), "target kubernetes writes no Istio gateway", remove
    if site.pod_security_policy:
        hint = "remove it, and label the namespace for Pod Security Admission, level baseline"
        yield ("podSecurityPolicy",), "target kubernetes writes no PodSecurityPolicy", hint
    if site.nfs is not None:
        hint = "write `persistence: {storageClass: NAME}` with a class that makes volumes on that server"
        yield ("nfs",), "target kubernetes makes no volumes on an NFS share itself", hint
    if site.dmz is not None:
        yield ("dmz",), "target kubernetes has no proxy that runs outside the cluster", "remove it"
    if site.tls and Channel.ROLLSITE in channels_of(site, release, subject.topology):
        message = f"TLS of {site.label} takes a second port, which target kubernetes does not offer yet"
        yield ("tls",), message, "remove it, and put a VPN or a TLS tunnel between the sites"
    if site.polling is not None and not release.has_polling:
        message = f"{release.name} has no polling, and party {site.id} is to poll"
        yield ("polling",), message, "remove it, and let the party be dialled"
    if site.kind == "exchange" and site.persistence and site.serving is None:
        yield ("persistence",), f"{site.label} has nothing to keep", "remove it"


def _of_components(subject: Subject, site: Site, release: Release) -> Iterator[_Found]:
    """Settings of deployed components; those of others are FED604's."""
    modules = subject.modules(site)
    yield from _told(("components",), site.components, modules)
    if site.persistence and "nodemanager" in modules:
        yield from _shared((), site.components, site.storage, "nodemanager")
    if site.persistence and "hdfs" in modules:
        yield from _shared((), site.components, site.storage, "datanode")
    if site.kind != "party" or site.serving is None:
        return
    modules, serving = serving_modules(site, release), site.serving
    yield from _told(("serving", "components"), serving.components, modules)
    if serving.persistence and "servingServer" in modules:
        yield from _shared(("serving",), serving.components, serving.storage, "servingServer")


def _shared(
    above: KeyPath, components: Mapping[str, Mapping[str, Any]], storage: Mapping[str, str], component: str
) -> Iterator[_Found]:
    """Pods of one component that would have one volume: each of nodemanager and datanode needs its own."""
    settings = components.get(component, {})
    own: Mapping[str, str] = settings.get("storage", {})
    pods = pods_of(component, settings)
    given = (*above, "components", component)
    if pods < 2:  # noqa: PLR2004 - one shares with nobody
        return
    if component == "servingServer":
        if own.get("accessMode", storage.get("accessMode")) != _MANY:
            message = f"{pods} pods of {component} share a volume that one node can have"
            yield (*given, "replicas"), message, f"add `storage: {{accessMode: {_MANY}}}` to {component}"
    elif "existingClaim" in own or "existingClaim" in storage:
        path = (
            (*given, "storage", "existingClaim") if "existingClaim" in own else (*above, "persistence", "existingClaim")
        )
        message = f"{pods} pods of {component} cannot share a claim, as each keeps data of its own"
        yield path, message, f"leave `existingClaim` out for {component}, or give it `replicas: 1`"


def _told(above: KeyPath, said: Mapping[str, Mapping[str, Any]], modules: tuple[str, ...]) -> Iterator[_Found]:
    for component, settings in said.items():
        if module_of(component) not in modules:
            continue
        for key, value in settings.items():
            if not offers_setting(component, key, value):
                message = f"target kubernetes has no {key} of {component}"
                if key == "replicas":
                    message = f"target kubernetes runs one {component}, not {value}"
                elif key == "storage":
                    message = f"{component} keeps no data, so target kubernetes has no volume for it"
                yield (*above, component, key), message, f"remove it; {component} takes {_listed(component)}"


def _listed(component: str) -> str:
    return ", ".join(component_keys(component))


def _balanced(subject: Subject) -> Iterator[Diagnostic]:
    """Stars whose parties would balance their load over several exchanges."""
    for star in stars(subject.topology.federation):
        if len(star.balanced) < 2:  # noqa: PLR2004 - one is no choice
            continue
        found = [member for member in star.pool if _balances(subject, member)]
        if found:
            who = some_parties(found, len(found))
            message = f"{who} cannot balance over several exchanges: target kubernetes has no router for that"
            hint = "name one exchange, or split the star by exchange: `star: {A: [...], B: [...]}`"
            yield Diagnostic(FAULT, message, Place((*star.path, "through")), hint)


def _balances(subject: Subject, member: int) -> bool:
    """Whether a party of Eggroll is deployed by the target; others cannot balance at all (FED622)."""
    party = subject.topology.sites.get(party_key(member))
    release = None if party is None else subject.release(party)
    engine = None if party is None else subject.engine(party)
    return (
        party is not None
        and release is not None
        and engine is not None
        and engine.broker is None
        and has_manifests(party)
        and offers_release(release)
    )
