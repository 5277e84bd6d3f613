"""federation.lock gives one port of a cluster to two sites.

Two branches that each add a party take the same free block, and their lines merge without a conflict. Both parties may
have been applied and told to their peers, so plan does not choose which of the two moves.

Example:

    Branch a adds party 10000 and branch b party 10001, both on cluster bank. After the merge both lines of
    federation.lock name 30101 and 30102:

        "party-10000": {"cluster": "bank", ... "ports": {"fateflowGrpc": 30102, "rollsite": 30101}},
        "party-10001": {"cluster": "bank", ... "ports": {"fateflowGrpc": 30102, "rollsite": 30101}}

    Delete the line of the party that nobody dials yet and run `invoke plan`: it gets new ports.
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import LOCK, Diagnostic, Fault, Note, Place, Span
from planner.ports import Clash, Origin
from planner.subject import Subject
from planner.wording import locked_label

FAULT = Fault("FED312", "lock_conflict")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every two entries of the lock that claim the same ports."""
    clashes: dict[tuple[str, str, str], list[Clash]] = {}
    for problem in subject.allocation.problems:
        if isinstance(problem, Clash) and problem.origin is Origin.LOCK and problem.holder_origin is not Origin.PIN:
            clashes.setdefault((problem.cluster, problem.site, problem.holder), []).append(problem)
    for (cluster, site, holder), problems in clashes.items():
        ports = [str(port) for port in sorted({problem.port for problem in problems})]
        what = f"{'port' if len(ports) == 1 else 'ports'} {', '.join(ports)} of cluster {cluster}"
        if site == holder:
            yield Diagnostic(
                FAULT,
                f"federation.lock gives {what} twice to {locked_label(site)}",
                _place(subject, site, cluster),
                f"delete the line of {locked_label(site)} from federation.lock: plan then gives it new ports",
            )
            continue
        removed = problems[0].holder_origin is Origin.REMOVED
        other = f"{locked_label(holder)}{' (removed)' if removed else ''}"
        yield Diagnostic(
            FAULT,
            f"federation.lock gives {what} to {locked_label(site)} and to {other}",
            _place(subject, site, cluster),
            _removed_hint(holder) if removed else _HINT,
            (Note(f"{locked_label(holder)} has the same here", _place(subject, holder, cluster)),),
        )


_HINT = "delete the line of one of the two from federation.lock: plan then gives that site new ports"


def _removed_hint(holder: str) -> str:
    return f"take {holder} down with `invoke remove`, or plan with `--forget {holder}` if it is gone already"


def _place(subject: Subject, key: str, cluster: str) -> Place:
    entry = subject.lock.entry(key, cluster)
    return Place(document=LOCK, span=Span(1 if entry is None else max(entry.line, 1), 1))
