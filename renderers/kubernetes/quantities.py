"""Kubernetes' quantities, as far as a configuration file must repeat one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING
from typing import Any

from renderers.quantities import quantity


def cpu_limit(settings: Mapping[str, Any]) -> int | None:
    """The CPU limit of a component's settings in whole cores, rounded up; None where there is none."""
    limit = settings.get("resources", {}).get("limits", {}).get("cpu")
    return None if limit is None else int(quantity(limit).to_integral_value(ROUND_CEILING))
