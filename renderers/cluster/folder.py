"""A site's folder as apply takes it: `site.json`, the objects in apply order, and the Secrets that it fills in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from planner import plan_json, site_json
from planner.checks.broken_site_folder import broken_site_folder
from planner.diagnostics import Diagnostic, Place
from planner.model import Service
from planner.prerequisites import Prerequisite
from planner.site_json import Dial, GivenSecret, HotTable, Installation, Interface, OpenDoor
from renderers.cluster.folder_objects import ForeignObjectError, objects_in
from renderers.cluster.references import Document, Reference
from renderers.files import read_bounded

__all__ = ["Desired", "HotTable", "Interface", "Prerequisite", "SiteFolder", "from_directory", "from_files"]

_MOST_FILES: Final = 200
_MOST_BYTES: Final = 64 * 2**20
"""All files of a folder together. That of the largest site takes less than one."""
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Desired:
    """An object as it is planned, and the file of the folder that holds it."""

    reference: Reference
    document: Document
    file: str


@dataclass(frozen=True, slots=True)
class SiteFolder:
    """Everything that apply, status and remove need of one site.

    `namespaces` maps `training` and `serving` to theirs, the first one holding the site's record and Lease.
    `kubernetes` is the version the manifests are written for, None for today's. `after` are the exchanges that must be
    up first, `peers` all sites that this one dials. `secrets` are Secrets with places in their `stringData`.
    `given` are Secrets of federation.yaml that are made before anything else.
    Sites of charts have no objects of their own: `installations` say what of `files` goes through which chart.
    `digest` names the plan: it changes whenever any file of the folder does.
    """

    key: str
    kind: str
    id: int
    name: str
    federation: str
    release: str
    cluster: str
    address: str
    context: str | None
    server: str | None
    kubernetes: tuple[int, int] | None
    namespaces: Mapping[str, str]
    after: tuple[str, ...]
    peers: tuple[str, ...]
    prerequisites: tuple[Prerequisite, ...]
    hot_tables: tuple[HotTable, ...]
    interfaces: tuple[Interface, ...]
    digest: str
    objects: tuple[Desired, ...]
    secrets: tuple[Desired, ...]
    files: Mapping[str, str]
    target: str = site_json.KUBERNETES
    installations: tuple[Installation, ...] = ()
    service: Service | None = None
    charts: str | None = None
    dials: tuple[Dial, ...] = ()
    doors: tuple[OpenDoor, ...] = ()
    given: tuple[GivenSecret, ...] = ()

    @property
    def home(self) -> str:
        """The namespace that holds the site's record and its Lease."""
        return next(iter(self.namespaces.values()))

    @property
    def reached_through(self) -> str:
        """What must answer for anything to be done: the cluster, or the service that works on it."""
        return f"KubeFATE's service of {self.cluster}" if self.target == "kubefate" else f"cluster {self.cluster}"

    @property
    def label(self) -> str:
        """The site as a user names it: `party 9999` or `exchange hub`."""
        return self.key.replace("-", " ", 1)

    def chosen(self, part: str) -> tuple[Installation, ...]:
        """The installations of the half that was asked for; all of them when none was."""
        return tuple(each for each in self.installations if not part or each.part == part)


def from_files(files: Mapping[str, bytes], shown_as: str) -> SiteFolder | tuple[Diagnostic, ...]:
    """The folder that these files are, proved by its site.json; `shown_as` is what findings call it."""

    def broken(reason: str, name: str = site_json.NAME) -> Diagnostic:
        return broken_site_folder(Place(document=f"{shown_as}/{name}"), reason)

    if site_json.NAME not in files:
        return (broken("there is no site.json: this is no folder of a site"),)
    contents = site_json.parse(files[site_json.NAME])
    if isinstance(contents, site_json.BrokenFolder):
        return (broken(contents.message, contents.file),)
    rest = {name: data for name, data in files.items() if name != site_json.NAME}
    found = tuple(broken(each.message, each.file) for each in site_json.whole(contents, rest))
    if found:
        return found
    objects: list[Desired] = []
    for name in (*contents.components, *((site_json.SECRETS,) if site_json.SECRETS in rest else ())):
        try:
            found_in = objects_in(rest[name], name, contents)
            objects.extend(Desired(found, document, name) for found, document in found_in)
        except ForeignObjectError as error:
            return (broken(f"it holds something other than objects of the site: {error}", name),)
    reason = _contradiction(contents, objects)
    if reason:
        return (broken(reason),)
    return _folder(contents, objects, {name: data.decode("utf-8", "replace") for name, data in files.items()})


