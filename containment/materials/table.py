"""Tables of material properties: piecewise linear, checked against their range, resampled for compiled kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containment.errors import DataError

Floats = npt.NDArray[np.float64]


def _range_error(owner: str, what: str, unit: str, found: float, low: float, high: float) -> DataError:
    return DataError(
        f"{owner}: found {what} {found:.6g} {unit}, expected {low:.6g} to {high:.6g} {unit} (the range of its table)",
        advice="extend the table from a source, state hold_beyond with a reason in the card, or correct the case",
    )


@dataclass(frozen=True)
class Table:
    """A property over temperature, linear between points.

    temperature: (n,) K, strictly increasing; values: (n,) SI. `holds` names the ends ("below", "above") beyond which
    the card states why the end value may be used (`reason`); otherwise leaving the range raises DataError naming it.
    A property that does not depend on temperature has the same value at both ends of its range.
    """

    owner: str
    temperature: Floats
    values: Floats
    holds: frozenset[str] = frozenset()
    reason: str = ""

    @property
    def low(self) -> float:
        """Lower end of the range, K."""
        return float(self.temperature[0])

    @property
    def high(self) -> float:
        """Upper end of the range, K."""
        return float(self.temperature[-1])

    def __call__(self, temperature: npt.ArrayLike) -> Floats:
        """Values at temperatures (any shape), K. Raises DataError outside the range unless the card holds the ends."""
        asked = np.asarray(temperature, dtype=np.float64)
        self.require(float(np.min(asked)), float(np.max(asked)))
        return np.asarray(np.interp(asked, self.temperature, self.values))

    def slope(self, temperature: npt.ArrayLike) -> Floats:
        """d(value)/dT at temperatures, piecewise constant, 0 beyond the range; same errors as a call."""
        asked = np.asarray(temperature, dtype=np.float64)
        self.require(float(np.min(asked)), float(np.max(asked)))
        slopes = np.concatenate([[0.0], np.diff(self.values) / np.diff(self.temperature), [0.0]])
        return np.asarray(slopes[np.searchsorted(self.temperature, asked, side="right")])

    def require(self, low: float, high: float) -> None:
        """Raise DataError unless temperatures from low to high may be evaluated (NaN never may)."""
        for asked in (low, high):
            below, above = asked < self.low, asked > self.high
            if asked != asked or (below and "below" not in self.holds) or (above and "above" not in self.holds):
                raise _range_error(self.owner, "temperature", "K", asked, self.low, self.high)

    def held_note(self, low: float, high: float) -> str:
        """A sentence for the report when temperatures reach beyond the range, "" otherwise."""
        if self.low <= low and high <= self.high:
            return ""
        return (
            f"{self.owner}: the table ends at {self.low:.4g} and {self.high:.4g} K, the run reached {low:.4g} to "
            f"{high:.4g} K; the end values were held ({self.reason})."
        )

    def integral(self, anchor_temperature: float, anchor_value: float = 0.0) -> Table:
        """The integral over temperature that is `anchor_value` at `anchor_temperature`, exact at its points.

        For a heat capacity: the enthalpy. Between points the integral of a linear function is quadratic, so the points
        are refined to 1 K spacing, where the chord error is (dc/dT) / 8 J/kg, below 1 J/kg for any solid here.
        """
        count = max(2, int(np.ceil(self.high - self.low)) + 1)
        fine = np.union1d(np.linspace(self.low, self.high, count), self.temperature)
        value = np.interp(fine, self.temperature, self.values)
        summed = np.concatenate([[0.0], np.cumsum(0.5 * (value[1:] + value[:-1]) * np.diff(fine))])
        self.require(anchor_temperature, anchor_temperature)
        offset = anchor_value - float(np.interp(anchor_temperature, fine, summed))
        return Table(f"{self.owner} (integral)", fine, summed + offset)

    def resampled(self, step: float, low: float, high: float) -> Uniform:
        """The table on the uniform grid low, low + step, ..., >= high; in a kernel index = (T - low) * inverse_step."""
        count = int(np.ceil((high - low) / step - 1e-9)) + 1
        grid = low + step * np.arange(count)
        self.require(low, min(high, float(grid[-1])))
        return Uniform(low, step, np.interp(grid, self.temperature, self.values))


@dataclass(frozen=True)
class Uniform:
    """Values on a uniform temperature grid starting at `low` with spacing `step`, K."""

    low: float
    step: float
    values: Floats

    @property
    def inverse_step(self) -> float:
        """1 / step: a kernel multiplies instead of dividing."""
        return 1.0 / self.step

    @property
    def high(self) -> float:
        """Last temperature of the grid, K."""
        return self.low + self.step * (len(self.values) - 1)


@dataclass(frozen=True)
class Grid:
    """A gas property over pressure and temperature: (p,) Pa, (t,) K, values (p, t). Linear in ln p and in T."""

    owner: str
    pressure: Floats
    temperature: Floats
    values: Floats

    def at_pressure(self, pressure: float) -> Table:
        """The property over temperature at one pressure, Pa. Raises DataError outside the pressures of the table."""
        low, high = float(self.pressure[0]), float(self.pressure[-1])
        if not low <= pressure <= high:
            raise _range_error(self.owner, "pressure", "Pa", pressure, low, high)
        index, weight = _bracket(np.log(self.pressure), np.log(pressure))
        values = (1.0 - weight) * self.values[index] + weight * self.values[index + 1]
        return Table(self.owner, self.temperature, values)

    def __call__(self, pressure: float, temperature: npt.ArrayLike) -> Floats:
        """Values at one pressure and any temperatures. Raises DataError outside the table."""
        return self.at_pressure(pressure)(temperature)


@dataclass(frozen=True)
class Bprime:
    """Dimensionless carbon removal and wall-gas enthalpy of a surface in equilibrium with its boundary layer.

    pressure: (p,) Pa; gas_rate: (g,) B'g; temperature: (t,) K; char_rate: (p, g, t) B'c; wall_enthalpy: (p, g, t) J/kg.
    Where carbon sublimes without limit no equilibrium exists: both are NaN there and asking for them is an error.
    """

    owner: str
    pressure: Floats
    gas_rate: Floats
    temperature: Floats
    char_rate: Floats
    wall_enthalpy: Floats

    def __call__(self, pressure: float, gas_rate: float, temperature: float) -> tuple[float, float]:
        """(B'c, h_w) at one state: linear in ln p, B'g and T; one pressure in the table means independent of it.

        B'g below the table's first value takes that value's row (the tables begin at 0 or 0.001).
        """
        weights = np.ones((1, 1, 1))
        corner: list[slice] = []
        log_p = np.log(self.pressure)
        axes = (("pressure", "Pa", log_p, np.log(pressure)), ("B'g", "", self.gas_rate, gas_rate))
        for number, (what, unit, axis, asked) in enumerate(
            (*axes, ("temperature", "K", self.temperature, temperature))
        ):
            if len(axis) == 1:
                corner.append(slice(0, 1))
                continue
            asked = max(asked, axis[0]) if what == "B'g" else asked
            if not axis[0] <= asked <= axis[-1]:
                shown = [float(np.exp(v)) if what == "pressure" else float(v) for v in (asked, axis[0], axis[-1])]
                raise _range_error(self.owner, what, unit, *shown)
            index, weight = _bracket(axis, asked)
            corner.append(slice(index, index + 2))
            shape = [1, 1, 1]
            shape[number] = 2
            weights = weights * np.array([1.0 - weight, weight]).reshape(shape)
        box = tuple(corner)
        used = weights > 0  # a corner of no weight may be undefined
        found = [float((weights * np.where(used, v[box], 0.0)).sum()) for v in (self.char_rate, self.wall_enthalpy)]
        if not np.isfinite(found).all():
            raise DataError(
                f"{self.owner}: no equilibrium at p = {pressure:.4g} Pa, B'g = {gas_rate:.4g}, T = {temperature:.5g} K "
                "(carbon sublimes without limit)",
                advice="the wall is hotter than the model allows: reduce the heating or take a table for more pressure",
            )
        return found[0], found[1]


def _bracket(axis: Floats, asked: float) -> tuple[int, float]:
    """Index of the interval that holds `asked` and the weight of its upper end."""
    index = int(np.clip(np.searchsorted(axis, asked, side="right") - 1, 0, len(axis) - 2))
    return index, float((asked - axis[index]) / (axis[index + 1] - axis[index]))
