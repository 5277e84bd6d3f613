"""The final objects of a chart, as helm makes them; and whether it reads secrets as the texts that they are."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.checks.chart_refused import chart_refused
from planner.diagnostics import Diagnostic, Place
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Document
from renderers.helm.charts import Chart
from renderers.helm.program import Helm, HelmError
from renderers.sound_yaml import UnsoundYamlError, documents

HOOK: Final = "helm.sh/hook"
_SECONDS: Final = 60.0
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a chart installs: helm's text, and its objects in helm's order. `hooks` are those that run beside them."""

    text: str = field(repr=False)
    objects: tuple[Document, ...] = field(repr=False)
    hooks: tuple[Document, ...] = field(default=(), repr=False)


def render(
    helm: Helm,
    chart: Chart,
    name: str,
    namespace: str,
    values: Mapping[str, Any],
    deadline: Deadline,
    place: Place,
    *,
    kubernetes: str = "",
) -> Rendered | Diagnostic:
    """Render a chart as a release in a namespace. `kubernetes` is the version of the server, where that is known."""
    arguments = ["template", name, chart.argument, f"--namespace={namespace}", "--values=-"]
    if kubernetes:
        arguments.append(f"--kube-version={kubernetes}")
    told = f"{chart.name} {chart.version}"
    end = Deadline(min(_SECONDS, deadline.left), deadline.clock)
    try:
        output = helm.run(arguments, end, stdin=json.dumps(values).encode(), files=chart.files)
    except HelmError as error:
        return chart_refused(place, told, str(error))
    text = output.decode(errors="replace")
    found = objects_of(text)
    if isinstance(found, str):
        return chart_refused(place, told, found)
    hooks = tuple(each for each in found if is_hook(each))
    return Rendered(text, tuple(each for each in found if not is_hook(each)), hooks)


def objects_of(text: str) -> tuple[Document, ...] | str:
    """The objects of a manifest as helm writes it; why there are none to be had, as a clause."""
    try:
        found = [each for each in documents(text.encode()) if each is not None]
    except UnsoundYamlError as error:
        return str(error)
    for each in found:
        metadata = each.get("metadata") if isinstance(each, dict) else None
        is_named = isinstance(metadata, dict) and isinstance(metadata.get("name"), str)
        if not is_named or not isinstance(each.get("kind"), str) or not isinstance(each.get("apiVersion"), str):
            return "it makes something that is no object of Kubernetes"
    return tuple(found)


def is_hook(document: Mapping[str, Any]) -> bool:
    """Whether an object is run by helm at a certain moment, and is no part of the release."""
    return HOOK in ((document.get("metadata") or {}).get("annotations") or {})


def broken_by(planned: Sequence[Document], real: Sequence[Document]) -> str:
    """Where the objects made with the values of secrets are others than those made with words in their places.

    Texts may differ, since that is where the values stand: but nothing may become a number, a list or another key. The
    object in question is named; empty where all is well.
    """
    if [_named(each) for each in planned] != [_named(each) for each in real]:
        return "the objects"
    for word, value in zip(planned, real, strict=True):
        if _shape(word) != _shape(value):
            kind, name = _named(word)
            return f"{kind} {name}"
    return ""


def places_of(planned: Sequence[Document], words: Sequence[str]) -> Iterator[tuple[tuple[str, str], KeyPath, str]]:
    """Kind and name, path and text of every text of the objects in which one of the words stands."""
    for each in planned:
        is_secret = each.get("kind") == "Secret"
        for path, value in _texts(each):
            text = _decoded(value) if is_secret and path[:1] == ("data",) else value
            if any(word in text for word in words):
                yield _named(each), path, text


def _named(document: Mapping[str, Any]) -> tuple[str, str]:
    return str(document.get("kind")), str(document["metadata"]["name"])


def _shape(tree: Any) -> Any:
    """A tree without its texts."""
    if isinstance(tree, Mapping):
        return {key: _shape(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_shape(value) for value in tree]
    return "" if isinstance(tree, str) else (type(tree).__name__, tree)


def _texts(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _texts(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _texts(value, (*path, index))
    elif isinstance(tree, str):
        yield path, tree


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return spoken(text)
