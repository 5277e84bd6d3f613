"""Updating (`v1.11.2:k8s-deploy/pkg/job/job.go`, `fate_upgrade_manager.go`; service-api.md section 6.2).

What was derived from the code: a failing upgrade manager leaves the cluster in state Updating; `helm_revision` trails
Helm's number by one, so that the second update that fails is rolled back to the first installation; and rows are
written as gorm writes structs, without their zero values, so that `helm_revision` 1 does not become 0 again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from tests.standins.kubefate_service import gotypes
from tests.standins.kubefate_service.gotypes import PanicError
from tests.standins.kubefate_service.install import FAILURES
from tests.standins.kubefate_service.jobs import UPDATE, Arguments, RefusedError, Run, chart_of, new_cluster, new_job
from tests.standins.kubefate_service.platform import Release
from tests.standins.kubefate_service.process import Process
from tests.standins.kubefate_service.store import Row

MANAGER: Final = "fate-upgrade-manager"
MANAGER_VERSION: Final = "v1.0.0"
MANAGER_JOB: Final = "fate-mysql-upgrade-job"
_OLDEST: Final = (1, 7, 1)


def update(process: Process, arguments: Arguments, creator: str) -> Row:
    """Begin to update; the job as it was stored. Raises RefusedError, or PanicError where Go would."""
    if not process.store.has("clusters", name=arguments.name, namespaces=arguments.namespace):
        words = "Cluster is not existed" if process.generation.has_states else "cluster is not exited"
        text = f"name={arguments.name} {words}"
        raise RefusedError(text)
    old = process.store.find("clusters", name=arguments.name, namespaces=arguments.namespace)
    new = new_cluster(process, arguments)
    _check(process, old, new)
    job = new_job(process, UPDATE, creator, old["uuid"], arguments)
    process.go(lambda: _run(Run(process, job["uuid"]), arguments, old, new))
    return job


def _check(process: Process, old: Row, new: Row) -> None:
    if not process.generation.has_upgrade_manager:
        if all(old[key] == new[key] for key in ("Spec", "chart_name", "chart_version")):
            _refuse("the configuration file did not change")
    elif old["chart_name"] == "fate":
        _check_fate(old["Spec"] or {}, new["Spec"] or {})
    elif process.generation.panics_without_manager:
        raise PanicError


def _check_fate(old: dict[str, Any], new: dict[str, Any]) -> None:
    """The four refusals. They read the copies within the data, and panic when these are no text."""
    names, versions = ([_text(spec, key) for spec in (old, new)] for key in ("chartName", "chartVersion"))
    if names[0] != names[1]:
        _refuse("doesn't support upgrade between different charts")
    if old == new:
        _refuse("the configuration file did not change")
    before, after = map(_numbers, versions)
    if after < before:
        _refuse("using kubefate to downgrade a cluster is not supported yet")
    if versions[0] != versions[1] and before <= _OLDEST:
        _refuse("upgrade from FATE version <= 1.7.1 is not supported by KubeFATE")


def _run(run: Run, arguments: Arguments, old: Row, new: Row) -> None:
    identifier = old["uuid"]
    run.set_job(status="Running")
    run.set_cluster(identifier, status="Updating")
    if run.process.generation.has_upgrade_manager and old["chart_name"] == "fate":
        credentials = _credentials(new["Spec"] or {})
        is_upgrade = _text(old["Spec"], "chartVersion") != _text(new["Spec"], "chartVersion")
        if is_upgrade and not _is_upgraded(run, arguments, credentials | _versions(old, new)):
            run.set_job(status="Failed")
            return  # the cluster stays in state Updating
    run.set_cluster(identifier, values=new["values"], Spec=new["Spec"])
    run.set_cluster(identifier, chart_name=new["chart_name"], chart_version=new["chart_version"])
    revision = old["helm_revision"] + 1
    run.set_cluster(identifier, helm_revision=revision)
    if _is_rolled_out(run, arguments, old, new):
        run.set_cluster(identifier, status="Running", revision=old["revision"] + 1)
        run.set_job(status="Success", end_time=gotypes.now())
        return
    _roll_back(run, arguments, old, revision)
    run.set_job(end_time=gotypes.now())


def _is_rolled_out(run: Run, arguments: Arguments, old: Row, new: Row) -> bool:
    """Upgrade, and look until all is well; the first look is at once, before any controller has acted."""
    process = run.process
    try:
        chart = chart_of(process, arguments.chart_name, arguments.chart_version)
        process.platform.upgrade(arguments.release, chart, new["Spec"] or {})
    except FAILURES as error:
        run.result(f"UPGRADE FAILED: {error}")
        return False
    run.result(f"Cluster update {process.generation.success}")
    while not run.look(arguments.release):
        if run.is_abandoned(old):
            process.forever()
        if run.is_timed_out():
            run.result("Checkout Cluster status timeOut!")
            return False
        process.pause(process.pace.update_pause)
    return True


def _roll_back(run: Run, arguments: Arguments, old: Row, revision: int) -> None:
    """Put the spec back, and roll back to `helm_revision-1`; chart name and version stay the new ones."""
    identifier = old["uuid"]
    run.set_cluster(identifier, values=old["values"], Spec=old["Spec"], status="Rollback")
    try:
        run.process.platform.rollback(arguments.release, revision - 1)
    except FAILURES as error:
        run.result(f"UPGRADE FAILED: {error}")
        run.set_job(status="Failed")
    else:
        run.result(f"Cluster run rollback {run.process.generation.success}")
        run.set_job(status="Rollback")
    if revision > 1:
        run.set_cluster(identifier, helm_revision=revision - 1)


def _is_upgraded(run: Run, arguments: Arguments, spec: dict[str, Any]) -> bool:
    """Let the upgrade manager change the database. Its release has a fixed name: one for each namespace."""
    process, release = run.process, Release(MANAGER, arguments.namespace)
    try:
        chart = chart_of(process, MANAGER, MANAGER_VERSION)
        process.platform.install(release, chart, spec)
    except FAILURES:
        return False
    is_done = False
    for _ in range(process.pace.upgrade_rounds):
        is_done = process.platform.is_job_done(arguments.namespace, MANAGER_JOB)
        if is_done:
            break
        process.pause(process.pace.upgrade_pause)
    if not arguments.keep_upgrade_job:
        with suppress(*FAILURES):
            process.platform.uninstall(release)
    return is_done


def _credentials(spec: dict[str, Any]) -> dict[str, Any]:
    """The user of MySQL, which must be text: another type, or no `mysql` at all, ends the process."""
    mysql = spec.get("mysql")
    if not isinstance(mysql, dict):
        raise PanicError
    user, password = mysql.get("user"), mysql.get("password")
    for value in (user, password):
        if value is not None and not isinstance(value, str):
            raise PanicError
    return {"username": "fate" if user is None else user, "password": "fate_dev" if password is None else password}


def _versions(old: Row, new: Row) -> dict[str, str]:
    pairs = (("start", old), ("target", new))
    return {key: _text(row["Spec"], "chartVersion").replace("v", "") for key, row in pairs}


def _text(spec: dict[str, Any], key: str) -> str:
    """A type assertion of Go."""
    value = spec.get(key)
    if not isinstance(value, str):
        raise PanicError
    return value


def _numbers(version: str) -> tuple[int, ...]:
    """A version of hashicorp/go-version; what is none is nil, which is dereferenced."""
    try:
        return tuple(int(part) for part in version.removeprefix("v").split("-")[0].split("."))
    except ValueError:
        raise PanicError from None


def _refuse(text: str) -> None:
    raise RefusedError(text)
