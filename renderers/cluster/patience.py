"""How long an operation waits for a cluster before it gives up."""

from __future__ import annotations

from typing import Final

PREPARE_SECONDS: Final = 120.0
"""Seconds in which everything that is only looked at must have answered."""
WRITE_SECONDS: Final = 180.0
"""Seconds in which everything that is written must have been taken."""
