"""The harness from the command line: `python -m tests.cluster.harness build|up|down|status [--level control|node]`.

`build --fate` makes the image of real FATE as well, which is given to a node by the tests that want it.
"""

from __future__ import annotations

import argparse
import sys

from tests.cluster.harness import fate, lifecycle, runs
from tests.cluster.harness.build import build
from tests.cluster.harness.cluster import load
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.level import Level


def main() -> int:
    """Do what was asked; the exit code says whether that worked."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.harness", description=__doc__)
    parser.add_argument("what", choices=["build", "up", "down", "status"])
    parser.add_argument("--level", choices=[level.value for level in Level], help="control is the default of up")
    parser.add_argument("--fate", action="store_true", help="build: also the image of FATE from PyPI")
    parser.add_argument("--run", type=int, help="down: this run only, by its number in status")
    parser.add_argument("--all", action="store_true", help="down: also what processes that died have left behind")
    chosen = parser.parse_args()
    level = Level(chosen.level) if chosen.level else None
    try:
        if chosen.what == "build":
            sys.stdout.write(f"{build(level or Level.CONTROL).folder}\n")
            if chosen.fate:
                sys.stdout.write(f"{fate.build()}\n")
        elif chosen.what == "up":
            sys.stdout.write(f"{lifecycle.up(level or Level.CONTROL, owned=False).kubeconfig}\n")
        elif chosen.what == "down":
            _down(level, chosen.run, everything=chosen.all)
        else:
            sys.stdout.write("".join(f"{line}\n" for line in lifecycle.status()))
    except HarnessError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


def _down(level: Level | None, number: int | None, *, everything: bool) -> None:
    """End what was started from here, and with `everything` what was left behind; a live process keeps its own."""
    for run in runs.every():
        cluster = load(run)
        is_asked_for = number is None or run.name == str(number)
        is_of_level = level is None or cluster is None or cluster.level is level
        if runs.owner(run) is runs.Owner.NOBODY and is_asked_for and is_of_level:
            sys.stderr.write(f"ending {run}\n")
            lifecycle.end(run)
    if everything:
        for run in lifecycle.sweep():
            sys.stderr.write(f"cleaned {run}\n")


if __name__ == "__main__":
    sys.exit(main())
