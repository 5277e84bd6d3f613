"""What a container finds at a path.

A file comes from a ConfigMap: mounted as a directory, in which changes arrive while the program runs, or as a single
file (subPath), in which they never do; or a container that ran before wrote it into a volume that both mount; or the
start command made a link to it, or a copy. Of several mounts the deepest counts (Kubernetes: volumes, subPath).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from posixpath import basename, join, normpath
from typing import Final

from renderers.manifests.objects import Object
from renderers.manifests.site import Site
from renderers.manifests.workloads import Container, Mount, Pod
from renderers.values import items, mapping

_MOST_STEPS: Final = 8
_FILLED: Final = "configure"
"""The container that puts values of its environment into the places of templates, `@@NAME@@`."""
_PLACE: Final = re.compile(r"@@([A-Z][A-Z0-9_]*)@@")
_MADE: Final = re.compile(r"\b(ln|cp)((?:\s+-[A-Za-z]+)+|)\s+(?!-)(\S+)\s+([^\s;&|]+)")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_OF_IMAGES: Final = {"EGGROLL_HOME": "/data/projects/fate/eggroll", "FATE_PROJECT_BASE": "/data/projects/fate"}
"""Variables that FATE's images set."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as a program sees it: its text, and the ConfigMap and key that it comes from.

    `is_hot` says that changes arrive while the program runs.
    """

    text: str
    source: Object
    key: str
    is_hot: bool

    @property
    def path(self) -> tuple[str, str]:
        """The path to it in its ConfigMap."""
        return ("data", self.key)


def see(site: Site, pod: Pod, container: Container, path: str) -> Seen | None:
    """The file that a container finds at a path; None where nothing from a ConfigMap is there."""
    return _see(site, pod, container, normpath(path), 0)


def expand(container: Container, text: str) -> str:
    """A word of a start command with the variables that are known."""
    known = {**_OF_IMAGES, **{key: value for key, value in container.environment.items() if value is not None}}
    text = text.replace("$$", "$")  # Kubernetes takes two for one
    return _VARIABLE.sub(lambda match: known.get(match[1] or match[2], match[0]), text).strip("\"'")


def seen_texts(site: Site, pod: Pod) -> list[tuple[Object, str, str]]:
    """All texts of the ConfigMaps that a pod mounts, with their keys."""
    result = []
    for volume in pod.volumes.values():
        found = site.config_maps.get((pod.namespace, str(mapping(volume.get("configMap")).get("name"))))
        if found is not None:
            data = mapping(found.data.get("data"))
            wanted = {str(mapping(each).get("key")) for each in items(mapping(volume.get("configMap")).get("items"))}
            result += [(found, str(key), str(text)) for key, text in data.items() if not wanted or key in wanted]
    return result


def _see(site: Site, pod: Pod, container: Container, path: str, steps: int) -> Seen | None:
    if steps > _MOST_STEPS:
        return None
    made = _made(container, path)
    if made is not None:
        found = _see(site, pod, container, made[0], steps + 1)
        if found is not None or made[1]:
            return found if found is None or made[1] else replace(found, is_hot=False)
    mount = _deepest(container, path)  # a copy of nothing leaves what is there
    return None if mount is None else _in_volume(site, pod, container, (mount, path), steps)


def _made(container: Container, path: str) -> tuple[str, bool] | None:
    """What a start command puts at a path, and whether as a link; None where it puts nothing there."""
    if "ln " not in container.command and "cp " not in container.command:
        return None
    for word, options, source, target in _MADE.findall(container.command):
        if word == "ln" and "s" not in options:
            continue
        origin, goal = (_absolute(container, each) for each in (source, target))
        if target.strip("\"'").endswith("/"):
            goal = join(goal, basename(origin))
        if path == goal or path.startswith(f"{goal}/"):
            return normpath(origin + path[len(goal) :]), word == "ln"
    return None


def _absolute(container: Container, word: str) -> str:
    return normpath(join(container.directory or "/", expand(container, word)))


def _deepest(container: Container, path: str) -> Mount | None:
    covering = [each for each in container.mounts if path == each.path or path.startswith(f"{each.path}/")]
    return max(covering, key=lambda each: len(each.path), default=None)


def _in_volume(site: Site, pod: Pod, container: Container, at: tuple[Mount, str], steps: int) -> Seen | None:
    mount, path = at
    inner = normpath(f"{mount.sub_path}/{path[len(mount.path) :].strip('/')}").strip("/")
    volume = pod.volumes.get(mount.volume, {})
    if "configMap" in volume:
        return _key(site, pod, mapping(volume["configMap"]), inner, is_hot=not mount.sub_path)
    if "emptyDir" not in volume:
        return None
    for each in reversed(pod.init):
        for other in each.mounts:
            if other.volume == mount.volume and each is not container:
                found = _written(site, pod, (container, each), normpath(_outer(other, inner)), steps)
                if found is not None:
                    return found
    return None


def _outer(mount: Mount, inner: str) -> str:
    """The path at which a container that mounts a volume finds a file of it."""
    below = inner.removeprefix(mount.sub_path).strip("/") if mount.sub_path else inner
    return f"{mount.path}/{below}"


def _key(site: Site, pod: Pod, volume: Mapping[str, object], inner: str, *, is_hot: bool) -> Seen | None:
    source = site.config_maps.get((pod.namespace, str(volume.get("name"))))
    if source is None:
        return None
    chosen = [mapping(each) for each in items(volume.get("items"))]
    key = next((str(each.get("key")) for each in chosen if each.get("path") == inner), None) if chosen else inner
    text = mapping(source.data.get("data")).get(key)
    return Seen(text, source, str(key), is_hot) if isinstance(text, str) else None


def _written(site: Site, pod: Pod, who: tuple[Container, Container], path: str, steps: int) -> Seen | None:
    """What a container that ran before left at a path."""
    reader, writer = who
    made = _made(writer, path)
    if made is not None:
        found = _see(site, pod, reader if made[1] else writer, made[0], steps + 1)
        return found if found is None or made[1] else replace(found, is_hot=False)
    source, target = writer.environment.get("FROM"), writer.environment.get("TO")
    if writer.name != _FILLED or source is None or target is None or not path.startswith(f"{normpath(target)}/"):
        return None
    found = _see(site, pod, writer, normpath(join(source, basename(path))), steps + 1)
    return None if found is None else _filled(site, writer, found)


def _filled(site: Site, writer: Container, found: Seen) -> Seen:
    """A template with its places filled in; what is not known before is left as `<NAME>`."""
    names = (writer.environment.get("NAMES") or "").split()
    text = found.text
    for name in names:
        if f"@@{name}@@" in text:
            if name not in writer.environment:
                site.remark(found.source, found.path, f"{writer.name} has no value for @@{name}@@")
            text = text.replace(f"@@{name}@@", writer.environment.get(name) or f"<{name}>")
    for name in dict.fromkeys(_PLACE.findall(text)):
        site.remark(found.source, found.path, f"nothing fills @@{name}@@ in")
    return Seen(text, found.source, found.key, is_hot=False)
