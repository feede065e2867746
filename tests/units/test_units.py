"""Units at the border."""

from __future__ import annotations

import subprocess
import sys

import pint
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


SI = ("m", "s", "K", "Pa", "W", "J/kg/K", "m/s^2", "N/m", "Pa*m^3/s", "kg/m^3", "1/s", "m^2", "rad", "J/mol")


@pytest.mark.parametrize("si", SI)
@pytest.mark.parametrize("prefix", ["", "n", "u", "m", "k", "M", "G"])
def test_what_is_read_without_pint_is_what_pint_says(si, prefix):
    registry = pint.get_application_registry()
    try:
        expected = registry.Quantity(1.0, prefix + si).to(si).magnitude
    except pint.PintError:
        with pytest.raises(UnitError):
            parse(f"1 {prefix}{si}", si)
    else:
        assert parse(f"1 {prefix}{si}", si)[0] == pytest.approx(expected, rel=1e-14)  # rounding of pint's factor


def test_prefixed_units_do_not_wake_pint():
    code = "import sys; from containment.units import parse; parse('3 kPa', 'Pa'); sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
