"""Values of a case in words."""

from __future__ import annotations

from containment.case.values import WITH_UNIT, Quantity
from containment.units import show


def distribution(quantity: Quantity) -> str:
    """A distribution with its parameters, in the unit the value was written in."""
    spread = quantity.uncertainty
    if spread is None:
        return ""

    def text(key: str, value: float) -> str:
        offset = quantity.unit in ("degC", "degF")
        unit = quantity.si_unit if offset else quantity.unit
        return f"{key} {show(value, quantity.si_unit, unit) if key in WITH_UNIT else f'{value:.4g}'}"

    return f"{spread.distribution} ({', '.join(text(k, v) for k, v in spread.parameters.items())})"
