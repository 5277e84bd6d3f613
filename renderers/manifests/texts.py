"""The formats of FATE's own files: Java properties, JSON as route tables have it, YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from planner.lookup import Endpoint
from renderers.manifests.document import load
from renderers.manifests.sight import Seen, see
from renderers.manifests.site import Site
from renderers.manifests.workloads import Container, Pod
from renderers.values import mapping, shared

LARGEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Reader:
    """A program in a container of a pod, which reads files."""

    site: Site
    pod: Pod
    container: Container

    @property
    def namespace(self) -> str:
        """Where it runs."""
        return self.pod.namespace

    def look(self, path: str, what: str) -> Seen | None:
        """The file at a path; with a remark where there is none."""
        found = see(self.site, self.pod, self.container, path)
        if found is None:
            message = f"{self.pod.component} looks for {what} at {path}, and no ConfigMap is mounted there"
            self.site.remark(self.pod.workload, ("spec", "template", "spec"), message)
        return found

    def look_for_table(self, path: str, what: str) -> Seen | None:
        """A route table at a path, which must follow its ConfigMap while the program runs."""
        found = self.look(path, what)
        if found is not None and not found.is_hot:
            message = f"{self.pod.component} never sees changes of {what}: mount the ConfigMap as a directory"
            self.site.remark(self.pod.workload, ("spec", "template", "spec"), message)
        return found

    def remark(self, seen: Seen, steps: tuple[str | int, ...], message: str) -> None:
        """Remark on a part of a file."""
        self.site.remark(seen.source, (*seen.path, *steps), message)

    def expect(
        self, place: tuple[Seen, str], host: str, port: int | None, component: str, meant: int | None = None
    ) -> None:
        """Remark on a host and port in a file that do not lead to a component of the site's own, at a port of its."""
        seen, step = place
        self.site.expect((seen.source, (*seen.path, step)), (host, port), (component, meant), self.namespace)


def properties(text: str) -> Mapping[str, str]:
    """The keys and values of a Java properties file; of two equal keys the last counts."""
    result: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and stripped[0] not in "#![":
            key, sign, value = stripped.partition("=")
            if sign:
                result[key.strip()] = value.strip()
    return result


def json_object(reader: Reader, seen: Seen) -> Mapping[str, Any]:
    """A JSON object; with remarks where it is none, or says a key twice."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(found)
        if len(result) < len(found):
            names = [key for key, _ in found]
            twice = next(key for key in names if names.count(key) > 1)
            reader.remark(seen, (twice,), f"{twice!r} is listed twice; only the last one counts")
        return result

    try:
        data = json.loads(seen.text, object_pairs_hook=pairs)
    except ValueError as error:
        reader.remark(seen, (), f"it is not JSON, and then all routes are lost: {error}")
        return {}
    if not isinstance(data, dict):
        reader.remark(seen, (), "it is no JSON object")
    return mapping(data)


def yaml_mapping(reader: Reader, seen: Seen) -> Mapping[Any, Any]:
    """A YAML mapping; with a remark where it is none."""
    try:
        data = load(seen.text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reader.remark(seen, (), f"it is not YAML: {str(error).splitlines()[0]}")
        return {}
    if data is not None and not isinstance(data, dict):
        reader.remark(seen, (), "it is no mapping")
    return mapping(data)


def port_of(value: object) -> int | None:
    """A port that is a number, as FATE's JSON tables need it (components.md sections 3.3 and 3.4)."""
    return value if type(value) is int and 0 < value <= LARGEST_PORT else None


def number_of(text: str | None, default: int | None = None) -> int | None:
    """A port in a properties file."""
    if text is None:
        return default
    return int(text) if text.isdecimal() and 0 < int(text) <= LARGEST_PORT else None


def address(host: object, port: int | None) -> Endpoint | None:
    """An endpoint of a host and a port; None where either is none. IPv6 addresses stand with or without brackets."""
    if not isinstance(host, str) or not host or port is None:
        return None
    return shared(host.strip("[]"), port)