def _contradiction(contents: site_json.Contents, objects: Sequence[Desired]) -> str:
    """What the files of a folder do not agree on, as a clause; empty when they agree."""
    seen: set[tuple[str, str, str, str]] = set()
    for each in objects:
        if each.reference.key in seen:
            return f"{each.reference} is there twice"
        seen.add(each.reference.key)
    lost = _lost_table(contents, objects)
    return f"site.json names route table {lost}, which no file has" if lost else ""


def _lost_table(contents: site_json.Contents, objects: Sequence[Desired]) -> str:
    """A route table of site.json that is not among the objects; empty where all are."""
    texts = {
        (each.reference.namespace, each.reference.name, key)
        for each in objects
        if each.reference.kind == "ConfigMap"
        for key in each.document.get("data") or ()
    }
    wanted = [(table.namespace, table.config_map, table.key) for table in contents.hot_tables]
    return next(("/".join(table) for table in wanted if table not in texts), "")


def from_directory(path: Path) -> SiteFolder | tuple[Diagnostic, ...]:
    """The folder of a site that was handed over."""
    shown = path.name or str(path)
    try:
        names = sorted(entry.name for entry in islice(path.iterdir(), _MOST_FILES + 1))
    except OSError as error:
        reason = f"the folder cannot be read: {error.strerror}"
        return (broken_site_folder(Place(document=str(path)), reason),)
    if len(names) > _MOST_FILES:
        return (
            broken_site_folder(
                Place(document=shown), f"it has more than {_MOST_FILES} files, which no site's folder has"
            ),
        )
    if site_json.NAME not in names and plan_json.NAME in names:
        reason = f"it holds the folders of all sites: name one of them, as in {path / names[0]}"
        return (broken_site_folder(Place(document=shown), reason),)
    files: dict[str, bytes] = {}
    for name in names:
        data = read_bounded(path / name)
        if isinstance(data, Diagnostic):
            return (broken_site_folder(Place(document=f"{shown}/{name}"), data.message),)
        files[name] = data
        if sum(map(len, files.values())) > _MOST_BYTES:
            reason = f"its files are larger than {_MOST_BYTES // 2**20} MiB together"
            return (broken_site_folder(Place(document=shown), reason),)
    return from_files(files, shown)


def _folder(contents: site_json.Contents, objects: list[Desired], files: Mapping[str, str]) -> SiteFolder:
    version = _VERSION.fullmatch(contents.cluster.kubernetes or "")
    return SiteFolder(
        key=contents.site,
        kind=contents.kind,
        id=contents.id,
        name=contents.name,
        federation=contents.federation,
        release=contents.release,
        cluster=contents.cluster.name,
        address=contents.cluster.address,
        context=contents.cluster.context,
        server=contents.cluster.server,
        kubernetes=None if version is None else (int(version[1]), int(version[2])),
        namespaces=contents.namespaces,
        after=contents.after,
        peers=contents.peers,
        prerequisites=contents.prerequisites,
        hot_tables=contents.hot_tables,
        interfaces=contents.interfaces,
        digest=contents.digest,
        objects=tuple(each for each in objects if each.file != site_json.SECRETS),
        secrets=tuple(each for each in objects if each.file == site_json.SECRETS),
        files=files,
        target=contents.target,
        installations=contents.installations,
        service=contents.service,
        charts=contents.charts,
        dials=contents.dials,
        doors=contents.doors,
        given=contents.secrets,
    )
