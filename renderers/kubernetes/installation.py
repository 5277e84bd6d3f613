"""One installation: the training or the serving half of a site in its namespace, and what its objects share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from planner.kubernetes_target import COMPONENT_LABEL, FEDERATION_LABEL, MANAGER_LABEL, PART_LABEL, SITE_LABEL
from planner.plan import Plan, PlannedSite
from renderers.kubernetes.apis import api_version

Part = Literal["training", "serving"]
Manifest = dict[str, Any]
"""One Kubernetes object as data."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What every object of a site's training or serving half is made from.

    `components` holds the settings of single components as federation.yaml says them, by its own words for them
    (`nodemanager`, `servingServer`); `persistence` and `storage` are those of this half.
    """

    plan: Plan
    planned: PlannedSite
    part: Part
    namespace: str
    name: str
    components: Mapping[str, Mapping[str, Any]]
    persistence: bool
    storage: Mapping[str, str]

    def settings(self, word: str) -> Mapping[str, Any]:
        """What federation.yaml says of one component; empty where it says nothing."""
        return self.components.get(word, {})

    def selector(self, component: str) -> dict[str, str]:
        """The labels that select the pods of a component. They can never change once a workload has them."""
        return {COMPONENT_LABEL: component, SITE_LABEL: self.planned.key}

    def labels(self, component: str, role: str, module: str | None = None) -> dict[str, str]:
        """The labels of an object of a component: the recommended ones, fedplan's own and FATE's.

        `role` says in a word what it is in the architecture; `module` is FATE's name where it is not the component's.
        """
        return {
            **self.selector(component),
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/component": role,
            "app.kubernetes.io/part-of": "fate",
            MANAGER_LABEL: "fedplan",
            "app.kubernetes.io/version": self.planned.release.name,
            FEDERATION_LABEL: self.plan.federation.name,
            PART_LABEL: self.part,
            "fateMoudle": module or component,
            "partyId": str(self.planned.id),
        }

    def pod_labels(self, component: str, role: str, module: str | None = None) -> dict[str, str]:
        """The labels of a pod: all but the version, which would restart pods whose image stays the same."""
        labels = self.labels(component, role, module)
        del labels["app.kubernetes.io/version"]
        return labels

    def object(self, kind: str, name: str, labels: Mapping[str, str], **parts: Any) -> Manifest:
        """An object of this installation: its kind's API version, its name and labels, then its parts."""
        return {
            "apiVersion": api_version(kind, self.planned.cluster.kubernetes),
            "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace, "labels": dict(labels)},
            **parts,
        }

    def image(self, word: str, name: str | None = None) -> str:
        """The image of a component: the release's, with what federation.yaml changes of it.

        `word` is the component's in federation.yaml, `name` the image's in the release's data where that differs.
        """
        site = self.planned.site
        if self.part == "serving" and self.planned.serving is not None:
            images = self.planned.serving.release.images
            reference = dict(images.names)[name or word]
        else:
            images = self.planned.release.images
            reference = images.reference(name or word, site.algorithm, site.device)
        repository, _, tag = reference.partition(":")
        tagged = self.part == "training" or site.kind == "exchange"  # a party's `imageTag` is FATE's, not its serving's
        if site.image_tag is not None and tag == images.tag and tagged:
            tag = site.image_tag
        settings = self.settings(word)
        repository, tag = settings.get("image", repository), settings.get("imageTag", tag)
        prefix = f"{site.registry.rstrip('/')}/" if site.registry else ""
        return f"{prefix}{repository}:{tag}" if tag else f"{prefix}{repository}"

    @property
    def pull_policy(self) -> str:
        """When nodes pull images."""
        return self.planned.site.pull_policy or "IfNotPresent"


def training(plan: Plan, planned: PlannedSite) -> Installation:
    """The training half of a party, or an exchange other than one of FATE-Serving."""
    site = planned.site
    return Installation(
        plan=plan,
        planned=planned,
        part="training",
        namespace=site.namespace,
        name=site.name,
        components=site.components,
        persistence=site.persistence,
        storage=site.storage,
    )


def serving(plan: Plan, planned: PlannedSite) -> Installation:
    """The serving half of a site that has FATE-Serving. Raises ValueError for any other site."""
    if planned.serving is None:
        msg = f"{planned.key} has no FATE-Serving"
        raise ValueError(msg)
    settings, site = planned.serving.settings, planned.site
    is_exchange = site.kind == "exchange"
    return Installation(
        plan=plan,
        planned=planned,
        part="serving",
        namespace=site.namespace if is_exchange else settings.namespace,
        name=site.name if is_exchange else settings.name,
        components=site.components if is_exchange else settings.components,
        persistence=settings.persistence,
        storage=settings.storage,
    )
