"""The folder of a site: every file that applying it needs, and none that it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from planner import site_json
from planner.plan import Plan, PlannedSite
from renderers.canonical import block
from renderers.kubernetes.accounts import accounts
from renderers.kubernetes.component import Component
from renderers.kubernetes.documents import documents
from renderers.kubernetes.policies import network_policies
from renderers.kubernetes.registry import components, halves
from renderers.kubernetes.secrets_file import merged, secrets_text
from renderers.site_document import site_document

KUSTOMIZATION_FILE: Final = "kustomization.yaml"


def render(plan: Plan, planned: PlannedSite) -> Mapping[str, str]:
    """The files of a site by name: its components in apply order, then the kustomization, the secrets, site.json."""
    parts = site_components(plan, planned)
    files = {part.file: documents(_head(planned, part), part.objects) for part in parts if part.objects}
    files[KUSTOMIZATION_FILE] = _kustomization(planned, tuple(files))
    secrets = merged(secret for part in parts for secret in part.secrets)
    if secrets:
        files[site_json.SECRETS] = secrets_text(planned, secrets)
    interfaces = [each for part in parts for each in part.interfaces]
    tables = [table for part in parts for table in part.hot_tables]
    document = site_document(plan, planned, files, interfaces=interfaces, hot_tables=tables)
    files[site_json.NAME] = site_json.dump(document)
    return files


def site_components(plan: Plan, planned: PlannedSite) -> tuple[Component, ...]:
    """Everything that a site deploys, in apply order, its service accounts first."""
    return tuple(sorted(_components(plan, planned), key=lambda component: (component.order, component.name)))


def _components(plan: Plan, planned: PlannedSite) -> Iterator[Component]:
    found = [(half, components(half)) for half in halves(plan, planned)]
    yield accounts([half for half, _ in found])
    if planned.site.network_policies:
        yield network_policies(plan, planned, found)
    for _, parts in found:
        yield from parts


def _head(planned: PlannedSite, component: Component) -> str:
    what = component.name.replace("-", " ") if component.name == "network-policies" else component.name
    if component.name == "site":
        what = "service accounts"
    return f"{what} of {planned.site.label}. Written by fedplan from federation.yaml."


def _kustomization(planned: PlannedSite, names: tuple[str, ...]) -> str:
    """The kustomization: the numbered files in apply order. Each object names its namespace itself."""
    head = f"# {planned.site.label}, for kubectl apply -k; its Secrets must exist. Written by fedplan.\n"
    return head + block(
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(names)}
    )
