"""Installing (`v1.11.2:k8s-deploy/pkg/job/cluster_install.go`; service-api.md section 6.1)."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from tests.standins.kubefate_service import gotypes
from tests.standins.kubefate_service.charts import ChartError
from tests.standins.kubefate_service.jobs import INSTALL, Arguments, RefusedError, Run, chart_of, new_cluster, new_job
from tests.standins.kubefate_service.platform import HelmError, KubernetesError
from tests.standins.kubefate_service.process import Process
from tests.standins.kubefate_service.store import NotFoundError, Row

FAILURES: Final = (HelmError, KubernetesError, ChartError)
"""What Helm's side of a job raises; where it is suppressed, the service writes it into its log, and goes on."""


def install(process: Process, arguments: Arguments, creator: str) -> Row:
    """Begin to install; the job as it was stored. Raises RefusedError."""
    if process.generation.has_states:
        _check(process, arguments)
        job = new_job(process, INSTALL, creator, "", arguments)
        process.go(lambda: _run(Run(process, job["uuid"]), arguments))
        return job
    if process.store.has("clusters", name=arguments.name, namespaces=arguments.namespace):
        text = f"name={arguments.name} cluster is exited"
        raise RefusedError(text)
    cluster = process.store.insert("clusters", new_cluster(process, arguments))
    job = new_job(process, INSTALL, creator, cluster["uuid"], arguments)
    process.go(lambda: _run_early(Run(process, job["uuid"]), arguments, cluster))
    return job


def stop(process: Process, identifier: str) -> None:
    """Ask a job to stop (`pkg/job/stop.go`); raises RefusedError."""
    try:
        job = process.store.find("jobs", uuid=identifier)
    except NotFoundError as error:
        text = f"get job by jobID error, please check job ID, {error}"
        raise RefusedError(text) from None
    if job["method"] != INSTALL:
        text = f"{job['method']} type jobs do not support stop"
        raise RefusedError(text)
    if job["status"] != "Running":
        text = f"job status is {job['status']}, not support stop"
        raise RefusedError(text)
    process.store.update("jobs", identifier, status="Stopping")


def _check(process: Process, arguments: Arguments) -> None:
    """Only the database is asked; and an empty chart name is told as an empty version."""
    if not arguments.chart_version or not arguments.chart_name:
        text = "chartVersion cannot be empty"
        raise RefusedError(text)
    if process.store.has("clusters", name=arguments.name, namespaces=arguments.namespace):
        text = f"name={arguments.name} & namespace={arguments.namespace} Cluster already existed"
        raise RefusedError(text)


def _run(run: Run, arguments: Arguments) -> None:
    """The job. Where it ends early without a word, it stays in the state that it was in."""
    run.set_job(status="Running")
    run.event("update job status to Running")
    try:
        cluster = _create(run, arguments)
    except RefusedError as error:
        run.event(f"create Cluster error, {error}")
        return
    run.event("create Cluster in DB Success")
    try:
        _helm_install(run, arguments)
    except FAILURES as error:
        run.set_job(status="Failed")
        _clean(run, cluster, arguments)
        run.event(f"helm install error, {error}")
        return
    run.set_job(status="Running")
    run.event("helm install Success")
    run.event("checkout Cluster status [0]")
    turn = 1
    while not _is_ended(run, arguments, cluster, turn):
        turn += 1
        run.process.pause(run.process.pace.install_pause)


def _create(run: Run, arguments: Arguments) -> Row:
    store = run.process.store
    row = new_cluster(run.process, arguments)
    if store.has("clusters", name=arguments.name, namespaces=arguments.namespace):
        text = f"cluster already exists in database, name = {arguments.name}, namespace={arguments.namespace}"
        raise RefusedError(text)
    cluster = store.insert("clusters", row)
    run.set_cluster(cluster["uuid"], status="Creating")
    run.set_job(cluster_id=cluster["uuid"])
    return cluster


def _helm_install(run: Run, arguments: Arguments) -> None:
    platform = run.process.platform
    if arguments.cover:
        with suppress(*FAILURES):
            platform.uninstall(arguments.release)
        run.event("overwrite current installation")
    chart = chart_of(run.process, arguments.chart_name, arguments.chart_version)
    run.process.check()
    platform.install(arguments.release, chart, spec_or_nothing(run, arguments))


def spec_or_nothing(run: Run, arguments: Arguments) -> dict[str, object]:
    """The spec that is stored for the arguments' release."""
    row = run.process.store.find("clusters", name=arguments.name, namespaces=arguments.namespace)
    return row["Spec"] or {}


def _is_ended(run: Run, arguments: Arguments, cluster: Row, turn: int) -> bool:
    """One look at the cluster. The order of the questions is the code's."""
    run.event(f"checkout Cluster status [{turn}]", is_last=True)
    try:
        job = run.process.store.find("jobs", uuid=run.job)
    except NotFoundError:
        return True  # the cluster stays in state Creating
    if run.is_timed_out():
        run.event("checkout Cluster status timeOut!")
        run.set_job(status="Failed")
        _clean(run, cluster, arguments)
        return True
    if job["status"] == "Stopping":
        _clean(run, cluster, arguments)
        run.event("job stopped")
        run.set_job(status="Canceled")
        return True
    if run.is_abandoned(cluster):
        _clean(run, cluster, arguments)
        run.event("Cluster delete")
        run.set_job(status="Failed")
        return True
    if run.look(arguments.release):
        run.event("job run Success")
        run.set_cluster(cluster["uuid"], status="Running", revision=1)
        run.set_job(status="Success", end_time=gotypes.now())
        return True
    return False


def _clean(run: Run, cluster: Row, arguments: Arguments) -> None:
    """Delete the row, and what Helm installed. The end time of the job is not set."""
    run.process.check()
    run.process.store.update("clusters", cluster["uuid"], status="Deleted")
    run.process.store.delete("clusters", uuid=cluster["uuid"])
    with suppress(*FAILURES):
        run.process.platform.uninstall(arguments.release)


def _run_early(run: Run, arguments: Arguments, cluster: Row) -> None:
    """The job up to service v1.2.0: it has one result, and no way to stop it."""
    run.set_job(status="Running")
    run.set_cluster(cluster["uuid"], status="Creating")
    try:
        _helm_install_early(run, arguments)
    except FAILURES as error:
        run.result(str(error))
        _fail_early(run, cluster, arguments)
        return
    run.result("Cluster install success")
    while not run.look(arguments.release):
        if run.is_abandoned(cluster):
            run.set_job(status="Canceled", states=["Job canceled"], end_time=gotypes.now())
            return
        if run.is_timed_out():
            run.result("Checkout cluster status timeOut!")
            _fail_early(run, cluster, arguments)
            return
        run.process.pause(run.process.pace.install_pause)
    run.set_cluster(cluster["uuid"], status="Running", revision=1)
    run.set_job(status="Success", end_time=gotypes.now())


def _helm_install_early(run: Run, arguments: Arguments) -> None:
    if arguments.cover:
        with suppress(*FAILURES):
            run.process.platform.uninstall(arguments.release)
    chart = chart_of(run.process, arguments.chart_name, arguments.chart_version)
    run.process.platform.install(arguments.release, chart, spec_or_nothing(run, arguments))


def _fail_early(run: Run, cluster: Row, arguments: Arguments) -> None:
    run.set_job(status="Failed")
    _clean(run, cluster, arguments)
    run.set_job(end_time=gotypes.now())
