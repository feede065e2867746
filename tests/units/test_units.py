"""Units at the border."""

from __future__ import annotations

import pytest

from containment.units import UnitError, parse, pleasant


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("25 mm", "m", 0.025),
        ("250 degC", "K", 523.15),
        ("-20 deg", "rad", -0.3490658503988659),
        ("3000 g_0", "m/s^2", 29419.95),
        ("1e-9 Pa*m^3/s", "Pa*m^3/s", 1e-9),
        ("95 %", "", 0.95),
        (0.5, "", 0.5),
        ("808 W/cm^2", "W/m^2", 8.08e6),
    ],
)
def test_text_to_si(text, unit, value):
    assert parse(text, unit)[0] == pytest.approx(value, rel=1e-14)  # rounding of the conversion factor only


@pytest.mark.parametrize("text", ["25 kg", "25", 25, "mm", "25 mm mm", "", None, True, "25 parsecfoot"])
def test_anything_else_is_refused(text):
    with pytest.raises(UnitError):
        parse(text, "m")


def test_spread_of_a_temperature_is_not_an_offset():
    assert parse("15 K", "K", difference=True)[0] == 15.0
    with pytest.raises(UnitError, match="difference"):
        parse("15 degC", "K", difference=True)


def test_pleasant_units():
    assert pleasant(29419.95, "m/s^2") == "3000 g"
    assert pleasant(523.15, "K") == "250 °C"
    assert pleasant(1e-8, "m") == "10 nm"
