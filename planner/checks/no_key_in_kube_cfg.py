"""kube.cfg has no key for this setting of a site.

The charts of v1.2.0 and v1.3.0 are made by a script, which leaves few choices (reference: cluster-yaml.md section 4.4,
helm-direct.md section 8): every proxy has a NodePort, FATE-Flow has none but at random ports beside a proxy in a DMZ,
all modules are deployed, the exchange's id is 0, and there is no cluster.yaml that overrides could be merged into.
Data outlives its pod only on NFS. Settings that other releases have a chart's key for are FED604's.

Bad:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, fateflow: NodePort}  # error: FED616
      - {id: 10000, cluster: bank}
    defaults:
      persistence: true  # error: FED616

Good:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
    defaults:
      nfs: {server: 192.168.0.2, path: /data/fate-data}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.kube_cfg import scripted_sites
from planner.model import Site
from planner.releases import Release
from planner.subject import Subject

FAULT = Fault("FED616", "no_key_in_kube_cfg")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every setting that kube.cfg, .env and `helm install` have no place for."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    sites = scripted_sites(subject)
    together = len({site.cluster for site in sites}) == 1
    for site in sites:
        if site.exposure.type == "ClusterIP" and together:  # else internal_address says that nobody can dial it
            message = f"the proxy of {site.label} has a NodePort, and kube.cfg cannot change that"
            yield site, Diagnostic(FAULT, message, Place((*site.path, "exposure"), on_key=True), "remove it")
        for key, message, hint in _unsaid(site, subject.release(site)):
            yield site, Diagnostic(FAULT, message, Place((*site.path, key), on_key=True), hint)


def _unsaid(site: Site, release: Release | None) -> Iterator[tuple[str, str, str]]:
    """Settings without a place: the key, what holds instead, and the way out."""
    if site.target == "helm":
        yield "target", f"{site.label} is deployed by kube.cfg and Helm 2, whatever the target", "remove it"
    if site.overrides:
        yield "overrides", f"{site.label} has no cluster.yaml that this could be merged into", "remove it"
    if site.kind == "exchange":
        if "id" in site.given:
            yield "id", f"the script gives every exchange the id 0, and {site.label} no other", "remove it"
        return
    if site.fateflow == "NodePort" and "fateflow" in site.given:
        yield "fateflow", f"FATE-Flow of {site.label} has no NodePort, and kube.cfg cannot give it one", "remove it"
    for word, gave in (("charts", site.charts is not None), ("secrets", bool(site.secrets))):
        if gave:
            yield (
                word,
                f"{site.label} is installed by the commands of the runbook, which have no place for it",
                "remove it",
            )
    if site.modules is not None and _leaves_out(site.modules, release):
        yield "modules", f"{site.label} has all modules, and kube.cfg cannot leave one out", "remove it"
    if site.persistence:
        hint = "remove it, or write `nfs` with a server and a path"
        yield "persistence", f"the charts of {site.label} keep data on NFS only", hint


def _leaves_out(modules: tuple[str, ...], release: Release | None) -> bool:
    """Whether a list lacks only modules that an engine can do without; wrong_modules tells what else is wrong."""
    engine = None if release is None else release.engines[0]
    return engine is not None and set(engine.required) <= set(modules) and not set(engine.modules) <= set(modules)
