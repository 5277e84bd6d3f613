"""Which sites an operator means, on which clusters, and in which order they are worked on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import networkx as nx

from planner import site_json
from planner.checks.stale_out import FAULT as STALE
from planner.checks.unknown_context import no_context
from planner.diagnostics import FEDERATION, Diagnostic
from planner.model import Service, party_key
from planner.plan import Plan, PlannedSite
from renderers import out
from renderers.cluster import api
from renderers.cluster.folder import SiteFolder, from_files
from renderers.cluster.handed_over import handed_over, with_charts
from renderers.cluster.places import Places
from renderers.report.excerpt import visible
from renderers.report.located import LocatableDocument
from renderers.verifying import verify
from renderers.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: sites by key, all that are ours, or a folder that was handed over; and the context.

    The context leads to the cluster of the sites that are named, else to that of all. With `everything` all sites are
    meant, and sites may be named for their context.
    With `is_offline` no cluster will be spoken to, so none needs a context. Without `needs_fresh` it does not matter
    that federation.yaml was changed since, or is broken: what stands in `out/` is meant.
    """

    sites: tuple[str, ...] = ()
    everything: bool = False
    folder: str = ""
    context: str = ""
    is_offline: bool = False
    needs_fresh: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """One site with the context that leads to its cluster."""

    folder: SiteFolder
    places: Places
    context: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be worked on, routers first.

    `not_ours` are sites that nothing of this operator leads to, no context and no login (key and why). `usage` says
    what is wrong with the options; `choices` lists the sites to choose from when none was named.
    """

    chosen: tuple[Chosen, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    documents: Mapping[str, LocatableDocument] = field(default_factory=dict)
    plan: Plan | None = None
    not_ours: tuple[tuple[str, str], ...] = ()
    choices: tuple[PlannedSite, ...] = ()
    usage: str = ""
    is_refused: bool = False
    needs_fresh: bool = True

    @property
    def has_errors(self) -> bool:
        """Whether nothing may be done."""
        return any(each.is_error or (self.needs_fresh and each.fault.code == STALE.code) for each in self.diagnostics)


LeftBehind = Callable[[Plan, str], "Chosen | Diagnostic | None"]
"""Finds a site that the plan does not have any more."""


def select(workspace: Workspace, wish: Wish, left_behind: LeftBehind = lambda _plan, _key: None) -> Selection:
    """The sites that are meant, from a plan that is whole, fresh and proved, or from a folder by itself."""
    if wish.folder:
        return _handed_over(wish)
    verified = verify(workspace)
    plan = verified.plan
    base = Selection(
        diagnostics=verified.diagnostics,
        documents=verified.documents,
        plan=plan,
        is_refused=verified.is_refused,
        needs_fresh=wish.needs_fresh,
    )
    if plan is None or base.has_errors:
        return base if wish.needs_fresh else _as_written(workspace, wish, base)
    gone = {key: left_behind(plan, key) for key in wish.sites if key not in plan.by_key}
    unknown = [key for key, found in gone.items() if found is None]
    if unknown:
        return Selection(usage=f"there is no site {visible(unknown[0])} in {workspace.file}")
    base = replace(base, chosen=tuple(found for found in gone.values() if isinstance(found, Chosen)))
    base = replace(
        base,
        diagnostics=(*base.diagnostics, *(found for found in gone.values() if isinstance(found, Diagnostic))),
    )
    if plan.is_scripted:  # nothing is there to talk to
        return base
    return _chosen(workspace, wish, plan, base)


def _chosen(workspace: Workspace, wish: Wish, plan: Plan, base: Selection) -> Selection:
    """The sites of the plan that are meant."""
    if not wish.sites and not wish.everything:
        return replace(base, choices=plan.sites)
    keys = [planned.key for planned in plan.sites] if wish.everything else list(dict.fromkeys(wish.sites))
    wanted = [plan.by_key[key] for key in keys if key in plan.by_key]
    named = [planned for planned in wanted if planned.key in wish.sites] or wanted
    if wish.context and len({planned.cluster.name for planned in named}) > 1:
        return Selection(usage="--context names one cluster, and the sites are on several: take them one by one")
    return _found(workspace, wish, base, wanted)


def _found(workspace: Workspace, wish: Wish, base: Selection, wanted: Sequence[PlannedSite]) -> Selection:
    """The folders of these sites, each with its context."""
    diagnostics = list(base.diagnostics)
    chosen: list[Chosen] = list(base.chosen)
    not_ours: list[tuple[str, str]] = []
    tree = out.read(workspace.out)
    given = getattr(base.documents.get(FEDERATION), "data", None)
    known, broken = ((), "") if wish.is_offline else _contexts()
    for planned in wanted:
        its = wish if not wish.sites or planned.key in wish.sites else replace(wish, context="")
        if wish.everything and not _may_be_ours(its, planned, known):  # its folder, and all that is in it, is not read
            not_ours.append((planned.key, broken or _without_context(its.context or planned.cluster.context)))
            continue
        folder = _folder(tree, planned.key, workspace)
        if isinstance(folder, tuple):
            diagnostics += folder
            continue
        reached = _reached(its, Places(folder, planned, given), known)
        if isinstance(reached, Chosen):
            chosen.append(reached)
        elif wish.everything:
            not_ours.append((planned.key, broken or reached.why))
        else:
            diagnostics.append(reached.diagnostic)
    return replace(base, chosen=in_waves(chosen), diagnostics=tuple(diagnostics), not_ours=tuple(not_ours))


@dataclass(frozen=True, slots=True)
class _NotReached:
    """A site that nothing of this operator leads to: why (a clause), and the finding for who named it."""

    why: str
    diagnostic: Diagnostic


def _reached(wish: Wish, places: Places, known: Sequence[str]) -> Chosen | _NotReached:
    """A site with the context that leads to its cluster; `known` are the names of all that there are.

    Through KubeFATE's service a site is reached without any: then nothing of Kubernetes is looked at. Of all sites
    those are an operator's own whose context is in the kubeconfig, or whose service the operator can log in to.
    """
    folder = places.folder
    context = wish.context or folder.context or ""
    if wish.is_offline:
        return Chosen(folder, places, context)
    if folder.target == "kubefate" and not wish.context and context not in known:
        if not wish.everything or has_login(folder.service, os.environ):
            return Chosen(folder, places, "")
    elif context in known if wish.everything else context:
        return Chosen(folder, places, context)
    paths = ", ".join(str(path) for path in api.kubeconfig_paths())
    return _NotReached(_without_context(context), no_context(places.of_cluster(), folder.cluster, paths, tuple(known)))


def _may_be_ours(wish: Wish, planned: PlannedSite, known: Sequence[str]) -> bool:
    """Whether something of this operator may lead to a site: a context, or KubeFATE's service, which needs none."""
    context = wish.context or planned.cluster.context
    return wish.is_offline or planned.site.target == "kubefate" or context in known


