"""A site on its way into federation.yaml: what was read of it, in its words, and where each value stood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from planner.diagnostics import Diagnostic, KeyPath
from renderers.importing.specs import Role, Spec
from renderers.importing.tables import Dialled

TRAINING_FILE = "cluster.yaml"
"""Name of a site's own file in `out/`, for an exchange too."""
SERVING_FILE = "serving.yaml"
"""Name of the file of a party's FATE-Serving in `out/`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was read: a document, and the key path in it."""

    document: str
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Service:
    """One Service of a site: how it is exposed, and its NodePorts by their names in federation.yaml.

    `component` is the word in `exposure.addresses`. `type` is what the chart makes of the key. `keys` names the key
    that holds each port, `type_key` the one that holds the type.
    """

    component: str
    spec: Spec
    type: str
    ports: dict[str, int]
    address: str
    type_key: KeyPath
    keys: dict[str, KeyPath]
    address_key: KeyPath


@dataclass(slots=True)
class Words:
    """Settings of a site in the words of federation.yaml, with their origins; paths are relative to the site."""

    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, Origin] = field(default_factory=dict)

    def put(self, path: KeyPath, value: Any, origin: Origin | None) -> None:
        """Set a value, and remember where it stood."""
        target = self.data
        for step in path[:-1]:
            target = target.setdefault(str(step), {})
        target[str(path[-1])] = value
        if origin is not None:
            self.origins[path] = origin

    def has(self, path: KeyPath) -> bool:
        """Whether something stands at a path."""
        return self.get(path) is not None

    def get(self, path: KeyPath) -> Any:
        """What stands at a path; None where nothing does."""
        value: Any = self.data
        for step in path:
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
        return value

    def remove(self, path: KeyPath) -> Any:
        """Take a value out, with mappings that are left empty; None where there is none."""
        if not self.has(path):
            return None
        *above, last = path
        target = self.data
        for step in above:
            target = target[str(step)]
        value = target.pop(str(last))
        if not target and above:
            self.remove(tuple(above))
        return value


@dataclass(slots=True)
class Draft:
    """One site: a party or an exchange. `specs` are its files by their names in `out/`, none for a site known by name.

    `kind` is the exchange's kind, `mentions` is where other files name the site when it has none itself. `release` is
    the one it is planned with, `address` that of its host where its own file says it.
    """

    key: str
    id: int | None
    name: str
    kind: str
    specs: dict[str, Spec] = field(default_factory=dict)
    dialled: dict[str, Dialled] = field(default_factory=dict)
    services: list[Service] = field(default_factory=list)
    words: Words = field(default_factory=Words)
    release: str = ""
    cluster: str = ""
    address: str = ""
    mentions: list[Origin] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)

    @property
    def is_party(self) -> bool:
        """Whether it is a party."""
        return not self.kind

    @property
    def label(self) -> str:
        """The site as a user names it."""
        return self.key.replace("-", " ", 1)

    @property
    def is_named_only(self) -> bool:
        """Whether no file of the site itself was read."""
        return not self.specs

    @property
    def training(self) -> Spec | None:
        """The file of its training, or an exchange's own."""
        return self.specs.get(TRAINING_FILE)

    @property
    def serving(self) -> Spec | None:
        """The file of a party's FATE-Serving."""
        return self.specs.get(SERVING_FILE)

    @property
    def origin(self) -> Origin | None:
        """Where the site itself stands: its party id, or the first place that names it."""
        if () in self.words.origins:
            return self.words.origins[()]
        for name in (TRAINING_FILE, SERVING_FILE):
            if name in self.specs:
                return Origin(self.specs[name].source, ("partyId",))
        return self.mentions[0] if self.mentions else None

    def tables(self) -> Iterator[tuple[Spec, Dialled]]:
        """The files of the site that dial others, with what they dial."""
        for name, spec in self.specs.items():
            if name in self.dialled:
                yield spec, self.dialled[name]

    def service(self, component: str) -> Service | None:
        """The Service of a component; None where the site has none."""
        return next((each for each in self.services if each.component == component), None)

    def origin_of(self, path: KeyPath) -> Origin | None:
        """Where the value at a path relative to the site stood, or the nearest above it that is known."""
        for length in range(len(path), 0, -1):
            found = self.words.origins.get(path[:length])
            if found is not None:
                return found
            for known, below in self.words.origins.items():
                if known[:length] == path[:length]:
                    return below
        return self.origin


def kind_of_role(spec: Spec) -> str:
    """The kind of exchange that a spec is; empty for a party's."""
    if not spec.role.is_exchange:
        return ""
    if spec.role is Role.SERVING_EXCHANGE:
        return "servingProxy"
    for kind in ("trafficServer", "rollsite", "osx", "proxy"):
        if kind in spec.modules or kind in spec.data:
            return kind
    return "trafficServer" if "nginx" in spec.modules else "rollsite"
