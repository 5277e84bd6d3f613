"""Kubernetes objects: those in the files of a site, or those that are live."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from planner.diagnostics import KeyPath
from renderers.manifests.document import documents, load
from renderers.reading import Unreadable
from renderers.values import items, mapping

KUSTOMIZATION: Final = "kustomization.yaml"
_NUMBERED: Final = re.compile(r"[0-9]{2}-[a-z0-9-]+\.yaml")
_PLAIN_KEYS: Final = frozenset({"apiVersion", "kind", "metadata", "resources"})
"""Keys of a kustomization that change nothing of the objects it lists."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object and the file it stands in; a live one has none."""

    file: str
    kind: str
    namespace: str
    name: str
    data: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Its kind and name, the first step of a path to any part of it."""
        return f"{self.kind}/{self.name}"

    def at(self, *steps: str | int) -> KeyPath:
        """The path to a part of it."""
        return (self.title, *steps)

    @property
    def spec(self) -> Mapping[str, Any]:
        """Its specification; empty where it has none."""
        return mapping(self.data.get("spec"))

    @property
    def labels(self) -> Mapping[str, Any]:
        """Its labels."""
        return mapping(mapping(self.data.get("metadata")).get("labels"))


def of_files(files: Mapping[str, str]) -> tuple[list[Object], list[Unreadable]]:
    """The objects that `kubectl apply -k` sends of a site's folder, and what is wrong with the folder."""
    numbered = [name for name in files if _NUMBERED.fullmatch(name)]
    wrong = list(_kustomization(files, numbered))
    objects: list[Object] = []
    for name in sorted(numbered):
        try:
            found = documents(files[name])
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            wrong.append(Unreadable(name, f"it is not YAML: {str(error).splitlines()[0]}"))
            continue
        for data in found:
            made = of_data(data, name)
            if isinstance(made, Unreadable):
                wrong.append(made)
            else:
                objects.append(made)
    return objects, [*wrong, *_duplicates(objects)]


def of_data(data: object, file: str = "") -> Object | Unreadable:
    """The object that some data is."""
    metadata = mapping(mapping(data).get("metadata"))
    kind, name, namespace = mapping(data).get("kind"), metadata.get("name"), metadata.get("namespace")
    if not isinstance(data, dict) or not all(isinstance(each, str) and each for each in (kind, name)):
        return Unreadable(file, "a document is no Kubernetes object: it lacks a kind or a name")
    if not isinstance(namespace, str) or not namespace:
        return Unreadable(file, f"{kind} {name} names no namespace", (f"{kind}/{name}", "metadata"))
    return Object(file, str(kind), namespace, str(name), data)


def _duplicates(objects: Sequence[Object]) -> Iterator[Unreadable]:
    seen: set[tuple[str, str, str]] = set()
    for each in objects:
        identity = (each.kind, each.namespace, each.name)
        if identity in seen:
            yield Unreadable(each.file, f"{each.kind} {each.name} stands in the files twice", each.at())
        seen.add(identity)


def _kustomization(files: Mapping[str, str], numbered: Sequence[str]) -> Iterator[Unreadable]:
    """What the kustomization leaves out, lists in vain or changes."""
    if KUSTOMIZATION not in files:
        yield Unreadable(KUSTOMIZATION, "it is missing")
        return
    try:
        data = mapping(load(files[KUSTOMIZATION]))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        yield Unreadable(KUSTOMIZATION, f"it is not YAML: {str(error).splitlines()[0]}")
        return
    listed = [str(each) for each in items(data.get("resources"))]
    yield from (Unreadable(KUSTOMIZATION, f"it leaves {name} out") for name in numbered if name not in listed)
    yield from (Unreadable(KUSTOMIZATION, f"it lists {name}, which is missing") for name in listed if name not in files)
    changing = sorted(str(key) for key in data.keys() - _PLAIN_KEYS)
    if changing:
        yield Unreadable(KUSTOMIZATION, f"it changes the objects that it lists ({', '.join(changing)})")
