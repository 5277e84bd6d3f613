"""What an operator may look at: where a right is missing, there is nothing to see."""

from __future__ import annotations

from collections.abc import Sequence

from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Document


def visible(
    api: Api, api_version: str, kind: str, namespace: str, deadline: Deadline, *, labels: str = "", fields: str = ""
) -> Sequence[Document]:
    """All objects of a kind in a namespace, as `Api.list` gives them; none where the operator may not look."""
    try:
        return api.list(api_version, kind, namespace, deadline, labels=labels, fields=fields)
    except RefusedError as refusal:
        if refusal.is_forbidden:
            return ()
        raise
