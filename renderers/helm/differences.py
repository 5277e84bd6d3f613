"""What installing a chart would change: the objects that it makes, held against the cluster and the release before.

Fields that the release before had and this one has not are taken away by Helm, and so are whole objects; fields that
somebody has changed are set right; what others have added stays. No value of a secret is ever told: neither the new
ones, nor those of the release before, nor a line of a file in which one stands.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from planner.site_json import Installation
from renderers.cluster.drift import FieldChange, changed_fields, differences
from renderers.cluster.folder import Desired
from renderers.cluster.labels import labels_of
from renderers.cluster.preview import Action, Change
from renderers.cluster.references import PLURALS, Document, Live, Reference
from renderers.helm.values import KeyPath

_OF_THE_CLUSTER: Final = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "IngressClass",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PodSecurityPolicy",
        "PriorityClass",
        "StorageClass",
    }
)
"""Kinds that are in no namespace, as far as charts have them."""
_KEEP: Final = "helm.sh/resource-policy"
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_OWNER: Final = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")
"""Annotations and label by which Helm knows that an object is of a release (since 3.2)."""
_PORT_LISTS: Final = frozenset({"ports"})


@dataclass(frozen=True, slots=True)
class Secrecy:
    """What must not be told: values, and the beginnings of lines in which a value stands, by object and key."""

    values: tuple[str, ...] = field(default=(), repr=False)
    lines: Mapping[tuple[str, str, str], tuple[str, ...]] = field(default_factory=dict, repr=False)

    def hidden(self, kind: str, name: str, change: FieldChange) -> FieldChange:
        """A difference without what must not be told."""
        if any(value in text for value in self.values for text in (change.live, change.desired)):
            change = replace(change, live="", desired="")
        if not change.lines:
            return change
        key = change.path.removeprefix("data").strip(".[]")
        beginnings = self.lines.get((kind, name, key), ())
        return replace(change, lines=tuple(self._line(line, beginnings) for line in change.lines))

    def _line(self, line: str, beginnings: Sequence[str]) -> str:
        text = line[2:].strip()
        is_secret = any(value in line for value in self.values) or any(text.startswith(each) for each in beginnings)
        return f"{line[:1]} ..." if is_secret else line


def secret_lines(
    found: Sequence[tuple[tuple[str, str], KeyPath, str]], words: Sequence[str]
) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """The beginnings of lines in which words stand, of texts in ConfigMaps (from `rendering.places_of`).

    A line that begins with the word has no beginning that tells it: then every line of the text counts.
    """
    lines: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for (kind, name), path, text in found:
        if kind != "ConfigMap" or path[:1] != ("data",):
            continue
        cut = [line.strip().partition(word)[0] for line in text.splitlines() for word in words if word in line]
        lines[kind, name, str(path[1])] = tuple(dict.fromkeys(cut))
    return lines


def desired_of(installation: Installation, documents: Sequence[Document]) -> tuple[tuple[Desired, ...], list[Document]]:
    """Objects of a chart as they would be in the cluster: those of kinds that are looked at, and the others."""
    known: list[Desired] = []
    others: list[Document] = []
    for each in documents:
        document = normal(each, installation.namespace)
        if each["kind"] in PLURALS:
            metadata = document["metadata"]
            reference = Reference(each["apiVersion"], each["kind"], metadata.get("namespace", ""), metadata["name"])
            known.append(Desired(reference, document, installation.file))
        else:
            others.append(document)
    return tuple(known), others


def normal(document: Mapping[str, Any], namespace: str) -> Document:
    """An object as the API has it: in its namespace, with the protocol that goes without saying, without nulls."""
    found: Document = _filled_in(document)
    if found["kind"] not in _OF_THE_CLUSTER:
        found["metadata"] = {"namespace": namespace, **found["metadata"]}
    texts = found.pop("stringData", None) if found["kind"] == "Secret" else None
    if isinstance(texts, dict):
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in texts.items()}
        found["data"] = {**(found.get("data") or {}), **encoded}
    return found


def _filled_in(tree: Any, key: str = "") -> Any:
    if isinstance(tree, Mapping):
        return {name: _filled_in(value, name) for name, value in tree.items() if value is not None}
    if isinstance(tree, list):
        found = [_filled_in(value) for value in tree]
        return [_with_protocol(each) for each in found] if key in _PORT_LISTS else found
    return tree


def _with_protocol(port: Any) -> Any:
    """A port of a Service or of a container; one of something else has neither number."""
    is_port = isinstance(port, dict) and ("containerPort" in port or "port" in port)
    return {"protocol": "TCP", **port} if is_port else port


def changes(
    desired: Sequence[Desired],
    others: Sequence[Document],
    before: Sequence[Desired],
    others_before: Sequence[Document],
    live: Live,
    secrecy: Secrecy,
) -> Iterator[Change]:
    """What becomes of every object of a release; `before` are those of the release that is deployed."""
    old = {each.reference.key: each.document for each in before}
    for each in desired:
        reference = each.reference
        now = live.get(reference.key)
        fields = _fields(each.document, old.get(reference.key), now) if now is not None else ()
        action = Action.CREATE if now is None else Action.UPDATE if fields else Action.KEEP
        yield Change(action, reference, tuple(secrecy.hidden(reference.kind, reference.name, it) for it in fields))
    wanted = {each.reference.key for each in desired}
    for each in before:
        if each.reference.key not in wanted and each.reference.key in live and not is_kept(each.document):
            yield Change(Action.DELETE, each.reference, uid=str(live[each.reference.key]["metadata"].get("uid", "")))
    yield from _other_changes(others, others_before, secrecy)


def is_kept(document: Mapping[str, Any]) -> bool:
    """Whether Helm leaves an object alone when it goes out of a release."""
    return ((document["metadata"] or {}).get("annotations") or {}).get(_KEEP) == "keep"


def unowned(desired: Sequence[Desired], before: Sequence[Desired], live: Live, release: str) -> Iterator[Reference]:
    """Objects that are there, and that Helm will not touch since they are not of this release."""
    known = {each.reference.key for each in before}
    for each in desired:
        now = live.get(each.reference.key)
        if now is None or each.reference.key in known:
            continue
        annotations = now["metadata"].get("annotations") or {}
        owner = tuple(annotations.get(name) for name in _OWNER)
        is_helms = labels_of(now).get(_MANAGED_BY) == "Helm"
        if not is_helms or owner != (release, each.reference.namespace or owner[1]):
            yield each.reference


def _fields(new: Document, old: Document | None, live: Document) -> tuple[FieldChange, ...]:
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    found = differences({**live, "metadata": metadata}, new)
    known = {each.path for each in found}
    dropped = changed_fields(old, new) if old is not None else ()
    return (*found, *(each for each in dropped if each.path not in known and not each.desired and not each.lines))


def _other_changes(new: Sequence[Document], old: Sequence[Document], secrecy: Secrecy) -> Iterator[Change]:
    """Objects of kinds that are not looked at in the cluster: as the release before has them."""
    earlier = {_reference(each).key: each for each in old}
    for each in new:
        found = _reference(each)
        before = earlier.pop(found.key, None)
        if before is None:
            yield Change(Action.CREATE, found)
        elif before != each:
            told = (secrecy.hidden(found.kind, found.name, it) for it in changed_fields(before, each))
            yield Change(Action.UPDATE, found, tuple(told))
    yield from (Change(Action.DELETE, _reference(each)) for each in earlier.values() if not is_kept(each))


def _reference(document: Mapping[str, Any]) -> Reference:
    metadata = document["metadata"]
    return Reference(document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"])
