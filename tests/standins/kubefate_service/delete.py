"""Deleting (`v1.11.2:k8s-deploy/pkg/job/job.go`; service-api.md section 6.3)."""

from __future__ import annotations

from tests.standins.kubefate_service import gotypes
from tests.standins.kubefate_service.install import FAILURES
from tests.standins.kubefate_service.jobs import DELETE, Run, new_job
from tests.standins.kubefate_service.platform import Release
from tests.standins.kubefate_service.process import Process
from tests.standins.kubefate_service.store import Row


def delete(process: Process, identifier: str, creator: str) -> Row:
    """Begin to delete; the job as it was stored. Raises NotFoundError."""
    cluster = process.store.find("clusters", uuid=identifier)
    job = new_job(process, DELETE, creator, identifier, None)
    process.go(lambda: _run(Run(process, job["uuid"]), cluster))
    return job


def _run(run: Run, cluster: Row) -> None:
    """The row goes even when Helm failed; claims of StatefulSets, Secrets and the namespace stay in any case."""
    identifier = cluster["uuid"]
    run.set_job(status="Running")
    run.set_cluster(identifier, status="Deleting")
    try:
        run.process.platform.uninstall(Release(cluster["name"], cluster["namespaces"]))
    except FAILURES as error:
        run.result(str(error))
        status = "Failed"
    else:
        run.result(f"uninstall {run.process.generation.success}")
        status = "Success"
    run.process.check()
    if run.process.generation.is_mongo and status == "Failed":
        run.set_cluster(identifier, status="Running")
    else:
        run.process.store.update("clusters", identifier, status="Deleted")
        run.process.store.delete("clusters", uuid=identifier)
    run.set_job(status=status, end_time=gotypes.now())
