"""The record of a site, kept in its cluster: what was applied by whom and when, and the files, to go back to them.

A revision is a ConfigMap `fedplan-<site>-v<number>`. The files of a folder hold places instead of secrets, so a
ConfigMap may hold them; they are compressed, as a cluster keeps no object above 1 MiB.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from planner.wording import spoken
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder, from_files
from renderers.cluster.labels import own_labels
from renderers.cluster.operator import Operator
from renderers.cluster.references import Document, Reference

State = Literal["applying", "applied", "failed", "removed"]
RECORD_OF: Final = "fedplan/record-of"
"""Label of a site's revisions: its key."""
KEPT: Final = 10
"""How many revisions stay."""
_MOST_BYTES: Final = 900_000
_MOST_UNPACKED: Final = 16 * 1024 * 1024
_NAME: Final = re.compile(r"fedplan-(.+)-v([1-9][0-9]{0,8})")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_STATES: Final = frozenset(get_args(State))
UNREADABLE: Final = "unreadable"
"""The digest and the release of a revision that somebody has spoiled."""
_RECORD: Final = "record.json"
_FILES: Final = "files.json.gz"


@dataclass(frozen=True, slots=True)
class Record:
    """One revision: when it began (UTC, the server's clock), by whom, which plan, and how it ended.

    `of` is the revision whose files were taken up again by a roll-back.
    """

    revision: int
    digest: str
    state: State
    by: str
    at: str
    release: str
    federation: str
    site: str
    of: int | None = None


def history(api: Api, folder: SiteFolder, deadline: Deadline) -> Sequence[Record]:
    """The revisions of a site, the latest first."""
    return _records(_documents(api, folder, deadline), folder)


def _records(documents: Sequence[Document], folder: SiteFolder) -> Sequence[Record]:
    found = [_read(document, folder) for document in documents]
    return sorted(found, key=lambda each: -each.revision)


def _read(document: Document, folder: SiteFolder) -> Record:
    """A revision; one that was spoiled counts as an apply that did not come to its end, as nothing of it is known."""
    found = _record(document)
    if found is not None and found.site == folder.key:
        return found
    at = str(document["metadata"].get("creationTimestamp", ""))
    who, what = "somebody who has made it unreadable", UNREADABLE
    return Record(_number(document), what, "failed", who, at, what, folder.federation, folder.key)


def latest(api: Api, folder: SiteFolder, deadline: Deadline) -> Record | None:
    """The latest revision; None for a site that was never applied."""
    return next(iter(history(api, folder, deadline)), None)


def before_latest(records: Sequence[Record]) -> Record | None:
    """What a roll-back goes back to: the latest plan that came up and is another than the one written last.

    None when there is none. `records` have the latest first.
    """
    if not records:
        return None
    now = records[0].digest
    return next((each for each in records if each.state == "applied" and each.digest != now), None)


def begin(api: Api, folder: SiteFolder, operator: Operator, deadline: Deadline, *, of: int | None = None) -> Record:
    """Write down that an apply begins: under the first number that no revision has, be it readable or not."""
    while True:
        documents = _documents(api, folder, deadline)
        last = next(iter(_records(documents, folder)), None)
        packed = _packed(folder.files)
        record = Record(
            revision=1 + max(map(_number, documents), default=0),
            digest=folder.digest,
            state="applying",
            by=f"{operator} ({api.user})" if api.user else str(operator),
            at=api.server_time(deadline).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            release=folder.release,
            federation=folder.federation,
            site=folder.key,
            of=of,
        )
        reference = _reference(folder, record.revision)
        document = _document(folder, reference, record, packed)
        try:
            api.create(document, reference, deadline)
        except RefusedError as refusal:
            if not refusal.is_conflict:
                raise
            live = api.get(reference, deadline) or {}
            if live.get("data") != document["data"]:  # else it was written, and the answer was lost
                if not deadline.wait(0.2):
                    raise
                continue
        if last is not None and last.state == "applying":
            _close(api, folder, last, "failed", deadline)
        return record


def finish(api: Api, folder: SiteFolder, record: Record, state: State, deadline: Deadline) -> None:
    """Write down how an apply ended, and let go of revisions that nobody goes back to."""
    _close(api, folder, record, state, deadline)
    records = history(api, folder, deadline)
    good = [each for each in records if each.state == "applied"][:2]
    for each in records[KEPT:]:
        if each not in good:
            api.delete(_reference(folder, each.revision), deadline)


def _close(api: Api, folder: SiteFolder, record: Record, state: State, deadline: Deadline) -> None:
    told = json.dumps({**_told(record), "state": state}, sort_keys=True)
    api.merge({"data": {_RECORD: told}}, _reference(folder, record.revision), deadline)


