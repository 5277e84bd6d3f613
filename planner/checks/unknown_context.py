"""No kubeconfig context leads to the cluster.

A context names a cluster and a login. federation.yaml names it at the cluster (`context`), or `--context` does; where
both are silent nothing is guessed, not even the kubeconfig's current context, which may lead to somebody else's
cluster.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:54: error[FED902]: cluster bank has context bank-prod, which ~/.kube/config does not have
      hint: write one of bank-test, shop-prod, or name another kubeconfig with KUBECONFIG
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import MOST_KNOWN, spoken

FAULT = Fault("FED902", "unknown_context")


def unknown_context(place: Place, cluster: str, context: str, kubeconfig: str, known: tuple[str, ...]) -> Diagnostic:
    """Say that the kubeconfig (its path, or why it is unusable) has no such context; `known` are those it has."""
    message = f"cluster {cluster} has context {spoken(context)}, which {spoken(kubeconfig)} does not have"
    return Diagnostic(FAULT, message, place, _hint(known))


def no_context(place: Place, cluster: str, kubeconfig: str, known: tuple[str, ...]) -> Diagnostic:
    """Say that neither the file nor an option names a context."""
    message = f"nothing says which context of {spoken(kubeconfig)} leads to cluster {cluster}"
    names = ", ".join(spoken(name) for name in known[:MOST_KNOWN])
    hint = "give --context, or write `context` at the cluster"
    return Diagnostic(FAULT, message, place, f"{hint}: the kubeconfig has {names}" if names else hint)


def broken_kubeconfig(place: Place, kubeconfig: str, reason: str) -> Diagnostic:
    """Say that the kubeconfig itself cannot be used."""
    message = f"{spoken(kubeconfig)} cannot be used as a kubeconfig: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "mend it, or name another one with KUBECONFIG")


def _hint(known: tuple[str, ...]) -> str:
    names = ", ".join(spoken(name) for name in known[:MOST_KNOWN])
    write = f"write one of {names}, or " if len(known) > 1 else f"write {names}, or " if known else ""
    return f"{write}name another kubeconfig with KUBECONFIG"
