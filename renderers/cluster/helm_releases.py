"""What Helm keeps of its releases in a cluster: a Secret for each revision, or with its older driver a ConfigMap.

A revision is `sh.helm.release.v1.<name>.v<number>` with the labels `owner=helm` and `name=<name>`; its key `release`
is base64 of gzip of JSON (in a Secret the API's own base64 comes on top). Helm 3 and 4 write the same, and so does
KubeFATE's service, which has Helm inside.
Source: Helm's pkg/storage/driver (secrets.go, cfgmaps.go, util.go), the same in 3.0 to 4.0.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from planner.site_json import Installation
from planner.wording import spoken
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.references import Document

DEPLOYED: Final = "deployed"
FAILED: Final = "failed"
PENDING: Final = ("pending-install", "pending-upgrade", "pending-rollback")
"""What a release is while Helm works on it, and for ever where that Helm was killed: every later one then refuses."""
_UNREADABLE: Final = "unreadable"
_MOST_UNPACKED: Final = 32 * 2**20
"""A release takes no more: an object of Kubernetes has 1 MiB, and text packs to a tenth."""
_GZIP: Final = b"\x1f\x8b\x08"
NOT_READABLE: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error)
"""What comes of reading something that Helm has not written."""
_NAME: Final = re.compile(r"sh\.helm\.release\.v1\.(.+)\.v([1-9][0-9]{0,8})")
_ROLLED_BACK: Final = re.compile(r"Rollback to (\d+)")
_KINDS: Final = (("Secret", True), ("ConfigMap", False))


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """One revision of a release. `values` may hold secrets and are never shown; so may `manifest`.

    `status` is Helm's word for it, or `unreadable` (then only the names are known, and `problem` says why).
    `first_deployed` is as Helm wrote it (RFC 3339, by the clock of whoever ran it), `recorded` is when Helm began with
    the revision by the server's clock.
    """

    namespace: str
    name: str
    revision: int
    status: str
    chart: str = ""
    chart_version: str = ""
    first_deployed: str = ""
    description: str = ""
    manifest: str = field(default="", repr=False)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    recorded: str = ""
    problem: str = ""

    @property
    def is_deployed(self) -> bool:
        """Whether this is the revision whose objects are in the cluster."""
        return self.status == DEPLOYED

    @property
    def is_pending(self) -> bool:
        """Whether Helm is at work on it, or was killed over it."""
        return self.status in PENDING

    @property
    def rolled_back_to(self) -> int | None:
        """The revision that this one repeats; None where it repeats none."""
        found = _ROLLED_BACK.match(self.description)
        return int(found[1]) if found else None

    @property
    def what(self) -> str:
        """`Helm release fate-9999/fate-9999`, as findings name it."""
        return f"Helm release {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases of a site, by namespace and name: all revisions that Helm keeps, the latest first.

    `unseen` says of a release why nothing is known of it: the operator may not read Secrets there.
    """

    found: Mapping[tuple[str, str], tuple[HelmRelease, ...]]
    unseen: Mapping[tuple[str, str], str]

    def of(self, installation: Installation) -> tuple[HelmRelease, ...]:
        """All revisions of a release, the latest first; none where it is not there or cannot be seen."""
        return self.found.get((installation.namespace, installation.name), ())

    def latest(self, installation: Installation) -> HelmRelease | None:
        """The revision that was written last, however it ended; None where there is none."""
        return next(iter(self.of(installation)), None)

    def deployed(self, installation: Installation) -> HelmRelease | None:
        """The revision whose objects are in the cluster; None where none ever came so far."""
        return next((each for each in self.of(installation) if each.is_deployed), None)

    def why_unseen(self, installation: Installation) -> str:
        """Why nothing is known of a release, in the server's words; empty where it was looked at."""
        return self.unseen.get((installation.namespace, installation.name), "")


NO_RELEASES: Final = Releases({}, {})
"""What is known before the first install."""


def releases(api: Api, folder: SiteFolder, deadline: Deadline) -> Releases:
    """The releases of a site's installations as the cluster has them. Raises ApiError when it cannot be asked."""
    return releases_of(api, folder.installations, deadline)


def releases_of(api: Api, installations: Iterable[Installation], deadline: Deadline) -> Releases:
    """The releases that these installations are."""
    found: dict[tuple[str, str], tuple[HelmRelease, ...]] = {}
    unseen: dict[tuple[str, str], str] = {}
    for each in installations:
        key = each.namespace, each.name
        try:
            found[key] = tuple(sorted(_revisions(api, *key, deadline), key=lambda release: -release.revision))
        except RefusedError as refusal:
            if not refusal.is_forbidden:
                raise
            unseen[key] = spoken(refusal.message)
    return Releases(found, unseen)


def _revisions(api: Api, namespace: str, name: str, deadline: Deadline) -> Iterator[HelmRelease]:
    """All revisions; from ConfigMaps where there is no Secret of the release."""
    for kind, is_secret in _KINDS:
        try:
            listed = api.list("v1", kind, namespace, deadline, labels=f"owner=helm,name={name}")
        except RefusedError:
            if is_secret:
                raise
            return
        mine = [(document, _NAME.fullmatch(document["metadata"]["name"])) for document in listed]
        whole = [(document, match) for document, match in mine if match is not None and match[1] == name]
        yield from (_revision(document, namespace, match, is_secret=is_secret) for document, match in whole)
        if whole:
            return


def _revision(document: Document, namespace: str, match: re.Match[str], *, is_secret: bool) -> HelmRelease:
    """One revision; what cannot be read is told as such."""
    name, number = match[1], int(match[2])
    recorded = str(document["metadata"].get("creationTimestamp", ""))
    try:
        return replace(_release(content_of(document, is_secret=is_secret), namespace, name, number), recorded=recorded)
    except NOT_READABLE as error:
        reason = error.args[0] if isinstance(error, _TooLargeError) else "it is not what Helm writes"
        return HelmRelease(namespace, name, number, _UNREADABLE, recorded=recorded, problem=str(reason))


class _TooLargeError(ValueError):
    """A release that unpacks to more than any has."""


def content_of(document: Document, *, is_secret: bool) -> Mapping[str, Any]:
    """A release as Helm has it in memory. Raises one of NOT_READABLE for what is none."""
    text = str(document["data"]["release"])
    packed = _decoded(_decoded(text).decode("ascii") if is_secret else text)
    data = _unpacked(packed) if packed.startswith(_GZIP) else packed
    found = json.loads(data)
    if not isinstance(found, dict):
        msg = "it is no object"
        raise TypeError(msg)
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _unpacked(packed: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    data = stream.decompress(packed, _MOST_UNPACKED)
    if stream.unconsumed_tail or not stream.eof:
        msg = f"it unpacks to more than {_MOST_UNPACKED // 2**20} MiB"
        raise _TooLargeError(msg)
    return data


def _release(content: Mapping[str, Any], namespace: str, name: str, number: int) -> HelmRelease:
    info, chart = content.get("info") or {}, (content.get("chart") or {}).get("metadata") or {}
    values, manifest = content.get("config") or {}, content.get("manifest") or ""
    if content.get("name") != name or not isinstance(values, dict) or not isinstance(manifest, str):
        msg = "it is another release"
        raise ValueError(msg)
    return HelmRelease(
        namespace=namespace,
        name=name,
        revision=number,
        status=spoken(str(info["status"])),
        chart=spoken(str(chart.get("name", ""))),
        chart_version=spoken(str(chart.get("version", ""))),
        first_deployed=spoken(str(info.get("first_deployed", ""))),
        description=spoken(str(info.get("description", ""))),
        manifest=manifest,
        values=values,
    )
