"""site.json, the table of contents of one site's folder: its text, and reading it back.

The folder with its site.json is all that applying the site needs, wherever it was carried to. The digest is made as
that of plan.json: it tells a damaged or merged folder, it is no signature.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from planner.channels import Channel
from planner.model import Service
from planner.plan_json import digest, is_file_name, is_site_name, sha256, strictly
from planner.prerequisites import Prerequisite
from planner.secret_references import is_reference

VERSION: Final = 1
"""The only version of site.json this program writes and reads."""
NAME: Final = "site.json"
SECRETS: Final = "secrets.yaml"
"""The file of the folder that has places instead of values; it stands in no kustomization."""
KUBERNETES: Final = "kubernetes"
CHARTED: Final = frozenset({"kubefate", "helm"})
"""Targets whose sites are installed from KubeFATE's charts."""
MAX_BYTES: Final = 4 * 1024 * 1024
"""A site.json above this size is not read."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_COMPONENT: Final = re.compile(r"\d\d-[a-z0-9][-a-z0-9]*\.yaml")
_LABEL: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_OBJECT: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
SECRET_TYPES: Final = MappingProxyType(
    {
        "kubernetes.io/dockerconfigjson": frozenset({".dockerconfigjson"}),
        "kubernetes.io/tls": frozenset({"tls.crt", "tls.key"}),
        "Opaque": frozenset[str](),
    }
)
"""The types of Secrets that are made, with the keys that Kubernetes wants in each."""
_SECRET_KEY: Final = re.compile(r"[-._A-Za-z0-9]{1,253}")
_URL: Final = re.compile(r"https?://[^\s@]+")
_LARGEST_PORT: Final = 65535
_ENDPOINT: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:\[\]]+)):(\d{1,5})")
_MOST_SECONDS: Final = 600
"""Longest time in which a reader takes up its route table: ten times that of any."""
_Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster that a site is meant for; `server` is the URL of its API server."""

    name: str
    address: str
    context: str | None
    server: str | None
    kubernetes: str | None


@dataclass(frozen=True, slots=True)
class HotTable:
    """A route table that its reader reads again while it runs: every `seconds`, as file `path` in `container`."""

    config_map: str
    namespace: str
    key: str
    kind: str
    workload: str
    container: str
    path: str
    seconds: int
    restart_on_removal: bool = False


@dataclass(frozen=True, slots=True)
class Interface:
    """A web page of the site that people open."""

    component: str
    host: str
    url: str


class Dial(NamedTuple):
    """One endpoint of another site that a site dials; `peer` is that site's key."""

    channel: Channel
    peer: str
    host: str
    port: int


class OpenDoor(NamedTuple):
    """One endpoint at which other sites dial a site: the Service behind it and its type. `dialled_by` are their keys.

    A Service of type ClusterIP is dialled inside the cluster alone.
    """

    channel: Channel
    service: str
    namespace: str
    type: str
    host: str
    port: int
    dialled_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """One cluster of KubeFATE, or release of Helm, that a site is installed as: `part` is training or serving."""

    part: str
    file: str
    name: str
    namespace: str
    chart: str
    version: str


@dataclass(frozen=True, slots=True)
class GivenSecret:
    """A Secret that apply makes first. `data` are references by key, never values."""

    namespace: str
    name: str
    type: str
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Contents:
    """A site.json that is whole. `namespaces` has `training`, and `serving` where FATE-Serving has one of its own.

    `after` are the exchanges that must run before this site, `peers` all sites that it dials. `files` are the digests
    of the folder's other files. `document` is the file as it was read, for what prints it.
    `installations` are what a site of charts is installed as, `charts` says where its charts come from. `dials` are
    the endpoints of others that it dials, `doors` those at which others dial it: the same sites, and those that the
    file names beside them, which is every site that polls.
    """

    federation: str
    site: str
    kind: str
    id: int
    name: str
    release: str
    cluster: Cluster
    namespaces: Mapping[str, str]
    after: tuple[str, ...]
    peers: tuple[str, ...]
    prerequisites: tuple[Prerequisite, ...]
    hot_tables: tuple[HotTable, ...]
    interfaces: tuple[Interface, ...]
    files: Mapping[str, str]
    digest: str
    document: Mapping[str, Any]
    target: str = KUBERNETES
    installations: tuple[Installation, ...] = ()
    service: Service | None = None
    charts: str | None = None
    dials: tuple[Dial, ...] = ()
    doors: tuple[OpenDoor, ...] = ()
    secrets: tuple[GivenSecret, ...] = ()

    @property
    def label(self) -> str:
        """The site as a user names it: `party 9999` or `exchange hub`."""
        return self.site.replace("-", " ", 1)

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the files with the site's objects, in apply order."""
        return tuple(sorted(name for name in self.files if _COMPONENT.fullmatch(name)))


