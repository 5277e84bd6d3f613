"""No node can take the pods of a workload.

A node selector lets pods onto nodes that carry its labels, and the federation says which. Here no node carries them
all, or those that do are not ready, cordoned, or tainted in a way that the pods do not tolerate. Pods that run go on;
the next one that starts waits for ever.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED994]: no node of cluster bank can take StatefulSet fate-9999/mysql: disk=ssd is wanted
      note: node w1 carries it, and is cordoned
      hint: label a node (`kubectl label node NODE disk=ssd`), make one ready, or change `nodeSelector`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED994", "nodes_not_labelled")


def nodes_not_labelled(
    place: Place, cluster: str, what: str, selector: Mapping[str, str], notes: Sequence[str]
) -> Diagnostic:
    """Say which workload (`StatefulSet fate-9999/mysql`) no node can take; `notes` are about nodes that come near."""
    labels = [spoken(f"{key}={value}") for key, value in sorted(selector.items())]
    wanted = f"{', '.join(labels)} {'is' if len(labels) == 1 else 'are'} wanted"
    message = f"no node of cluster {cluster} can take {spoken(what)}: {wanted}"
    hint = f"label a node (`kubectl label node NODE {' '.join(labels)}`), make one ready, or change `nodeSelector`"
    return Diagnostic(FAULT, message, place, hint, tuple(Note(spoken(note)) for note in notes))
