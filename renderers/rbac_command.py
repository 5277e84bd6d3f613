"""`invoke rbac`: what an administrator applies so that an operator may work on one site, and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from renderers.cluster.rbac import manifests
from renderers.cluster.selection import Wish, select, site_keys
from renderers.cluster_report import GOOD, USAGE, Teller
from renderers.workspace import workspace

NOTHING: Final = "nothing was printed"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke rbac` as they were given."""

    file: str = "federation.yaml"
    out: str | None = None
    parties: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    folder: str = ""
    user: str = ""
    group: str = ""


def run_rbac(request: Request) -> tuple[str, int]:
    """The manifests as YAML and 0; or the report of what is wrong, and its exit code."""
    space = workspace(request.file, request.out)
    keys, mistake = site_keys(request.parties, request.sites)
    mistake = mistake or ("" if request.folder else space.mistake)
    if request.user and request.group:
        mistake = mistake or "--user and --group name one and the same subject: take one of them"
    if mistake:
        return mistake, USAGE
    selection = select(space, Wish(keys, folder=request.folder, is_offline=True))
    teller = Teller("rbac", "text", space, selection, is_handed_over=bool(request.folder))
    early = teller.early(NOTHING)
    if early is not None:
        return early
    texts = [manifests(each.folder, user=request.user, group=request.group) for each in selection.chosen]
    return "---\n".join(texts), GOOD
