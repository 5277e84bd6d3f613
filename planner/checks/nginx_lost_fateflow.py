"""nginx does not lead to its own party's FATE-Flow.

Every control message of a peer comes in through nginx. It looks up the name of FATE-Flow when it starts, and never
again: KubeFATE's charts give it the Service `fateflow`, which is nothing but the address of FATE-Flow's pod. So after
FATE-Flow was started again, nginx talks to an address that nobody has, until it is started again itself (components.md
section 0, fact 2). fedplan's own manifests name a Service with an address that stays.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED964]: nginx of party 9999 does not lead to its FATE-Flow: it answers 502
      note: FATE-Flow's pod was started at 12:04:07 UTC, after nginx at 11:50:01 UTC, which knows its earlier address
      hint: start nginx again: `kubectl --namespace fate-9999 rollout restart deployment/nginx`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED964", "nginx_lost_fateflow")


def nginx_lost_fateflow(place: Place, label: str, words: str, remark: str, namespace: str) -> Diagnostic:
    """Say how nginx of a site answers in the place of FATE-Flow; `remark` is a clause that says why, or empty."""
    message = f"nginx of {label} does not lead to its FATE-Flow: {spoken(words)}"
    hint = f"start nginx again: `kubectl --namespace {spoken(namespace)} rollout restart deployment/nginx`"
    return Diagnostic(FAULT, message, place, hint, (Note(spoken(remark)),) if remark else ())
