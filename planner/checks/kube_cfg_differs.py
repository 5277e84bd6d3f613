"""Two sites want different values of what kube.cfg or .env holds once.

create-helm-deploy.sh makes the charts of all parties from the same node label, the same values of it for each module,
the same list of eggs, and takes the images of all sites from the same registry by the same tag (v1.2.0 and v1.3.0;
reference: cluster-yaml.md section 4.4). A difference cannot be written down. Only what `helm install` says is a
party's own: release name, namespace and NFS share.

Bad:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        registry: harbor.example.com/federatedai  # error: FED611
        components:
          python:  # error: FED611
            nodeSelector: {fedai.org: fate-node-3}

Good:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      registry: harbor.example.com/federatedai
      components:
        python:
          nodeSelector: {fedai.org: fate-node-3}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.kube_cfg import placement, scripted_sites
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED611", "kube_cfg_differs")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every setting that is not the same everywhere, about the first site that differs."""
    sites = scripted_sites(subject)
    if not sites:
        return
    first = sites[0]
    wanted = dict(_shared(first))
    for site in sites[1:]:
        for path, value in _shared(site):
            if path in wanted and value != wanted[path]:
                del wanted[path]
                yield _finding(site, first, path)


def _shared(site: Site) -> Iterator[tuple[KeyPath, object]]:
    """The settings that there is one of for all, by their path below a site."""
    yield ("registry",), site.registry
    yield ("imageTag",), site.image_tag
    if site.kind == "party":
        for module, labels in placement(site).items():
            yield ("components", module), labels


def _finding(site: Site, first: Site, path: KeyPath) -> Diagnostic:
    owner, other = (site, first) if _gives(site, path) else (first, site)
    what = path[0] if len(path) == 1 else f"the nodes of {path[1]}"
    return Diagnostic(
        FAULT,
        f"{site.label} and {first.label} differ in {what}, and their kube.cfg and .env hold one for all",
        Place((*owner.path, *path)),
        "write it once under defaults, or the same everywhere",
        (Note(f"{other.label} is here", Place(other.path)),),
    )


def _gives(site: Site, path: KeyPath) -> bool:
    if path == ("registry",):
        return site.registry is not None
    return site.image_tag is not None if path == ("imageTag",) else str(path[1]) in site.components