def _without_context(context: str | None) -> str:
    """Why no context leads to a site, as a clause."""
    return f"the kubeconfig has no context {context}" if context else "federation.yaml names no context"


def has_login(service: Service | None, environ: Mapping[str, str]) -> bool:
    """Whether this operator seems to have the password of a KubeFATE service."""
    if service is None:
        return False
    kind, _, name = (service.password or "env:FATECLOUD_USER_PASSWORD").partition(":")
    return name in environ if kind == "env" else kind == "file" and Path(name).exists()


def _as_written(workspace: Workspace, wish: Wish, base: Selection) -> Selection:
    """The sites as they stand in `out/`, whatever federation.yaml says now; `base` tells why they cannot be taken."""
    tree = out.read(workspace.out)
    if isinstance(tree, out.OutProblem):
        return base
    keys = [key for key in tree.files if site_json.NAME in tree.files[key] and (wish.everything or key in wish.sites)]
    if not keys or not set(wish.sites) <= set(keys):
        return base
    chosen: list[Chosen] = []
    known, _ = _contexts()
    diagnostics = [each for each in base.diagnostics if each.fault.code == STALE.code]
    for key in keys:
        folder = _folder(tree, key, workspace)
        if isinstance(folder, tuple):
            diagnostics += folder
            continue
        reached = _reached(replace(wish, everything=False), Places(folder), known)
        if isinstance(reached, Chosen):
            chosen.append(reached)
        else:
            diagnostics.append(reached.diagnostic)
    return Selection(in_waves(chosen), tuple(diagnostics), base.documents, needs_fresh=False)


def _handed_over(wish: Wish) -> Selection:
    """The one site of a folder that stands by itself."""
    folder = handed_over(Path(wish.folder))
    if isinstance(folder, tuple):
        return Selection(diagnostics=folder)
    if wish.sites and wish.sites != (folder.key,):
        return Selection(usage=f"{wish.folder} is the folder of {folder.key}, not of {visible(wish.sites[0])}")
    known, _ = _contexts()
    reached = _reached(wish, Places(folder), known)
    return Selection(chosen=(reached,)) if isinstance(reached, Chosen) else Selection(diagnostics=(reached.diagnostic,))


def in_waves(chosen: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """Sites in an order in which every exchange comes before the sites that dial it; else as they stand."""
    by_key = {each.folder.key: each for each in chosen}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(by_key)
    graph.add_edges_from((after, key) for key, each in by_key.items() for after in each.folder.after if after in by_key)
    if not nx.is_directed_acyclic_graph(graph):  # exchanges that dial each other: neither can wait for the other
        graph.remove_edges_from([(a, b) for a, b in graph.edges if by_key[a].folder.kind == by_key[b].folder.kind])
    order = {key: index for index, key in enumerate(by_key)}
    return tuple(by_key[key] for key in nx.lexicographical_topological_sort(graph, key=order.__getitem__))


def held_back_by(folder: SiteFolder, failed: Sequence[str]) -> str:
    """The site that this one waits for and that failed; empty when there is none."""
    return next((key for key in folder.after if key in failed), "")


def site_keys(parties: Sequence[str], sites: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The keys of the sites that options name, and what is wrong with the options, if anything is."""
    for party in parties:
        if not (party.isascii() and party.isdecimal()):
            return (), f"--party takes a party id, as in 9999, not {visible(party)}"
    return (*(party_key(int(party[:9])) for party in parties), *sites), ""


def _contexts() -> tuple[Sequence[str], str]:
    """The names of the kubeconfig's contexts, or why it cannot be read, as a clause."""
    try:
        return [context.name for context in api.contexts()], ""
    except api.UnknownContextError as error:
        return (), str(error)


def _folder(tree: out.Tree | out.OutProblem, key: str, workspace: Workspace) -> SiteFolder | tuple[Diagnostic, ...]:
    if isinstance(tree, out.OutProblem):
        return () if tree.diagnostic is None else (tree.diagnostic,)
    files: dict[str, bytes] = {}
    for name in tree.files[key]:
        data = tree.read_bytes(key, name)
        if isinstance(data, out.OutProblem):
            return () if data.diagnostic is None else (data.diagnostic,)
        files[name] = data
    folder = from_files(files, key)
    return folder if isinstance(folder, tuple) else with_charts(folder, workspace.file.parent)
