"""Measured profiles and random air."""

import numpy as np
import pytest

from containment.case.load import load_case
from containment.entry import atmosphere, ensemble, kernel, observe, scatter, setup
from containment.entry import standard_atmosphere as standard
from containment.errors import DataError


def card(tmp_path, rows, header="altitude,temperature,pressure", extra=""):
    (tmp_path / "sonde.csv").write_text("# made for a test\n" + header + "\n" + "\n".join(rows) + "\n")
    path = tmp_path / "sonde.toml"
    path.write_text(f'name = "sonde"\nkind = "profile"\ntable = "sonde.csv"\n{extra}')
    return str(path)


def standard_rows(altitudes):
    state = standard.lower(np.asarray(altitudes, float))
    return [
        f"{h},{t!r},{p!r}"
        for h, t, p in zip(altitudes, state.temperature.tolist(), state.pressure.tolist(), strict=True)
    ]


def test_the_standard_day_as_a_profile_is_the_standard_atmosphere(tmp_path):
    air = atmosphere.load(card(tmp_path, standard_rows(range(1000, 40_001, 500))))
    same = atmosphere.us_standard_1976()
    for altitude in (1300.0, 10_900.0, 25_250.0, 39_999.0, 45_000.0, 70_000.0, 120_000.0):
        ours, theirs = (kernel.density_and_sound(altitude, table) for table in (air, same))
        # curves through levels 500 m apart; beside a corner of the temperature (11.02 km) they cannot know of it
        assert ours[0] == pytest.approx(theirs[0], rel=1e-3 if altitude == 10_900.0 else 5e-5)
        assert ours[1] == pytest.approx(theirs[1], rel=2e-3 if altitude == 10_900.0 else 1e-3)


