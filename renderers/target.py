"""The targets: how a site's files are written and read back, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from planner.channels import Channel
from planner.plan import Plan, PlannedSite
from planner.plan_json import SHARED, path_in_out
from renderers import charts, kubecfg, kubefate, script
from renderers.reading import Exposed, Gate, Reading, Remark, Unreadable

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """What every target can do with the files of a site. Both functions are pure.

    `read_back` gives one reading per file that says something about routes.
    """

    render: Callable[[Plan, PlannedSite], Files]
    read_back: Callable[[PlannedSite, Files], Sequence[Reading | Unreadable]]


def _read_charts(planned: PlannedSite, files: Files) -> Sequence[Reading | Unreadable]:
    """The cluster.yaml of a site, and its serving.yaml if it has FATE-Serving."""
    wanted = [kubefate.CLUSTER_FILE]
    if kubefate.SERVING_FILE in files or (planned.serving is not None and planned.site.kind == "party"):
        wanted.append(kubefate.SERVING_FILE)
    return [charts.read(files[name], name) if name in files else Unreadable(name, "it is missing") for name in wanted]


def _write_manifests(plan: Plan, planned: PlannedSite) -> Files:
    from renderers import kubernetes

    return kubernetes.render(plan, planned)


def _read_manifests(_planned: PlannedSite, files: Files) -> Sequence[Reading | Unreadable]:
    from renderers import manifests

    return manifests.read(files)


def _read_script(planned: PlannedSite, files: Files) -> Sequence[Reading | Unreadable]:
    """One site as KubeFATE's script makes it from the one kube.cfg, installed by the runbook's commands."""
    file = script.KUBE_CFG_FILE
    if file not in files:
        return (Unreadable(file, "it is missing"),)
    reading, commands = kubecfg.read_files(files[file], files.get(script.RUNBOOK_FILE, ""))
    if isinstance(reading, tuple):
        return (Unreadable(file, reading[0].message),)
    made = reading.exchange if planned.site.kind == "exchange" else reading.parties.get(planned.id)
    if made is None:
        return (Unreadable(file, f"the script makes no chart for {planned.site.label} of it"),)
    install = commands.installs.get(made.folder)
    if install is None:
        return (Unreadable(script.RUNBOOK_FILE, f"no command installs {made.folder}"),)
    kind = "NodePort" if made.dmz is None else "LoadBalancer"
    path = ("exchangeip",) if made.party is None else ("partyiplist",)
    exposed = (Exposed("proxy", kind, kubecfg.PROXY_PORT, made.node_port, made.dmz, path),)
    remarks = reading.remarks if made is next(iter(reading.parties.values()), None) else ()  # of the file, told once
    return (
        Reading(
            file=file,
            name=install.name,
            namespace=install.namespace,
            party=planned.id if made.party is None else made.party,
            chart="",
            release=commands.release,
            module="proxy",
            modules=planned.modules,
            gates=(Gate(Channel.ROLLSITE, made.table, exposed, path),),
            remarks=tuple(Remark((), remark.message) for remark in remarks),
        ),
    )


_SCRIPT: Final = Target(lambda plan, _: script.render(plan), _read_script)
_KUBEFATE: Final = Target(kubefate.render, _read_charts)
TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "kubefate": _KUBEFATE,
        "helm": _KUBEFATE,
        "kubernetes": Target(_write_manifests, _read_manifests),
    }
)
"""Targets that plan can write; helm takes the same cluster.yaml as KubeFATE's service, through the same template."""


def target_of(planned: PlannedSite) -> Target:
    """The target of a site: the one it names, or the script of the releases that know nothing else."""
    return _SCRIPT if planned.release.is_scripted else TARGETS[planned.site.target]


def document_of(planned: PlannedSite, file: str) -> str:
    """The path of a site's file relative to `out/`; the script's files are one set for the whole federation."""
    return path_in_out(SHARED if planned.release.is_scripted else planned.key, file)
