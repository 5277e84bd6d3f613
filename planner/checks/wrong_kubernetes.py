"""The cluster's Kubernetes does not serve the objects of the chart.

Charts up to v1.6.1 write Ingresses of API version v1beta1, which Kubernetes 1.22 removed; those from v1.7.0 on write
version v1, which Kubernetes has since 1.19. PodSecurityPolicy is gone from 1.25 on (reference: INV-K8S-1; KubeFATE
issues 490, 618 and 621). The API server refuses such objects, and KubeFATE's job fails half-way. Only clusters with
the key `kubernetes` are checked. An exchange has no Ingress.

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
from planner.model import Cluster, Site
from planner.release_ranges import releases_with
from planner.releases import KubernetesVersion, Release
from planner.subject import Subject

FAULT = Fault("FED410", "wrong_kubernetes")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding per cluster and release that do not fit, and for every impossible PodSecurityPolicy."""
    seen: set[tuple[str, str]] = set()
    for party in subject.federation.parties:
        release, cluster = subject.release(party), subject.clusters.get(party.cluster)
        if release is None or cluster is None or (cluster.name, release.name) in seen:
            continue
        seen.add((cluster.name, release.name))
        if cluster.kubernetes is not None and not _fits(release, cluster.kubernetes):
            yield _finding(party, release, cluster, cluster.kubernetes)
    yield from told_once(_policies(subject))


def _fits(release: Release, version: KubernetesVersion) -> bool:
    minimum, below = release.kubernetes.minimum, release.kubernetes.below
    return (minimum is None or minimum <= version) and (below is None or version < below)


def _finding(party: Site, release: Release, cluster: Cluster, version: KubernetesVersion) -> Diagnostic:
    minimum, below = release.kubernetes.minimum, release.kubernetes.below
    limit = f"below {_text(below)}" if below is not None and version >= below else f"{_text(minimum)} or later"
    able = releases_with(lambda other: _fits(other, version))
    release_path = (*party.path, "release") if "release" in party.given else ("release",)
    return Diagnostic(
        FAULT,
        f"chart {release.chart.version} needs Kubernetes {limit}, and cluster {cluster.name} runs {_text(version)}",
        Place((*cluster.path, "kubernetes")),
        f"use a release for Kubernetes {_text(version)} ({able})" if able else f"use a cluster with Kubernetes {limit}",
        (Note(f"{party.label} on this cluster runs {release.name}", Place(release_path)),),
    )


def _policies(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        cluster, below = subject.clusters.get(site.cluster), release.kubernetes.pod_security_policy_below
        if not site.pod_security_policy or cluster is None or cluster.kubernetes is None or below is None:
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
