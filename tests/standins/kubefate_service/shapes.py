"""How rows are marshalled: the keys of Go's structs, in their order, of every generation.

Sources: `pkg/db/{cluster,job,helm_chart}.go` up to v1.4.3, `pkg/modules/{cluster,job,helm_chart,user}.go` after that.
"""

from __future__ import annotations

from typing import Any, Final

from tests.standins.kubefate_service.generations import Generation
from tests.standins.kubefate_service.gotypes import ZERO_TIME
from tests.standins.kubefate_service.store import Row

_GORM: Final = ("ID", "CreatedAt", "UpdatedAt", "DeletedAt")
_CLUSTER: Final = ("revision", "helm_revision", "chart_values", "status")
_ARGUMENTS: Final = ("name", "namespace", "chart_name", "chart_version", "cover", "data")


def cluster(row: Row, generation: Generation, info: dict[str, Any] | None = None) -> dict[str, Any]:
    """A cluster. `Info` is in the answer for one cluster only, and `Spec` is left out when it is empty."""
    if generation.is_mongo:
        return _old_cluster(row, info)
    shown = {key: row[key] for key in ("uuid", "name", "namespaces", "chart_name", "chart_version", "values")}
    if row["Spec"] or info is not None:
        shown["Spec"] = row["Spec"] or {}
    shown |= {key: row[key] for key in _CLUSTER}
    if info is not None:
        shown["Info"] = info
    return shown | {key: row[key] for key in _GORM}


def _old_cluster(row: Row, info: dict[str, Any] | None) -> dict[str, Any]:
    shown = {key: row[key] for key in ("uuid", "name", "namespaces", "revision", "chart_version", "chart_values")}
    shown |= {"values": row["values"], "chart_name": row["chart_name"], "metadata": None, "status": row["status"]}
    if info is not None:
        shown |= {"Config": row["Spec"] or {}, "Info": info}
    return shown


def job(row: Row, generation: Generation) -> dict[str, Any]:
    """A job."""
    shown = {"uuid": row["uuid"], "start_time": row["start_time"], "end_time": row["end_time"] or ZERO_TIME}
    shown["method"] = row["method"]
    if not generation.has_states:
        shown["result"] = "".join(row["states"] or ())
    shown |= {"cluster_id": row["cluster_id"], "creator": row["creator"]}
    if generation.is_mongo:
        return shown | {"sub-jobs": None, "status": row["status"]}
    shown["sub_jobs"] = _sub_jobs(row["sub_jobs"], generation)
    shown |= {"status": row["status"], "time_limit": row["time_limit"]}
    if generation.has_states:
        shown |= {"meta_data": _arguments(row["meta_data"], generation), "states": row["states"]}
    return shown | {key: row[key] for key in _GORM}


def _arguments(arguments: Any, generation: Generation) -> Any:
    if arguments is None:
        return None
    shown = {key: arguments[key] for key in _ARGUMENTS}
    if generation.has_upgrade_manager:
        shown["Keep_upgrade_job"] = arguments.get("Keep_upgrade_job", False)
    return shown


def _sub_jobs(sub_jobs: Any, generation: Generation) -> Any:
    if sub_jobs is None:
        return None
    status = "ModulesStatus" if generation.has_states else "ModulesPodStatus"
    return {
        name: {
            "ModuleName": name,
            "Status": found["Status"],
            status: found["ModulesStatus"],
            "StartTime": found["StartTime"],
            "EndTime": found["EndTime"] or ZERO_TIME,
        }
        for name, found in sorted(sub_jobs.items())
    }


def chart(row: Row, generation: Generation) -> dict[str, Any]:
    """A stored chart, with all of its files."""
    keys = ["uuid", "name", "chart", "values", "values_template"]
    if generation.has_examples:
        keys.append("values_template_example")
    keys += ["templates", "version"]
    if generation.is_mongo:
        return {key: row[key] for key in keys}
    return {key: row[key] for key in (*keys, "app_version", *_GORM)}


def user(row: Row) -> dict[str, Any]:
    """A user, hash and salt included; what is empty is left out."""
    keys = ("uuid", "username", "password", "salt", "email")
    return (
        {key: row[key] for key in keys if row[key]} | {"userStatus": row["status"]} | {key: row[key] for key in _GORM}
    )
