"""What a KubeFATE service keeps, read tolerantly from every generation (service-api.md sections 1, 4, 5 and 6).

v1.0.2 and v1.0.3 (KubeFATE v1.3.0-a to v1.4.3) keep deleted clusters in their lists, have no `Spec` and list sub-jobs
by name under `sub-jobs`; v1.1.0 to v1.2.0 tell a job's end in one `result`; from v1.3.0 on jobs have `states` and
`meta_data` (`v1.5.0:k8s-deploy/pkg/modules/job.go` and its neighbours). Every text is cleaned, and nothing is trusted:
what has another type is taken as absent, and what cannot be left out raises OddAnswerError.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from planner.wording import spoken
from renderers.kubefate_service.errors import OddAnswerError
from renderers.sound_yaml import UnsoundYamlError, documents

ENDED: Final = frozenset({"Success", "Failed", "Rollback", "Timeout", "Canceled"})
"""States after which a job does not go on. `Retry` of v1.0.2 was never set by its code."""
INSTALL: Final = "ClusterInstall"
UPDATE: Final = "ClusterUpdate"
DELETE: Final = "ClusterDelete"
_ROUTINE: Final = re.compile(r"success|^checkout cluster status \[|start running|status to running$", re.IGNORECASE)
"""What jobs say on their way (`v1.11.2:k8s-deploy/pkg/job/cluster_install.go`)."""
_NEVER: Final = 1900
"""Go writes the year 1 for a time that is not set."""
_MOST_TEXT: Final = 2**20
"""Characters of a spec that is read: KubeFATE keeps it as text of at most 64 KiB."""
_MOST_ITEMS: Final = 1000


@dataclass(frozen=True, slots=True)
class Module:
    """What the service says of one part of a cluster, as `Deployment python: Available`."""

    kind: str
    name: str
    status: str

    @property
    def is_well(self) -> bool:
        """Whether the service counts it as running."""
        return self.status in {"Available", "Running"}


@dataclass(frozen=True, slots=True)
class Info:
    """What the service finds out about a running cluster: `pages` are the hosts of its ingresses."""

    ip: str = ""
    port: int | None = None
    pages: tuple[str, ...] = ()
    modules: tuple[Module, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredCluster:
    """A cluster as the service has it. `spec` is its cluster.yaml as data, None where the service did not tell it."""

    uuid: str
    name: str
    namespace: str
    chart: str
    version: str
    status: str
    spec: Mapping[str, Any] | None = field(repr=False)
    revision: int = 0
    created: datetime | None = None
    updated: datetime | None = None
    is_deleted: bool = False
    info: Info | None = None

    @property
    def installed(self) -> str:
        """The version that it was brought to last: after a failed upgrade the row still has the one that failed."""
        told = (self.spec or {}).get("chartVersion")
        return spoken(told) if isinstance(told, str) and told else self.version

    @property
    def shown(self) -> str:
        """`fate-9999/fate-9999`: its namespace and its name, as findings name it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class SubJob:
    """One module of a job: `status` is Running or Success, `detail` what its pods or workloads do."""

    name: str
    status: str
    detail: str
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the service. `name` and the three after it say what it works on; empty in old generations."""

    uuid: str
    method: str
    status: str
    cluster_id: str
    creator: str
    started: datetime | None
    ended: datetime | None
    limit: timedelta | None
    states: tuple[str, ...]
    sub_jobs: tuple[SubJob, ...]
    name: str = ""
    namespace: str = ""
    chart: str = ""
    version: str = ""
    updated: datetime | None = None
    """When its row was written last, which its loop does again and again; None before v1.1.0."""

    @property
    def shown(self) -> str:
        """`5d1c0a2e`: the beginning of its uuid, as it is named while it is followed."""
        return self.uuid[:8]

    @property
    def has_ended(self) -> bool:
        """Whether it does not go on."""
        return self.status in ENDED

    @property
    def last_word(self) -> str:
        """What it said last, but for how it ended well or that it looks again: so the words that name a failure."""
        return (self._reasons or self.states or ("",))[-1]

    @property
    def has_reason(self) -> bool:
        """Whether it says why it failed: one that installs tells that only after it has cleaned up."""
        return bool(self._reasons)

    @property
    def _reasons(self) -> tuple[str, ...]:
        return tuple(each for each in self.states if not _ROUTINE.search(each))


@dataclass(frozen=True, slots=True)
class StoredChart:
    """A chart that the service keeps. `has_template` says whether it can be installed from a cluster.yaml."""

    uuid: str
    name: str
    version: str
    app_version: str = ""
    has_template: bool = False


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace of the cluster that the service runs in."""

    name: str
    status: str
    age: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the service."""

    uuid: str
    name: str
    email: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class ClusterArgs:
    """What is asked of the service: which cluster of which chart, and its cluster.yaml as data with secrets in it."""

    name: str
    namespace: str
    chart: str
    version: str
    data: Mapping[str, Any] = field(repr=False)
    cover: bool = False
    keep_upgrade_job: bool = False

    def body(self) -> dict[str, Any]:
        """The request: `data` is JSON in base64, which the service reads as YAML (section 4)."""
        text = json.dumps(self.data, ensure_ascii=False, sort_keys=False, allow_nan=False)
        return {
            "name": self.name,
            "namespace": self.namespace,
            "chart_name": self.chart,
            "chart_version": self.version,
            "cover": self.cover,
            "data": base64.b64encode(text.encode()).decode(),
            "Keep_upgrade_job": self.keep_upgrade_job,
        }


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def cluster(given: Any) -> StoredCluster:
    """A cluster. Raises OddAnswerError for what is none."""
    told = _mapping(given, "cluster")
    status = _text(told, "status")
    return StoredCluster(
        uuid=_needed(told, "uuid", "cluster"),
        name=_needed(told, "name", "cluster"),
        namespace=_text(told, "namespaces", "namespace"),
        chart=_text(told, "chart_name").rpartition("/")[2],
        version=_text(told, "chart_version"),
        status=status,
        spec=_spec(told),
        revision=_number(told, "revision") or 0,
        created=_time(told.get("CreatedAt")),
        updated=_time(told.get("UpdatedAt")),
        is_deleted=status == "Deleted" or _is_gone(told.get("DeletedAt")),
        info=_info(told.get("Info")),
    )


def job(given: Any) -> Job:
    """A job. Raises OddAnswerError for what is none."""
    told = _mapping(given, "job")
    meta = told.get("meta_data")
    meta = meta if isinstance(meta, dict) else {}
    states = [spoken(each) for each in _items(told.get("states")) if isinstance(each, str) and each.strip()]
    result = _text(told, "result")
    limit = _number(told, "time_limit") or 0
    return Job(
        uuid=_needed(told, "uuid", "job"),
        method=_text(told, "method"),
        status=_text(told, "status"),
        cluster_id=_text(told, "cluster_id"),
        creator=_text(told, "creator"),
        started=_time(told.get("start_time")),
        ended=_time(told.get("end_time")),
        limit=timedelta(microseconds=limit // 1000) if 0 < limit < 10**17 else None,
        states=tuple([*states, result] if result else states),
        sub_jobs=_sub_jobs(told.get("sub_jobs") or told.get("sub-jobs")),
        name=_text(meta, "name"),
        namespace=_text(meta, "namespace"),
        chart=_text(meta, "chart_name"),
        version=_text(meta, "chart_version"),
        updated=_time(told.get("UpdatedAt")),
    )


def chart(given: Any) -> StoredChart:
    """A chart. Raises OddAnswerError for what is none."""
    told = _mapping(given, "chart")
    return StoredChart(
        uuid=_needed(told, "uuid", "chart"),
        name=_text(told, "name"),
        version=_text(told, "version"),
        app_version=_text(told, "app_version"),
        has_template=bool(told.get("values_template")),
    )


def namespace(given: Any) -> Namespace:
    """A namespace. Raises OddAnswerError for what is none."""
    told = _mapping(given, "namespace")
    return Namespace(_needed(told, "name", "namespace"), _text(told, "status"), _text(told, "age"))


def user(given: Any) -> User:
    """A user. Raises OddAnswerError for what is none."""
    told = _mapping(given, "user")
    return User(_text(told, "uuid"), _text(told, "username"), _text(told, "email"), _text(told, "status"))


def listed(given: Any) -> list[Any]:
    """The items of a list; Go writes an empty one as null. Raises OddAnswerError for anything else."""
    if given is None:
        return []
    if not isinstance(given, list):
        msg = "it answers with something other than a list"
        raise OddAnswerError(msg)
    return given


def _spec(told: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The stored cluster.yaml: as data, or as the text that services before v1.1.0 keep alone."""
    found = told.get("Spec")
    if isinstance(found, dict) and found:
        return found
    text = told.get("values")
    if not isinstance(text, str) or not 0 < len(text) <= _MOST_TEXT:
        return None
    for each in (text, _decoded(text)):
        try:
            read = documents(each.encode(errors="replace"))
        except UnsoundYamlError:
            continue
        if len(read) == 1 and isinstance(read[0], dict):
            return {str(key): value for key, value in read[0].items()}
    return None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _info(given: Any) -> Info | None:
    if not isinstance(given, dict):
        return None
    status = given.get("status")
    modules: list[Module] = []
    for kind, key in (("Deployment", "deployments"), ("StatefulSet", "statefulSets"), ("Module", "modules")):
        found = status.get(key) if isinstance(status, dict) else None
        modules += _modules(kind, found if found is not None else given.get(key))
    return Info(
        ip=_text(given, "ip"),
        port=_number(given, "port"),
        pages=tuple(spoken(each) for each in _items(given.get("dashboard")) if isinstance(each, str)),
        modules=tuple(sorted(modules, key=lambda each: (each.kind, each.name))),
    )