def test_columns_and_units_are_mapped(tmp_path):
    rows = [
        f"{h / 1000},{15 - 0.0065 * h},{1013.25 * (1 - h * 2.2558e-5) ** 5.2559},10,270" for h in range(0, 9001, 1000)
    ]
    mapping = "".join(
        f'[columns.{name}]\ncolumn = "{column}"\nunit = "{unit}"\n'
        for name, column, unit in (
            ("altitude", "z", "km"),
            ("temperature", "t", "degC"),
            ("pressure", "p", "hPa"),
            ("wind_speed", "v", "m/s"),
            ("wind_from", "d", "deg"),
        )
    )
    air = atmosphere.load(card(tmp_path, rows, "z,t,p,v,d", mapping))
    assert kernel.density_and_sound(0.0, air)[0] == pytest.approx(1.225, rel=1e-3)
    east, north = kernel.wind(4500.0, kernel.air_interval(4500.0, air), air)
    assert (east, north) == (pytest.approx(10.0), pytest.approx(0.0, abs=1e-9))  # a wind from the west blows east


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (standard_rows([1000, 2000, 9000, 10_000, 11_000, 12_000]), "hole from 2000 to 9000 m"),
        (standard_rows([1000, 2000, 2000, 3000, 4000, 5000]), "do not rise above 2000 m"),
        ([*standard_rows(range(1000, 5001, 1000)), "6000,,500"], "temperature: found 'nothing'"),
        ([*standard_rows(range(1000, 5001, 1000)), "6000,nan,500"], "sonde.csv:8: temperature"),
        ([*standard_rows(range(1000, 5001, 1000)), "6000,25,47000"], "found temperature 25 K at 6000 m"),
        (standard_rows([1000, 2000]), "found 2 levels"),
    ],
)
def test_bad_profiles_are_refused(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        atmosphere.load(card(tmp_path, rows))


def test_missing_column_and_missing_file(tmp_path):
    with pytest.raises(DataError, match="neither density nor pressure"):
        atmosphere.load(card(tmp_path, [f"{h},280" for h in range(0, 6000, 1000)], "altitude,temperature"))
    (tmp_path / "b").mkdir()
    path = tmp_path / "b" / "empty.toml"
    path.write_text('kind = "profile"\ntable = "nothing.csv"\n')
    with pytest.raises(DataError, match=r"nothing\.csv"):
        atmosphere.load(str(path))


def test_profile_must_reach_the_ground():
    case = load_case("msr-ees", ['entry.atmosphere="uttr-example"', 'entry.ground_altitude.value="0 m"'])
    with pytest.raises(DataError, match="starts at 1200 m"):
        setup.fly(case.vehicle, case.entry)


def test_shipped_example_blows_the_vehicle_east():
    calm = load_case("msr-ees")
    windy = load_case("msr-ees", ['entry.atmosphere="uttr-example"'])
    a, b = (setup.fly(case.vehicle, case.entry).summary for case in (calm, windy))
    east = (b[observe.LANDING_LONGITUDE] - a[observe.LANDING_LONGITUDE]) * 6.378e6 * np.cos(0.706)
    assert 2e3 < east < 8e3  # 250 s in 3 to 37 m/s
    assert b[observe.LANDING_SPEED] > b[observe.LANDING_VERTICAL_SPEED]


def test_random_air_has_its_stated_statistics():
    field = scatter.of_card(atmosphere.card_of("us-standard-1976"))
    grids = field.grids(4000, 1, "test")
    # standard deviations of 4000 samples are known to 1.1 %; 5 standard errors
    assert grids[:, :, 0].std(axis=0) == pytest.approx(field.density, rel=0.06)
    assert grids[:, :, 1].std(axis=0) == pytest.approx(field.wind, rel=0.06)
    neighbours = np.mean(grids[:, 10, 0] * grids[:, 11, 0]) / (field.density[10] * field.density[11])
    assert neighbours == pytest.approx(np.exp(-2500.0 / field.correlation_length[11]), abs=0.05)
    assert abs(np.mean(grids[:, 10, 0] * grids[:, 10, 1])) < 0.06 * field.density[10] * field.wind[10]


def test_random_air_moves_landings_but_not_the_samples_of_inputs():
    case = load_case("msr-ees")
    held = ["entry.speed", "entry.flight_path_angle"]
    plain = next(ensemble.stream_flights(case, 200, 5, held=held))
    random = next(ensemble.stream_flights(case, 200, 5, held=held, scattered_air=True))
    shared = [path for path in random.values if path in plain.values]
    assert "entry.density_factor" not in random.values and len(shared) > 8
    assert all(np.array_equal(random.values[path], plain.values[path]) for path in shared)
    longitude = observe.LANDING_LONGITUDE
    assert random.summaries[:, longitude].std() > 2 * plain.summaries[:, longitude].std()


def test_air_without_scatter_table_says_so():
    with pytest.raises(DataError, match=r"no \[scatter\] table"):
        scatter.of_card(atmosphere.card_of("uttr-example"))


def gram(tmp_path, mark, order):
    """The standard atmosphere as a GRAM run would write it down."""
    altitude = np.arange(0.0, 86.5, 0.5)[::order]
    table = atmosphere.us_standard_1976()
    rows = []
    for z in altitude:
        density, _, i = kernel.density_and_sound(1e3 * z, table)
        temperature = kernel.air_value(1e3 * z, i, kernel.TEMPERATURE, table)
        rows.append([0.0, z, temperature, density * 287.0529 * temperature, density, 12.0, -3.0])
    header = ["ElapsedTime_s", "Height_km", "Temperature_K", "Pressure_Pa", "Density_kgm3", "EWWind_ms", "NSWind_ms"]
    lines = [mark.join(header), *(mark.join(f"{v:.9g}" for v in row) for row in rows)]
    (tmp_path / "gram.csv").write_text("\n".join(lines))
    card = tmp_path / "gram.toml"
    card.write_text('name = "gram"\nkind = "profile"\nformat = "gram"\ntable = "gram.csv"\n')
    return card


@pytest.mark.parametrize(("mark", "order"), [(",", 1), (";", -1), ("  ", -1)])
def test_gram_output_is_read_as_it_comes(tmp_path, mark, order):
    air, same = atmosphere.load(str(gram(tmp_path, mark, order))), atmosphere.us_standard_1976()
    for altitude in (300.0, 25_000.0, 60_000.0, 120_000.0):
        assert kernel.density_and_sound(altitude, air)[0] == pytest.approx(
            kernel.density_and_sound(altitude, same)[0], rel=1e-4
        )
    assert kernel.wind(10e3, kernel.air_interval(10e3, air), air) == pytest.approx((12.0, -3.0))


def test_unknown_format_is_named(tmp_path):
    card = gram(tmp_path, ",", 1)
    card.write_text(card.read_text().replace('"gram"\ntable', '"merra"\ntable'))
    with pytest.raises(DataError, match="found 'merra', expected gram"):
        atmosphere.load(str(card))


MSIS = """name = "m"\nkind = "nrlmsis"\ndate = "2033-09-20T10:00"\nlatitude = "40 deg"\nlongitude = "-113 deg"
f107 = 150\nf107a = 150\nap = 7\n"""


def test_nrlmsise_is_the_air_of_its_place(tmp_path):
    pytest.importorskip("pymsis")
    (tmp_path / "m.toml").write_text(MSIS)
    air = atmosphere.load(str(tmp_path / "m.toml"))
    # NRLMSISE-00 itself at 100 km
    assert kernel.density_and_sound(100e3, air)[0] == pytest.approx(5.83301642e-7, rel=1e-6)
    # hydrostatic balance at 50 km within the model's own 1 %: dp/dz = -rho g
    pressure = [
        np.exp(kernel.air_value(z, kernel.air_interval(z, air), kernel.LN_PRESSURE, air)) for z in (49.5e3, 50.5e3)
    ]
    density = kernel.density_and_sound(50e3, air)[0]
    assert (pressure[0] - pressure[1]) / 1e3 == pytest.approx(density * 9.65, rel=0.01)
    case = load_case("msr-ees", ['entry.atmosphere="nrlmsise-uttr-example"'])
    standard = setup.fly(*setup.sections(load_case("msr-ees"))).summary[observe.DECELERATION]
    assert setup.fly(case.vehicle, case.entry).summary[observe.DECELERATION] == pytest.approx(standard, rel=0.03)


def test_nrlmsis_without_its_package_or_with_a_bad_card(tmp_path, monkeypatch):
    import sys

    from containment.errors import MissingPartError

    (tmp_path / "a.toml").write_text(MSIS)
    monkeypatch.setitem(sys.modules, "pymsis", None)
    with pytest.raises(MissingPartError, match="pymsis"):
        atmosphere.load(str(tmp_path / "a.toml"))
    for name, card in {"no ap": MSIS.replace("ap = 7\n", ""), "version 3": MSIS + 'version = "3"\n'}.items():
        (tmp_path / f"{name}.toml").write_text(card)
        with pytest.raises(DataError, match=name):
            atmosphere.load(str(tmp_path / f"{name}.toml"))
