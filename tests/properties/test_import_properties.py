"""Properties of `invoke import`: what plan writes of any valid federation is imported as what it was planned from."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from planner.pipeline import check
from planner.plan import Plan
from renderers.importing.importing import Imported, import_paths
from renderers.planning import render_site
from tests.properties.test_valid_federations import Drawn, federations, scripted_federations

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def imported(plan: Plan) -> Imported:
    """What comes of the files of a plan."""
    render = render_site(plan)
    with TemporaryDirectory() as folder:
        for planned in plan.sites:
            for name, text in render(planned).items():
                shared = planned.release.generation == "script"
                path = Path(folder) / name if shared else Path(folder) / planned.key / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        return import_paths([folder], "again")


def comes_back(drawn: Drawn) -> None:
    """The result can be planned, and reproduces every value.

    Where sites dial others at addresses or ports of their own, files alone need not tell which is the usual one: there
    a value may differ, and a finding says why. So it is behind several OSX exchanges, whose manifests are no
    cluster.yaml: what only they know is missing.
    """
    plan = check(drawn.text).plan
    assert plan is not None
    again = imported(plan)
    assert again.is_plannable
    hidden = [each for each in drawn.data.get("exchanges", ()) if each.get("target") == "kubernetes"]
    if "routes" in drawn.data or len(hidden) > 1:
        assert all(difference.code or difference.reason.name != "UNEXPLAINED" for difference in again.differences)
    else:
        assert again.differences == ()
        assert [each.message for each in again.diagnostics if each.is_error] == []


@QUICK
@given(federations())
def test_a_planned_federation_is_imported_whole(drawn: Drawn) -> None:
    """Of every release, engine and topology."""
    comes_back(drawn)


@pytest.mark.slow
@pytest.mark.timeout(900)
@THOROUGH
@given(federations())
def test_every_planned_federation_is_imported_whole(drawn: Drawn) -> None:
    """The same, thoroughly."""
    comes_back(drawn)


@QUICK
@given(scripted_federations())
def test_a_kube_cfg_is_imported_whole(drawn: Drawn) -> None:
    """Its sites, ports and placement; names, NFS shares and contexts stand in commands that nobody imports."""
    plan = check(drawn.text).plan
    assert plan is not None
    again = imported(plan)
    assert again.is_plannable
    assert again.differences == ()
