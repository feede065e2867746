"""US Standard Atmosphere 1976: base values of the printed tables, continuity, and what the factors do."""

import numpy as np
import pytest

from containment.entry import atmosphere, kernel
from containment.entry import standard_atmosphere as standard

# Pressure at the layer bases as printed in NOAA-S/T 76-1562 (geopotential m, Pa)
PRINTED = [(11e3, 22632.06), (20e3, 5474.889), (32e3, 868.0187), (47e3, 110.9063), (51e3, 66.93887), (71e3, 3.956420)]


@pytest.mark.parametrize(("height", "pressure"), PRINTED)
def test_layer_bases_are_the_printed_ones(height, pressure):
    state = standard.lower(standard.geometric(np.array([height])))
    assert state.pressure[0] == pytest.approx(pressure, rel=2e-7)  # seven printed digits


def test_sea_level():
    state = standard.lower(np.array([0.0]))
    assert state.density[0] == pytest.approx(1.2250, abs=5e-5)
    assert state.speed_of_sound[0] == pytest.approx(340.294, abs=5e-4)


def test_both_formulations_meet_at_86_km():
    _, upper = standard.upper_grid()
    lower = standard.lower(np.array([86e3]))
    assert upper.density[0] == pytest.approx(lower.density[0], rel=2e-5)  # the standard's own rounding of its constants


def test_number_densities_at_120_km_are_the_printed_ones():
    z, _ = standard.upper_grid()
    km = z / 1e3
    gravity = standard.GRAVITY * (6356.766 / (6356.766 + km)) ** 2
    number = standard._number_densities(km, standard.upper_temperature(z), standard._upper_slope(km), gravity)
    i = int(np.argmin(np.abs(km - 120)))
    for name, printed in (("N2", 3.726e17), ("O", 9.275e16), ("O2", 4.395e16), ("Ar", 1.366e15), ("He", 3.888e13)):
        assert number[name][i] == pytest.approx(printed, rel=3e-4)  # four printed digits


def test_table_has_no_jump_at_any_node():
    air = atmosphere.us_standard_1976()
    for node in air.nodes[1:-1]:
        below, above = (kernel.density_and_sound(node + d, air)[0] for d in (-1e-3, 1e-3))
        assert above == pytest.approx(below, rel=3e-5)


def test_no_air_above_the_table_and_factors_act_where_they_say():
    air = atmosphere.us_standard_1976()
    assert kernel.density_and_sound(1.2e6, air)[0] == 0.0
    thick = atmosphere.with_factors(air, 1.1, 0.5)
    for altitude, factor in ((1e3, 1.1), (40e3, 1.1), (67e3, 1.1), (95e3, 0.5), (140e3, 0.5), (300e3, 0.5)):
        ratio = kernel.density_and_sound(altitude, thick)[0] / kernel.density_and_sound(altitude, air)[0]
        assert ratio == pytest.approx(factor, rel=1e-9)
