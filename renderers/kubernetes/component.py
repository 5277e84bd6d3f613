"""A component of a site: its manifests, the secrets it reads, and what apply must know about its route tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.site_json import HotTable, Interface
from renderers.kubernetes.installation import Manifest


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """A Secret that apply writes: its values are plain text or places of secrets (`${secret:...}`)."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Component:
    """One file of a site: `order` places it among the others (two digits), `name` is what is deployed."""

    order: int
    name: str
    objects: tuple[Manifest, ...]
    secrets: tuple[SecretSpec, ...] = ()
    hot_tables: tuple[HotTable, ...] = ()
    interfaces: tuple[Interface, ...] = ()

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.order:02d}-{self.name}.yaml"