def folder_of(api: Api, folder: SiteFolder, record: Record, deadline: Deadline) -> SiteFolder | str:
    """The folder as it was at a revision; or why it is not to be had, as a clause.

    Whoever may write ConfigMaps may have changed it: it is taken only as the very plan that the record names, of this
    site in this namespace.
    """
    files = _unpacked(api.get(_reference(folder, record.revision), deadline))
    if files is None:
        return f"the record has not kept the files of revision {record.revision}"
    found = from_files({name: text.encode(errors="replace") for name, text in files.items()}, folder.key)
    if isinstance(found, tuple) or found.digest != record.digest:
        return f"the files of revision {record.revision} in the record are not those that were applied"
    if (found.key, found.federation, found.home) != (folder.key, folder.federation, folder.home):
        return f"revision {record.revision} in the record is of another site"
    return found


def latest_files(api: Api, namespace: str, site: str, deadline: Deadline) -> Mapping[str, str] | None:
    """The files of the latest revision that a namespace has of a site; None when there are none."""
    documents = api.list("v1", "ConfigMap", namespace, deadline, labels=f"{RECORD_OF}={site}")
    found = [document for document in documents if _record(document) is not None]
    return _unpacked(max(found, key=_number, default=None))


def _unpacked(document: Document | None) -> Mapping[str, str] | None:
    data = ((document or {}).get("binaryData") or {}).get(_FILES)
    if not isinstance(data, str):
        return None
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(base64.b64decode(data, validate=True), _MOST_UNPACKED)
        files = json.loads(unpacked)
    except (ValueError, RecursionError, zlib.error):
        return None
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        return None
    return files


def moment(text: str) -> str:
    """A moment of the record as people read it."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return spoken(text)


def all_references(api: Api, folder: SiteFolder, deadline: Deadline) -> Sequence[Reference]:
    """Every revision of a site, to remove them."""
    documents = _documents(api, folder, deadline)
    return [_reference(folder, number) for document in documents if (number := _number(document))]


def _documents(api: Api, folder: SiteFolder, deadline: Deadline) -> Sequence[Document]:
    found = api.list("v1", "ConfigMap", folder.home, deadline, labels=f"{RECORD_OF}={folder.key}")
    return [each for each in found if each["metadata"]["name"] == f"fedplan-{folder.key}-v{_number(each)}"]


def _number(document: Mapping[str, Any]) -> int:
    """The number of a revision by its name, which nobody can change; 0 for what is named otherwise."""
    found = _NAME.fullmatch(str((document.get("metadata") or {}).get("name", "")))
    return int(found[2]) if found is not None else 0


def _reference(folder: SiteFolder, revision: int) -> Reference:
    return Reference("v1", "ConfigMap", folder.home, f"fedplan-{folder.key}-v{revision}")


def _document(folder: SiteFolder, reference: Reference, record: Record, packed: str | None) -> Document:
    labels = {
        **own_labels(folder),
        RECORD_OF: folder.key,
    }
    document: Document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": reference.name, "namespace": reference.namespace, "labels": labels},
        "data": {_RECORD: json.dumps(_told(record), sort_keys=True)},
    }
    if packed is not None:
        document["binaryData"] = {_FILES: packed}
    return document


def _told(record: Record) -> dict[str, Any]:
    return {
        "version": 1,
        "revision": record.revision,
        "digest": record.digest,
        "state": record.state,
        "by": record.by,
        "at": record.at,
        "release": record.release,
        "federation": record.federation,
        "site": record.site,
        "of": record.of,
    }


def _record(document: Mapping[str, Any]) -> Record | None:
    """A revision as it was written down; None for what is none or was spoiled."""
    try:
        told = json.loads(document["data"][_RECORD])
        at, digest, state, of = str(told["at"]), told["digest"], told["state"], told.get("of")
        datetime.fromisoformat(at)
        is_whole = told["revision"] == _number(document) > 0 and state in _STATES and at.isprintable()
        if not is_whole or not _DIGEST.fullmatch(digest) or not isinstance(of, int | None):
            return None
        return Record(
            revision=_number(document),
            digest=digest,
            state=state,
            by=spoken(str(told["by"])),
            at=at,
            release=spoken(str(told["release"])),
            federation=spoken(str(told["federation"])),
            site=spoken(str(told["site"])),
            of=of,
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def _packed(files: Mapping[str, str]) -> str | None:
    """The files in few bytes; None when they are still too many for one object."""
    text = json.dumps(dict(sorted(files.items())), ensure_ascii=False)
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    return packed if len(packed) <= _MOST_BYTES else None