@dataclass(frozen=True, slots=True)
class BrokenFolder:
    """A folder that cannot be trusted: why (one clause), and the file that is at fault."""

    message: str
    file: str = NAME


def dump(document: Mapping[str, Any]) -> str:
    """The text of site.json, with its digest: a line per key, and a line per item of lists and maps."""
    whole = {**document, "digest": digest(document)}
    return "{\n" + ",\n".join(f" {_json(key)}: {_laid_out(value)}" for key, value in whole.items()) + "\n}\n"


def parse(data: bytes) -> Contents | BrokenFolder:
    """Read site.json and prove that it is whole: of this version, of this shape, names that stay in it, its digest."""
    if len(data) > MAX_BYTES:
        return BrokenFolder(f"site.json is larger than {MAX_BYTES // 2**20} MiB")
    try:
        document = strictly(data)
    except (ValueError, RecursionError):
        return BrokenFolder("site.json is not JSON")
    if not isinstance(document, dict):
        return BrokenFolder("site.json is not a JSON object")
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        return BrokenFolder(f"site.json has a version other than {VERSION}, the one this fedplan reads")
    try:
        is_whole = digest(document) == document.get("digest")
    except (ValueError, RecursionError):
        is_whole = False
    if not is_whole:
        return BrokenFolder("site.json does not match its own digest")
    fault = next(_faults(document), "")
    return BrokenFolder(f"site.json {fault}") if fault else _folder(document)


def whole(folder: Contents, files: Mapping[str, bytes]) -> Iterator[BrokenFolder]:
    """What differs between a folder's files and what its site.json lists, file by file; nothing when it is whole.

    `files` are all files of the folder but site.json.
    """
    for name, expected in folder.files.items():
        if name not in files:
            yield BrokenFolder("the file is missing", name)
        elif sha256(files[name]) != expected:
            yield BrokenFolder("the file is not the one that site.json lists", name)
    for name in sorted(files.keys() - folder.files.keys()):
        yield BrokenFolder("site.json does not list this file", name)


# ---------------------------------------------------------------------------------------------------------------------
# The shape


_TEXT: Final = (str,)
_MAYBE: Final = (str, type(None))
_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "version": (int,),
    "federation": _TEXT,
    "site": _TEXT,
    "kind": _TEXT,
    "id": (int,),
    "name": _TEXT,
    "release": _TEXT,
    "target": _TEXT,
    "installations": (list,),
    "service": (dict, type(None)),
    "charts": _MAYBE,
    "cluster": (dict,),
    "namespaces": (dict,),
    "after": (list,),
    "prerequisites": (list,),
    "secrets": (list,),
    "hotTables": (list,),
    "interfaces": (list,),
    "dials": (dict,),
    "doors": (list,),
    "files": (dict,),
    "digest": _TEXT,
}
_CLUSTER: Final = {"name": _TEXT, "address": _TEXT, "context": _MAYBE, "server": _MAYBE, "kubernetes": _MAYBE}
_PREREQUISITE: Final = {"kind": _TEXT, "namespace": _TEXT, "name": _TEXT, "keys": (list,), "reason": _TEXT}
_WORKLOAD: Final = {"kind": _TEXT, "name": _TEXT}
_HOT_TABLE: Final = {
    "configMap": _TEXT,
    "namespace": _TEXT,
    "key": _TEXT,
    "workload": (dict,),
    "container": _TEXT,
    "path": _TEXT,
    "seconds": (int,),
    "restartOnRemoval": (bool,),
}
_INSTALLATION: Final = dict.fromkeys(("part", "file", "name", "namespace", "chart", "version"), _TEXT)
_SERVICE: Final = {"url": _TEXT, "user": _MAYBE, "password": _MAYBE, "ca": _MAYBE}
_DOOR: Final = {
    "channel": _TEXT,
    "service": _TEXT,
    "namespace": _TEXT,
    "type": _TEXT,
    "endpoint": _TEXT,
    "alsoDialledBy": (list,),
}
_SECRET: Final = {"namespace": _TEXT, "name": _TEXT, "type": _TEXT, "data": (dict,)}
_INTERFACE: Final = {"component": _TEXT, "host": _TEXT, "url": _TEXT}


