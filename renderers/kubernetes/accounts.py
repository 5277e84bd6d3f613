"""The service accounts that a site's pods run as. They may do nothing, and no pod gets a token of them.

No component of FATE calls the Kubernetes API (reference components.md section 1, `service account`).
"""

from __future__ import annotations

from collections.abc import Sequence

from renderers.kubernetes.component import Component
from renderers.kubernetes.installation import Installation

ORDER = 0


def accounts(halves: Sequence[Installation]) -> Component:
    """One account for each half of a site; a half that shares namespace and name with the other shares its account."""
    found = {
        (half.namespace, half.name): half.object(
            "ServiceAccount", half.name, half.labels("site", "service-account"), automountServiceAccountToken=False
        )
        for half in reversed(halves)
    }
    return Component(ORDER, "site", tuple(reversed(found.values())))
