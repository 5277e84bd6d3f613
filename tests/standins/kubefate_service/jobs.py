"""What all jobs share: their rows, events and sub-jobs (`pkg/modules/job.go`, `pkg/job/job.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.standins.kubefate_service import charts, gotypes
from tests.standins.kubefate_service.charts import Chart, ChartError
from tests.standins.kubefate_service.platform import Release
from tests.standins.kubefate_service.process import Process
from tests.standins.kubefate_service.store import NotFoundError, Row

INSTALL: Final = "ClusterInstall"
UPDATE: Final = "ClusterUpdate"
DELETE: Final = "ClusterDelete"


class RefusedError(Exception):
    """Why a request is refused, in the service's words."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a client sends to install or update; `data` is the base64 text, `raw` what it says."""

    name: str
    namespace: str
    chart_name: str
    chart_version: str
    cover: bool
    data: str | None
    raw: bytes
    keep_upgrade_job: bool

    @property
    def stored(self) -> dict[str, Any]:
        """As a job keeps them."""
        return {
            "name": self.name,
            "namespace": self.namespace,
            "chart_name": self.chart_name,
            "chart_version": self.chart_version,
            "cover": self.cover,
            "data": self.data,
            "Keep_upgrade_job": self.keep_upgrade_job,
        }

    @property
    def release(self) -> Release:
        """The release that it is about."""
        return Release(self.name, self.namespace)


def new_cluster(process: Process, arguments: Arguments) -> Row:
    """The row of a cluster that is not stored yet; raises RefusedError when its data cannot be read."""
    return {
        "name": arguments.name,
        "namespaces": arguments.namespace,
        "chart_name": arguments.chart_name,
        "chart_version": arguments.chart_version,
        "values": arguments.raw.decode(errors="replace"),
        "Spec": spec_of(arguments.raw),
        "revision": 0,
        "helm_revision": 0,
        "chart_values": None,
        "status": "Creating" if process.generation.is_mongo else "Pending",
    }


def spec_of(raw: bytes) -> dict[str, Any] | None:
    """What sigs.k8s.io/yaml makes of it: YAML to JSON, in which every number is a float64."""
    try:
        found = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        text = f"error converting YAML to JSON: yaml: {' '.join(str(error).split())}"
        raise RefusedError(text) from None
    if found is None:
        return None
    if not isinstance(found, dict):
        text = (
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
            f"{'array' if isinstance(found, list) else 'string'} into Go value of type modules.MapStringInterface"
        )
        raise RefusedError(text)
    spec: dict[str, Any] = _keys_as_text(found)
    return spec


def _keys_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _keys_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_keys_as_text(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def new_job(process: Process, method: str, creator: str, cluster_id: str, arguments: Arguments | None) -> Row:
    """Store a job that is to begin."""
    return process.store.insert(
        "jobs",
        {
            "start_time": gotypes.now(),
            "end_time": None,
            "method": method,
            "cluster_id": cluster_id,
            "creator": creator,
            "sub_jobs": None,
            "status": "Pending",
            "time_limit": int(process.pace.time_limit * gotypes.NANOSECONDS),
            "meta_data": arguments.stored if arguments is not None else None,
            "states": None,
        },
    )


@dataclass(frozen=True, slots=True)
class Run:
    """A job while it runs. Writing to a row that was deleted meanwhile does nothing, as an SQL update does."""

    process: Process
    job: str

    def set_job(self, **values: Any) -> None:
        """Set values of the job."""
        self.process.check()
        self.process.store.change("jobs", self.job, lambda row: row.update(values))

    def event(self, text: str, *, is_last: bool = False) -> None:
        """Add an event, or write the last one anew."""

        def add(row: Row) -> None:
            states = row["states"] or []
            row["states"] = [*(states[:-1] if is_last else states), text]

        self.process.check()
        self.process.store.change("jobs", self.job, add)

    def result(self, text: str) -> None:
        """Say how it went: one more event, or before v1.3.0 the one result."""
        if self.process.generation.has_states:
            self.event(text)
        else:
            self.set_job(states=[text])

    def set_cluster(self, identifier: str, **values: Any) -> None:
        """Set values of a cluster."""
        self.process.check()
        self.process.store.change("clusters", identifier, lambda row: row.update(values))

    def is_timed_out(self) -> bool:
        """Whether the job is older than its limit."""
        try:
            started = self.process.store.find("jobs", uuid=self.job)["start_time"]
        except NotFoundError:
            return False
        return gotypes.seconds_since(started) > self.process.pace.time_limit

    def is_abandoned(self, cluster: Row) -> bool:
        """Whether the cluster's row or the job's is gone."""
        store = self.process.store
        there = store.has("clusters", name=cluster["name"], namespaces=cluster["namespaces"])
        return not there or not store.has("jobs", uuid=self.job)

    def look(self, release: Release) -> bool:
        """Write the sub-jobs; whether all of them are well. Nothing there is not well."""
        found = statuses(self.process, release)

        def write(row: Row) -> None:
            row["sub_jobs"] = _sub_jobs(row, found)

        self.process.check()
        self.process.store.change("jobs", self.job, write)
        return bool(found) and all(status in ("Available", "Running") for status in found.values())


def statuses(process: Process, release: Release) -> dict[str, str]:
    """What decides whether a release runs: pods at first, then Deployments, since v1.9.0 StatefulSets too."""
    if not process.generation.has_states:
        return process.platform.containers(release)
    found = process.platform.deployments(release)
    return found | process.platform.stateful_sets(release) if process.generation.has_examples else found


def _sub_jobs(row: Row, found: Mapping[str, str]) -> dict[str, Any]:
    known: dict[str, Any] = dict(row["sub_jobs"] or {})
    for name, status in found.items():
        is_well = status in ("Available", "Running")
        sub_job = known.get(name) or {"StartTime": row["start_time"], "EndTime": None}
        sub_job |= {"Status": "Success" if is_well else "Running", "ModulesStatus": status}
        if is_well and sub_job["EndTime"] is None:
            sub_job["EndTime"] = gotypes.now()
        known[name] = sub_job
    return known


def chart_of(process: Process, name: str, version: str) -> Chart:
    """The chart out of the database, or downloaded and stored; raises ChartError."""
    store = process.store
    try:
        return charts.stored(store.find("charts", name=name, version=version))
    except NotFoundError:
        chart = process.repository.download(name, version)
    if process.generation.has_one_chart_a_version and store.has("charts", version=version):
        text = f"helmChart already exists, version = {version}"
        raise ChartError(text)
    store.insert("charts", chart.row)
    return chart