def _faults(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the shape, as clauses after `site.json`. Later ones may rest on earlier ones being absent."""
    if not _has(document, _KEYS):
        yield "has other keys or values than it must have"
        return
    if not _is_printable(document):
        yield "has a text that no terminal may be given"
        return
    kind, site = document["kind"], document["site"]
    if document["target"] not in {KUBERNETES, *CHARTED} or kind not in {"party", "exchange"}:
        yield "is for another target or kind of site"
    if not is_site_name(site) or not site.startswith(f"{kind}-") or not _LABEL.fullmatch(site):
        yield "names its site in a way that no site is named"
    if not _LABEL.fullmatch(document["federation"]):
        yield "names its federation in a way that no federation is named"
    namespaces = document["namespaces"]
    if "training" not in namespaces or not namespaces.keys() <= {"training", "serving"}:
        yield "must name the namespace of training, and may name that of serving"
    elif not all(isinstance(name, str) and _NAMESPACE.fullmatch(name) for name in namespaces.values()):
        yield "names a namespace that cannot exist"
    if not _has(document["cluster"], _CLUSTER):
        yield "says something else of the cluster than it must"
    yield from _list_faults(document)
    yield from _contact_faults(document)
    yield from _chart_faults(document)
    for name, value in document["files"].items():
        if not is_file_name(name) or name == NAME or not isinstance(value, str) or not _SHA256.fullmatch(value):
            yield "lists a file without a proper name and digest"


def _list_faults(document: Mapping[str, Any]) -> Iterator[str]:
    if not all(map(_is_site, document["after"])):
        yield "has something other than sites in `after`"
    if not all(each.startswith("exchange-") for each in document["after"] if isinstance(each, str)):
        yield "waits for something other than exchanges"
    for key, shape in (("prerequisites", _PREREQUISITE), ("hotTables", _HOT_TABLE), ("interfaces", _INTERFACE)):
        if not all(isinstance(each, dict) and _has(each, shape) for each in document[key]):
            yield f"has an item in `{key}` with other keys or values than it must have"
            return
    if not all(isinstance(key, str) for each in document["prerequisites"] for key in each["keys"]):
        yield "has a prerequisite with keys that are no text"
    if not all(map(_is_prerequisite, document["prerequisites"])):
        yield "has a prerequisite with a name that cannot be"
    if not all(map(_is_given, document["secrets"], [document["namespaces"]] * len(document["secrets"]))):
        yield "has a Secret that is none of the site's, or holds something other than references"
    if not all(_has(each["workload"], _WORKLOAD) for each in document["hotTables"]):
        yield "has a route table without a workload"
    if not all(0 <= each["seconds"] <= _MOST_SECONDS for each in document["hotTables"]):
        yield "has a route table that takes too long to be read"


def _is_given(each: object, namespaces: Mapping[str, Any]) -> bool:
    """Whether a Secret is in a namespace of the site, of a type that is written, and made of references alone."""
    if not isinstance(each, dict) or not _has(each, _SECRET) or each["namespace"] not in namespaces.values():
        return False
    return (
        _OBJECT.fullmatch(each["name"]) is not None
        and each["type"] in SECRET_TYPES
        and all(_SECRET_KEY.fullmatch(key) and is_reference(value) for key, value in each["data"].items())
    )


def secret_type(keys: Iterable[str]) -> str:
    """The type of a Secret, as its keys tell it."""
    return next((kind for kind, needed in SECRET_TYPES.items() if needed and needed <= set(keys)), "Opaque")


def _contact_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with whom the site dials, and where it is dialled."""
    channels = {str(channel) for channel in Channel}
    for channel, found in document["dials"].items():
        if channel not in channels or not isinstance(found, dict):
            yield "dials on a channel that there is not"
        elif not all(is_site_name(peer) and _is_endpoint(endpoint) for peer, endpoint in found.items()):
            yield "dials something other than sites at their endpoints"
    for door in document["doors"]:
        if not isinstance(door, dict) or not _has(door, _DOOR) or door["channel"] not in channels:
            yield "has a door with other keys or values than it must have"
        elif not _is_endpoint(door["endpoint"]) or not all(map(_is_site, door["alsoDialledBy"])):
            yield "has a door that no site can dial"


def _chart_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the installations of charts, and with the service that makes them."""
    found, is_charted = document["installations"], document["target"] in CHARTED
    if not all(isinstance(each, dict) and _has(each, _INSTALLATION) for each in found):
        yield "has an installation with other keys or values than it must have"
        return
    if is_charted != bool(found) or len({each["part"] for each in found}) != len(found):
        yield "must name its installations, each once, and only where charts make them"
    for each in found:
        if document["namespaces"].get(each["part"]) != each["namespace"] or each["file"] not in document["files"]:
            yield "has an installation without a namespace or a file"
        if not _NAMESPACE.fullmatch(each["name"]) or not _OBJECT.fullmatch(each["chart"]):
            yield "has an installation with a name that cannot be"
        if not _LABEL.fullmatch(each["version"]):
            yield "has an installation of a version that cannot be"
    service = document["service"]
    if service is not None and not (_has(service, _SERVICE) and _URL.fullmatch(service["url"])):
        yield "says something else of KubeFATE's service than it must"


def _is_site(value: object) -> bool:
    return isinstance(value, str) and is_site_name(value)


def _is_endpoint(value: object) -> bool:
    found = _ENDPOINT.fullmatch(value) if isinstance(value, str) else None
    return found is not None and 0 < int(found[3]) <= _LARGEST_PORT


def _endpoint(text: str) -> tuple[str, int]:
    """Host and port of a text that `_is_endpoint` has seen."""
    found = _ENDPOINT.fullmatch(text)
    if found is None:  # a fault of the folder, told before
        return "", 0
    return found[1] or found[2], int(found[3])


def _is_prerequisite(each: _Shape) -> bool:
    """Whether a prerequisite can be asked for: an object's name and namespace. A database has an address instead."""
    if each["kind"] == "Database":
        return True
    return _OBJECT.fullmatch(each["name"]) is not None and (
        not each["namespace"] or _NAMESPACE.fullmatch(each["namespace"]) is not None
    )


def _is_printable(value: object) -> bool:
    """Whether every text in it can be shown: no escapes for a terminal, no line breaks."""
    if isinstance(value, dict):
        return all(map(_is_printable, (*value, *value.values())))
    if isinstance(value, list):
        return all(map(_is_printable, value))
    return not isinstance(value, str) or value.isprintable()


def _has(value: _Shape, shape: Mapping[str, tuple[type, ...]]) -> bool:
    """Whether a mapping has exactly these keys with values of these types; true is no number."""
    return value.keys() == shape.keys() and all(type(value[key]) in types for key, types in shape.items())


def _folder(document: Mapping[str, Any]) -> Contents:
    return Contents(
        federation=document["federation"],
        site=document["site"],
        kind=document["kind"],
        id=document["id"],
        name=document["name"],
        release=document["release"],
        cluster=Cluster(**document["cluster"]),
        namespaces=document["namespaces"],
        after=tuple(document["after"]),
        peers=tuple(sorted({peer for found in document["dials"].values() for peer in found})),
        prerequisites=tuple(
            Prerequisite(**{**each, "keys": tuple(each["keys"])}) for each in document["prerequisites"]
        ),
        hot_tables=tuple(_hot_table(each) for each in document["hotTables"]),
        interfaces=tuple(Interface(**each) for each in document["interfaces"]),
        files=document["files"],
        digest=document["digest"],
        document=document,
        target=document["target"],
        installations=tuple(Installation(**each) for each in document["installations"]),
        service=None if document["service"] is None else Service(**document["service"]),
        charts=document["charts"],
        secrets=tuple(GivenSecret(**each) for each in document["secrets"]),
        dials=tuple(
            Dial(Channel(channel), peer, *_endpoint(endpoint))
            for channel, found in document["dials"].items()
            for peer, endpoint in found.items()
        ),
        doors=tuple(
            OpenDoor(
                Channel(each["channel"]),
                each["service"],
                each["namespace"],
                each["type"],
                *_endpoint(each["endpoint"]),
                tuple(sorted({*document["dials"].get(each["channel"], ()), *each["alsoDialledBy"]})),
            )
            for each in document["doors"]
        ),
    )


def _hot_table(entry: Mapping[str, Any]) -> HotTable:
    return HotTable(
        config_map=entry["configMap"],
        namespace=entry["namespace"],
        key=entry["key"],
        kind=entry["workload"]["kind"],
        workload=entry["workload"]["name"],
        container=entry["container"],
        path=entry["path"],
        seconds=entry["seconds"],
        restart_on_removal=entry["restartOnRemoval"],
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _laid_out(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"  {_json(each)}" for each in value) + "\n ]"
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"  {_json(key)}: {_json(each)}" for key, each in value.items()) + "\n }"
    return _json(value)
