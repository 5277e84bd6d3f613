"""`invoke verify --live`: probes of running sites, FATE's toy example where the guests are, and their serving."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from typing import TextIO

from planner.model import party_key
from planner.plan import Plan
from renderers.cluster.connections import Connections
from renderers.cluster.selection import Wish, select
from renderers.cluster_report import ERRORS, USAGE, Teller, Told
from renderers.live.choice import Request, choose
from renderers.live.display import display_for
from renderers.live.report import NOTHING, exit_code, told
from renderers.live.running import LiveRun, Reachable, tables_of
from renderers.probes.pairs import training_ways
from renderers.probes.serving.inference import Inference, read
from renderers.toy.kept import Kept
from renderers.workspace import workspace

__all__ = ["Request", "run_verify_live"]


def run_verify_live(request: Request, stderr: TextIO | None = None) -> tuple[str, int]:
    """The report and its exit code: 1 when something is not true or failed, 3 when something is unchecked, else 0."""
    space = workspace(request.file, request.out)
    mistake = request.mistake or space.mistake
    if mistake:
        return mistake, USAGE
    named = tuple(party_key(int(each)) for each in request.parties) if request.context else ()
    selection = select(space, Wish(named, everything=True, context=request.context))
    teller = Teller("verify", request.format_name, space, selection)
    early = teller.early(NOTHING)
    if early is not None:
        return early
    plan = selection.plan
    if plan is None:  # `early` has told why
        return teller.report(Told(outcome=NOTHING)), ERRORS
    kept = Kept(space.file, plan.federation.name)
    ways = training_ways(plan, tables_of(plan, space))
    choice = choose(request, plan, kept, ways)
    if isinstance(choice, str):
        return choice, USAGE
    asked = _inference(request, plan, kept)
    if isinstance(asked, str):
        return asked, USAGE
    reachable = Reachable({each.folder.key: each for each in selection.chosen}, dict(selection.not_ours), Connections())
    display = display_for(stderr or sys.stderr or StringIO(), choice.schedule.number)
    run = LiveRun(plan, choice, reachable, ways, kept, display, request.parallel, request.timeout, asked)
    run.carry_out()
    return teller.report(told(run)), exit_code(run)


def _inference(request: Request, plan: Plan, kept: Kept) -> Inference | str | None:
    """The request that serving is to answer, what is wrong with it, or None where none was given.

    The features of one that failed are not kept, so a repetition needs its file.
    """
    failed = kept.inference() if request.failed and request.does("serving") else None
    if not request.inference:
        told = (
            f"--failed: the inference at party {failed} had no good answer: give its --inference, or leave it out with"
        )
        return None if failed is None else f"{told} --only probes or --only toy"
    guests = [*request.parties, *(pair.partition(":")[0] for pair in request.pairs)]
    guests += [] if failed is None else [str(failed)]
    return read(Path(request.inference), plan, tuple(map(int, guests)))
