"""Some sites are deployed by a kube.cfg, and others are not or by that of another release.

v1.2.0 and v1.3.0 are deployed by a script that makes the charts of all sites from one kube.cfg and takes all images
by one tag (reference: cluster-yaml.md section 4.4). A site of a later release has a cluster.yaml of its own, which no
such script reads, so the federation would fall into two plans.

Bad:

    version: 1
    name: demo
    release: v1.3.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, release: v1.3.0-b}  # error: FED610

Good:

    version: 1
    name: demo
    release: v1.3.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.subject import Subject

FAULT = Fault("FED610", "mixed_generations")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site that the federation's kube.cfg cannot describe.

    A site of another FATE version, with which its peers cannot talk anyway, is mixed_releases' to tell.
    """
    known = list(subject.known_sites())
    first = next((pair for pair in known if pair[1].is_scripted), None)
    if first is None:
        return
    wanted = next((release for site, release in known if release.name == subject.federation.release), first[1])
    for site, release in known:
        if release is wanted or release.first_two != wanted.first_two:
            continue
        if release.is_scripted or wanted.is_scripted:
            yield Diagnostic(
                FAULT,
                f"{site.label} runs {release.name}, and the federation {wanted.name}: one kube.cfg deploys all or none",
                Place((*site.path, "release")),
                f"remove this key to run {wanted.name}",
                (Note(f"the federation's release is {subject.federation.release}", Place(("release",))),),
            )
