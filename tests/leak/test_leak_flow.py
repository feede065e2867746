import numpy as np
import pytest

from containment.errors import DataError
from containment.leak import flow

ATM_CC = 0.101325  # Pa m^3 of one atm cc


@pytest.mark.parametrize(
    ("bore", "helium", "air"),
    [
        (10e-9, 3.3e-13, 1.2e-13), (50e-9, 4.1e-11, 1.6e-11), (100e-9, 3.3e-10, 1.3e-10), (200e-9, 2.7e-9, 1.1e-9),
        (0.5e-6, 4.5e-8, 1.9e-8), (1e-6, 3.9e-7, 1.9e-7), (2e-6, 3.6e-6, 2.1e-6), (5e-6, 8.0e-5, 5.8e-5),
        (10e-6, 9.6e-4, 8.0e-4),
    ],
)  # fmt: skip
def test_capillary_table(bore, helium, air):
    # table worked beforehand, L = 1 mm, 293 K, 1 atm to vacuum: molecular and viscous flow added, two digits
    for gas, printed in ((flow.HELIUM, helium), (flow.AIR, air)):
        molecular = flow.molecular_capillary(bore, 1e-3, flow.ATMOSPHERE, 293.0, gas)
        total = molecular + flow.viscous_capillary(bore, 1e-3, flow.ATMOSPHERE, 0.0, 293.0, gas)
        step = 10 ** (np.floor(np.log10(printed)) - 1)
        assert total / ATM_CC == pytest.approx(printed, abs=0.6 * step)  # rounding of two digits, viscosity 1 %
        between = flow.capillary(bore, 1e-3, flow.ATMOSPHERE, 0.0, 293.0, gas)
        assert total - 0.2 * molecular <= between <= total  # Knudsen's Z runs from 1 to 1/1.24


@pytest.mark.parametrize(
    ("leak", "bores"),
    [
        (1e-10, (31.0, 67.0, 145.0)), (4.6e-14, (2.4, 5.2, 11.0)), (8.8e-17, (0.3, 0.65, 1.4)),
        (1e-8, (145.0, 313.0, 674.0)),
    ],
)  # fmt: skip
def test_equivalent_bore_table(leak, bores):
    # the closed form of the table is purely molecular; its upper rows are partly viscous, which we include: 2 % at 1e-8
    for length, bore in zip((1e-4, 1e-3, 1e-2), bores, strict=True):
        found = flow.equivalent_bore(leak * ATM_CC, length, 293.0)
        assert found * 1e9 == pytest.approx(bore, rel=0.025)


def test_equivalent_bore_inverts_the_capillary():
    for bore in (1e-9, 1e-7, 1e-5):
        leak = flow.capillary(bore, 1e-3, flow.ATMOSPHERE, 0.0, 293.0, flow.HELIUM)
        assert flow.equivalent_bore(leak, 1e-3, 293.0) == pytest.approx(bore, rel=1e-9)  # bisection to rounding
    assert flow.equivalent_bore(0.0, 1e-3, 293.0) == 0.0
    assert flow.equivalent_bore(1e9, 1e-3, 293.0) == 1e-3


def _transmission_by_integral_equation(ratio, points=900):
    """Diffuse scattering between plates: linear system for the wall impingement (Clausing's method)."""
    x = (np.arange(points) + 0.5) * ratio / points
    edges = np.linspace(0.0, ratio, points + 1)
    seen = 0.5 * (edges[None, :] - x[:, None]) / np.sqrt(1.0 + (edges[None, :] - x[:, None]) ** 2)
    rate = np.linalg.solve(np.eye(points) - np.diff(seen, axis=1), 0.5 * (1.0 - x / np.sqrt(1.0 + x**2)))
    out = 0.5 * (1.0 - (ratio - x) / np.sqrt(1.0 + (ratio - x) ** 2))
    return np.sqrt(1.0 + ratio**2) - ratio + 2.0 * np.sum(rate * out) * ratio / points


@pytest.mark.parametrize(("ratio", "error"), [(0.1, 1e-6), (1.0, 1e-4), (10.0, 2e-3), (100.0, 1e-2), (400.0, 2e-2)])
def test_slot_transmission_against_integral_equation(ratio, error):
    # the formula is variational: its error grows with the ratio and stays below 1-2 %
    assert flow.slot_transmission(ratio) == pytest.approx(_transmission_by_integral_equation(ratio), rel=error)


def test_slot_limits():
    wide = flow.slot(1e-4, 1.0, 3e-3, flow.ATMOSPHERE, 0.0, 293.0, flow.AIR)
    assert wide == pytest.approx(0.73 * 1e-4 * flow.ATMOSPHERE * np.sqrt(8.314462618 * 293 / 28.965e-3), rel=1e-9)
    narrow = [
        flow.slot(gap, 1.0, 3e-3, flow.ATMOSPHERE, 0.0, 293.0, flow.HELIUM) for gap in np.geomspace(1e-9, 1e-3, 60)
    ]
    assert np.all(np.diff(narrow) > 0)
    assert flow.slot(0.0, 1.0, 3e-3, 1e5, 0.0, 293.0, flow.AIR) == 0.0
    back = flow.slot(1e-6, 1.0, 3e-3, 0.0, 1e5, 293.0, flow.AIR)
    assert back == pytest.approx(-flow.slot(1e-6, 1.0, 3e-3, 1e5, 0.0, 293.0, flow.AIR), rel=1e-12)


def test_impossible_paths_are_refused():
    with pytest.raises(DataError, match="longer than wide"):
        flow.capillary(2e-3, 1e-3, 1e5, 0.0, 293.0, flow.AIR)
    with pytest.raises(DataError, match="gap"):
        flow.slot(-1e-6, 1.0, 1e-3, 1e5, 0.0, 293.0, flow.AIR)
    with pytest.raises(DataError, match="leak rate"):
        flow.equivalent_bore(float("nan"), 1e-3, 293.0)