def _modules(kind: str, given: Any) -> list[Module]:
    if isinstance(given, dict):
        pairs = list(given.items())[:_MOST_ITEMS]
        return [
            Module(kind, spoken(str(name)), spoken(status if isinstance(status, str) else "")) for name, status in pairs
        ]
    return [Module(kind, spoken(each), "") for each in _items(given) if isinstance(each, str)]


def _sub_jobs(given: Any) -> tuple[SubJob, ...]:
    if isinstance(given, dict):
        found = []
        for name, each in list(given.items())[:_MOST_ITEMS]:
            told = each if isinstance(each, dict) else {}
            found.append(
                SubJob(
                    _text(told, "ModuleName") or spoken(str(name)),
                    _text(told, "Status"),
                    _text(told, "ModulesStatus", "ModulesPodStatus"),
                    _time(told.get("StartTime")),
                    _time(told.get("EndTime")),
                )
            )
        return tuple(sorted(found, key=lambda each: each.name))
    return tuple(SubJob(spoken(each), "", "") for each in _items(given) if isinstance(each, str))


def _mapping(given: Any, what: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        msg = f"it answers with something that is no {what}"
        raise OddAnswerError(msg)
    if what == "namespace":
        return {str(key).lower(): value for key, value in given.items()}
    return given


def _needed(told: Mapping[str, Any], key: str, what: str) -> str:
    value = _text(told, key)
    if not value:
        msg = f"it tells a {what} without its {key}"
        raise OddAnswerError(msg)
    return value


def _text(told: Mapping[str, Any], *keys: str) -> str:
    """The first of these texts that is there, on one line; empty for what is no text."""
    for key in keys:
        value = told.get(key)
        if isinstance(value, str) and value:
            return spoken(value)
    return ""


def _number(told: Mapping[str, Any], key: str) -> int | None:
    value = told.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _items(given: Any) -> list[Any]:
    return given[:_MOST_ITEMS] if isinstance(given, list) else []


def _time(given: Any) -> datetime | None:
    """A moment with its zone; None for one that is not set."""
    if not isinstance(given, str):
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found if found.tzinfo is not None and found.year > _NEVER else None


def _is_gone(given: Any) -> bool:
    """Whether gorm's DeletedAt says so: a time, or `{Time, Valid}` as its type is written without help."""
    if isinstance(given, dict):
        return given.get("Valid") is True
    return _time(given) is not None
