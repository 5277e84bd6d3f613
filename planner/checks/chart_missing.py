"""The chart of a site is not where charts come from.

Charts are taken from the public repository of KubeFATE unless `charts` of federation.yaml or the option `--charts`
names another place: a package (.tgz), a folder with packages or with charts (a clone of KubeFATE will do), or the URL
of a repository. A machine without internet needs the packages on disk.

Example:

    $ invoke apply --party 9999 --charts charts/
    federation.yaml:8:5: error[FED952]: chart fate v1.11.2 is not in charts/: it holds fate v1.10.0
      hint: put its package there, or name the right place with --charts
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED952", "chart_missing")


def chart_missing(place: Place, chart: str, source: str, reason: str) -> Diagnostic:
    """Say that a chart (name and version) is not in a file or folder, and what is there, as a clause."""
    where = "the folder itself" if source in {"", "."} else spoken(source)
    message = f"chart {spoken(chart)} is not in {where}: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "put its package there, or name the right place with --charts")


def not_fetched(place: Place, chart: str, source: str, said: str) -> Diagnostic:
    """Say that a chart cannot be had from a repository, in helm's words."""
    message = f"chart {spoken(chart)} cannot be fetched from {spoken(source)}: {spoken(said)}"
    hint = (
        "download its package where there is internet (the branch gh-pages of KubeFATE has them), and name it with "
        "--charts"
    )
    return Diagnostic(FAULT, message, place, hint)
