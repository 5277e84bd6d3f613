"""The cluster's Kubernetes does not serve the objects of the chart.

Charts up to v1.6.1 write Ingresses of API version v1beta1, which Kubernetes 1.22 removed; those from v1.7.0 on write
version v1, which Kubernetes has since 1.19. Charts of FATE-Serving did so up to v2.0.4. PodSecurityPolicy is gone from
1.25 on (reference: INV-K8S-1; KubeFATE issues 490, 618 and 621). The API server refuses such objects, and KubeFATE's
job fails half-way. Only clusters with the key `kubernetes` are checked. An exchange for training has no Ingress.

Bad:

    version: 1
    name: demo
    release: v1.5.1
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, kubernetes: "1.21"}
      - {name: shop, address: 192.168.10.1, kubernetes: "1.27"}  # error: FED410
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, kubernetes: "1.21"}
      - {name: shop, address: 192.168.10.1, kubernetes: "1.27"}
    parties:
      - {id: 9999, cluster: bank, podSecurityPolicy: true}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.inheritance import told_once
from planner.kubernetes_target import MINIMUM, has_manifests
from planner.model import Cluster, Site
from planner.release_ranges import releases_with, serving_releases_with
from planner.releases import Kubernetes, KubernetesVersion, Release, ServingRelease
from planner.serving_release import serving_release
from planner.subject import Subject

FAULT = Fault("FED410", "wrong_kubernetes")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding per cluster and chart that do not fit, and for every impossible PodSecurityPolicy."""
    seen: set[tuple[str, str, str]] = set()
    for site, release in subject.parties_first():
        cluster = subject.clusters.get(site.cluster)
        if cluster is None or cluster.kubernetes is None:
            continue
        if has_manifests(site):
            if cluster.kubernetes < MINIMUM and (cluster.name, "", "") not in seen:
                seen.add((cluster.name, "", ""))
                yield _too_old(site, cluster, cluster.kubernetes)
            continue
        serving = serving_release(site, release)
        for chart in (release if site.kind == "party" else None, serving):
            if chart is None or (cluster.name, type(chart).__name__, chart.name) in seen:
                continue
            seen.add((cluster.name, type(chart).__name__, chart.name))
            if not _fits(chart.kubernetes, cluster.kubernetes):
                yield _finding(site, chart, cluster, cluster.kubernetes)
    yield from told_once(_policies(subject))


def _fits(limits: Kubernetes, version: KubernetesVersion) -> bool:
    return (limits.minimum is None or limits.minimum <= version) and (limits.below is None or version < limits.below)


def _finding(site: Site, chart: Release | ServingRelease, cluster: Cluster, version: KubernetesVersion) -> Diagnostic:
    minimum, below = chart.kubernetes.minimum, chart.kubernetes.below
    limit = f"below {_text(below)}" if below is not None and version >= below else f"{_text(minimum)} or later"
    if isinstance(chart, ServingRelease):
        able = serving_releases_with(lambda other: _fits(other.kubernetes, version))
        what, use = f"chart {chart.chart} {chart.version}", "write `serving: {release: VERSION}` with one"
        given = site.serving is not None and "release" in site.serving.given
        note = f"{site.label} on this cluster has that FATE-Serving"
        path = (*site.path, "serving", "release") if given else (*site.path, "serving")
    else:
        able = releases_with(lambda other: _fits(other.kubernetes, version))
        what, use = f"chart {chart.chart.version}", "use a release"
        note = f"{site.label} on this cluster runs {chart.name}"
        path = (*site.path, "release") if "release" in site.given else ("release",)
    return Diagnostic(
        FAULT,
        f"{what} needs Kubernetes {limit}, and cluster {cluster.name} runs {_text(version)}",
        Place((*cluster.path, "kubernetes")),
        f"{use} for Kubernetes {_text(version)} ({able})" if able else f"use a cluster with Kubernetes {limit}",
        (Note(note, Place(path)),),
    )


def _too_old(site: Site, cluster: Cluster, version: KubernetesVersion) -> Diagnostic:
    """The cluster lacks APIs that fedplan's own manifests are written in."""
    least = f"{_text(MINIMUM)} or later"
    return Diagnostic(
        FAULT,
        f"target kubernetes needs Kubernetes {least}, and cluster {cluster.name} runs {_text(version)}",
        Place((*cluster.path, "kubernetes")),
        f"use a cluster with Kubernetes {least}, or `target: kubefate` with a release for this one",
        (Note(f"{site.label} on this cluster has that target", Place(site.path)),),
    )


def _policies(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        cluster, below = subject.clusters.get(site.cluster), release.kubernetes.pod_security_policy_below
        if (
            not site.pod_security_policy
            or has_manifests(site)
            or cluster is None
            or cluster.kubernetes is None
            or below is None
        ):
            continue
        if cluster.kubernetes >= below:
            yield (
                site,
                Diagnostic(
                    FAULT,
                    f"Kubernetes has no PodSecurityPolicy from {_text(below)} on",
                    Place((*site.path, "podSecurityPolicy")),
                    "remove podSecurityPolicy; label the namespace for Pod Security Admission instead",
                    (
                        Note(
                            f"cluster {cluster.name} of {site.label} runs {_text(cluster.kubernetes)}",
                            Place((*cluster.path, "kubernetes")),
                        ),
                    ),
                ),
            )


def _text(version: KubernetesVersion | None) -> str:
    return "" if version is None else ".".join(map(str, version))
