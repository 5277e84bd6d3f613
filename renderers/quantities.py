"""Quantities as Kubernetes writes them (`500m`, `2Gi`, `1e3`), exactly.

Source: Kubernetes' API conventions, "Quantity": binary suffixes Ki to Ei, decimal ones n to E, or an exponent.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import Final

_FORM: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([KMGTPE]i|[numkMGTPE]?|[eE][+-]?\d{1,3})")
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_BYTES: Final = ("memory", "storage", "hugepages")


def quantity(value: object) -> Decimal:
    """A quantity as a number. Raises ValueError for what is none."""
    found = _FORM.fullmatch(str(value).strip())
    if found is None:
        msg = f"{str(value)[:60]!r} is no quantity"
        raise ValueError(msg)
    number, suffix = Decimal(found[1]), found[2]
    if suffix in _BINARY:
        return number * Decimal(1024 ** (_BINARY.index(suffix) + 1))
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:]))


def spelled(resource: str, value: Decimal) -> str:
    """An amount of a resource as people write it: `12Gi`, `1500m`, `3`. Bytes are rounded up to tenths."""
    if any(word in resource for word in _BYTES):
        return _bytes(value)
    if value == value.to_integral_value():
        return str(int(value))
    if value * 1000 == (value * 1000).to_integral_value():
        return f"{int(value * 1000)}m"
    return f"{value.normalize():f}"


def _bytes(value: Decimal) -> str:
    for power in range(len(_BINARY), 0, -1):
        unit = Decimal(1024**power)
        if abs(value) >= unit:
            tenths = (value * 10 / unit).to_integral_value(ROUND_CEILING)
            return f"{(tenths / 10).normalize():f}{_BINARY[power - 1]}"
    return str(int(value.to_integral_value(ROUND_CEILING)))
