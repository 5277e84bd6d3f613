"""A Kubernetes with Helm that is none: releases with their history, and workloads that become ready after a while.

Of a spec it takes `modules`: each becomes a Deployment, or a StatefulSet where the charts have one. As with the charts,
the lists of peers and routes are in ConfigMaps: a change of them alone replaces no pod, and pods go on with what they
read at their start. Everything is in one file and timed by the machine's clock, so that it outlives the service.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from tests.standins.kubefate_service.charts import Chart
from tests.standins.kubefate_service.platform import HelmError, Release

STATEFUL: Final = frozenset({"python", "mysql", "nodemanager", "spark-worker", "datanode"})
"""Modules with a StatefulSet since chart v1.9.0."""
ROUTES: Final = frozenset({"partyList", "route_table", "partyId", "exchange", "upstreams", "exchangeList"})
"""Keys that go into ConfigMaps only."""
_HISTORY: Final = 10
"""How many revisions Helm keeps."""


class Fate(StrEnum):
    """What becomes of a workload's pods."""

    READY = "ready"
    NEVER = "never ready"
    NO_PODS = "no pods"
    """Quota or a policy forbids them."""
    DEAD = "dead"
    """They ran, and do no more."""


class MemoryCluster:
    """Plays Helm and Kubernetes."""

    helm_takes: float = 0.0
    """Seconds that every operation of Helm takes."""

    def __init__(self, file: Path, ready_after: float = 0.0) -> None:
        """Open the cluster, or begin one with the namespace `default`; pods are ready after some seconds."""
        self._file = file
        self._lock = threading.RLock()
        self.ready_after = ready_after
        self._data: dict[str, Any] = {"namespaces": {}, "releases": {}, "fates": {}, "failures": [], "done": {}}
        if file.exists():
            self._data = json.loads(file.read_text(encoding="utf-8"))
        else:
            self.add_namespace("default")

    # What a test may do

    def add_namespace(self, name: str) -> None:
        """Make a namespace."""
        with self._lock:
            self._data["namespaces"].setdefault(name, time.time())
            self._save()

    def set_fate(self, workload: str, fate: Fate) -> None:
        """Decide about the pods of the workloads of that name."""
        with self._lock:
            self._data["fates"][workload] = str(fate)
            self._save()

    def fail(self, operation: str, text: str, *, leaves_revision: bool = True, times: int = 1) -> None:
        """Let Helm's next `install`, `upgrade`, `uninstall` or `rollback` fail."""
        with self._lock:
            self._data["failures"] += [[operation, text, leaves_revision]] * times
            self._save()

    def history(self, name: str, namespace: str) -> list[dict[str, Any]]:
        """The revisions of a release: `revision`, `status` and `spec`."""
        with self._lock:
            found: list[dict[str, Any]] = json.loads(json.dumps(self._history(Release(name, namespace))))
            return found

    def live(self, name: str, namespace: str) -> dict[str, Any]:
        """The spec that runs; {} when nothing does."""
        return next((dict(r["spec"]) for r in self.history(name, namespace) if r["status"] == "deployed"), {})

    def read_by_pods(self, name: str, namespace: str) -> dict[str, Any]:
        """The spec that the pods read when they started: an older one after a change of ConfigMaps alone."""
        revisions = self.history(name, namespace)
        return next((dict(r["spec"]) for r in reversed(revisions) if r["pods"]), {})

    # Helm

    def install(self, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        """Write the first revision."""
        with self._changing("install", release, chart, spec):
            if release.namespace not in self._data["namespaces"]:
                text = f'create: failed to create: namespaces "{release.namespace}" not found'
                raise HelmError(text)
            if any(revision["status"] != "uninstalled" for revision in self._history(release)):
                text = "cannot re-use a name that is still in use"
                raise HelmError(text)
            self._append(release, chart, spec)

    def upgrade(self, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        """Write the next revision."""
        with self._changing("upgrade", release, chart, spec):
            if not self._history(release):
                text = f'"{release.name}" has no deployed releases'
                raise HelmError(text)
            self._append(release, chart, spec)

    def uninstall(self, release: Release) -> None:
        """Forget a release."""
        with self._changing("uninstall", release, None, {}):
            if self._data["releases"].pop(_key(release), None) is None:
                text = f"uninstall: Release not loaded: {release.name}: release: not found"
                raise HelmError(text)

    def rollback(self, release: Release, revision: int) -> None:
        """Write an earlier revision again."""
        with self._changing("rollback", release, None, {}):
            history = self._history(release)
            wanted = revision or len(history) - 1
            if not 0 < wanted <= len(history):
                text = f"release has no {wanted} version" if history else "release: not found"
                raise HelmError(text)
            earlier = history[wanted - 1]
            self._append(release, _Named(earlier["chart"], earlier["version"]), earlier["spec"])

    # Kubernetes

    def deployments(self, release: Release) -> dict[str, str]:
        """Deployments keep their old pods until new ones are ready: an update shows nothing."""
        conditions = {Fate.NEVER: "Progressing", Fate.NO_PODS: "ReplicaFailure", Fate.DEAD: "Progressing"}
        with self._lock:
            return {
                workload: conditions.get(fate, "Available" if is_ready else "Progressing")
                for workload, is_stateful, fate, is_ready in self._workloads(release)
                if not is_stateful
            }

    def stateful_sets(self, release: Release) -> dict[str, str]:
        """A StatefulSet without pods has as many ready as it has: none of none (`pkg/service/kube_sts.go`)."""
        with self._lock:
            return {
                workload: "Available" if fate is Fate.NO_PODS or (fate is Fate.READY and is_ready) else "Progressing"
                for workload, is_stateful, fate, is_ready in self._workloads(release)
                if is_stateful
            }

    def containers(self, release: Release) -> dict[str, str]:
        """One container in each pod, of its workload's name."""
        with self._lock:
            return {
                workload: "Running" if fate is Fate.READY and is_ready else "Pending"
                for workload, _, fate, is_ready in self._workloads(release)
                if fate is not Fate.NO_PODS
            }

    def is_job_done(self, namespace: str, name: str) -> bool:  # noqa: ARG002 - there is one Job only
        """Whether the upgrade Job is complete: unless its workload's fate says otherwise."""
        return bool(self._data["fates"].get(name, Fate.READY) == Fate.READY)

    def namespaces(self) -> Sequence[Mapping[str, Any]]:
        """All of them."""
        with self._lock:
            return [
                {"Name": name, "Status": "Active", "Labels": None, "Annotations": None, "Age": _age(made)}
                for name, made in sorted(self._data["namespaces"].items())
            ]

    def node(self) -> str:
        """An address of no machine."""
        return "192.0.2.10"

    def port(self, release: Release) -> int:
        """As the spec asks for."""
        service = self.live(release.name, release.namespace).get("rollsite") or {}
        return int(service.get("nodePort") or 0) if service.get("type") == "NodePort" else 0

    def hosts(self, release: Release) -> list[str]:
        """As the spec asks for."""
        ingress = self.live(release.name, release.namespace).get("ingress") or {}
        return [host["name"] for part in ingress.values() for host in part.get("hosts", ())]

    def log(self, release: Release, container: str) -> str:
        """A line of each container."""
        names = [name for name in self.containers(release) if container in ("", name)]
        prefix = "[{0}-0 {0}] " if len(names) > 1 else ""
        return "".join(f"{prefix.format(name)}{name} is up\n" for name in names)

    # Below

    def _workloads(self, release: Release) -> Iterator[tuple[str, bool, Fate, bool]]:
        revision = next((r for r in self._history(release) if r["status"] == "deployed"), None)
        if revision is None:
            return
        for module, made in revision["workloads"].items():
            fate = Fate(self._data["fates"].get(module, Fate.READY))
            is_stateful = module in STATEFUL and _numbers(revision["version"]) >= (1, 9)
            yield module, is_stateful, fate, time.time() - made >= self.ready_after

    def _append(self, release: Release, chart: Chart | _Named, spec: Mapping[str, Any]) -> None:
        history = self._data["releases"].setdefault(_key(release), [])
        before = next((r for r in history if r["status"] == "deployed"), None)
        made = before["workloads"] if before is not None else {}
        has_new_pods = before is None or _pods(before["spec"]) != _pods(spec) or before["version"] != chart.version
        for revision in history:
            if revision["status"] == "deployed":
                revision["status"] = "superseded"
        history.append(
            {
                "revision": len(history) + 1,
                "status": "deployed",
                "chart": chart.name,
                "version": chart.version,
                "spec": dict(spec),
                "pods": has_new_pods,
                "workloads": {module: made.get(module, time.time()) for module in map(str, spec.get("modules") or ())},
            }
        )

    def _history(self, release: Release) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._data["releases"].get(_key(release), [])
        return found

    def _changing(self, operation: str, release: Release, chart: Chart | None, spec: Mapping[str, Any]) -> _Changing:
        return _Changing(self, operation, release, chart, spec)

    def _fail_if_told(self, operation: str, release: Release, chart: Chart | None, spec: Mapping[str, Any]) -> None:
        for failure in self._data["failures"]:
            if failure[0] == operation:
                self._data["failures"].remove(failure)
                if failure[2] and chart is not None:
                    self._append_failed(release, chart, spec)
                raise HelmError(failure[1], leaves_revision=failure[2])

    def _append_failed(self, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        """A failed revision is in the history; what it wrote before it failed is left out here."""
        history = self._data["releases"].setdefault(_key(release), [])
        failed = {"revision": len(history) + 1, "status": "failed", "chart": chart.name, "version": chart.version}
        history.append({**failed, "spec": dict(spec), "pods": False, "workloads": {}})

    def _save(self) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._data), encoding="utf-8")
        new.replace(self._file)


class _Named:
    """A chart of which only the name counts."""

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.version = version


class _Changing:
    """Holds the cluster while one operation of Helm changes it, and lets it fail when it shall."""

    def __init__(
        self,
        cluster: MemoryCluster,
        operation: str,
        release: Release,
        chart: Chart | None,
        spec: Mapping[str, Any],
    ) -> None:
        self._cluster = cluster
        self._what = (operation, release, chart, spec)

    def __enter__(self) -> None:
        time.sleep(self._cluster.helm_takes)
        self._cluster._lock.acquire()
        try:
            self._cluster._fail_if_told(*self._what)
        except HelmError:
            self._cluster._save()
            self._cluster._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._cluster._save()
        self._cluster._lock.release()


def _pods(spec: Mapping[str, Any]) -> Any:
    """What of a spec is in pods rather than in ConfigMaps."""
    return {key: _without_routes(value) for key, value in spec.items() if key not in ROUTES}


def _without_routes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_routes(item) for key, item in value.items() if key not in ROUTES}
    return value


def _key(release: Release) -> str:
    return f"{release.namespace}/{release.name}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("-")[0].split("."))


def _age(made: float) -> str:
    return f"{int(time.time() - made)}s"
