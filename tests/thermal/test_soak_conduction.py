"""Two-dimensional conduction: benchmarks, energy account, refusals."""

import dataclasses

import numpy as np
import pytest

from containment.errors import DataError, SolverError
from containment.meshing.mesh import SectionMesh
from containment.thermal.soak_cavity import cavity
from containment.thermal.soak_conduction import SectionConduction, SurfaceExchange
from containment.thermal.soak_kernel import SIGMA as STEFAN_BOLTZMANN
from containment.thermal.soak_march import graded_times, march
from containment.thermal.soak_properties import (
    Conductor,
    Filling,
    compressed,
    constant,
    layered,
    property_grid,
    reached,
)
from containment.verification import bench_calculix, bench_soak_codes, bench_soak_orders, soak
from containment.verification.bench_sections import rectangle

RAMP = Conductor("ramp", np.array([200.0, 1000.0]), np.array([2e6, 6e6]), np.array([10.0, 50.0]))


def still(time, temperature):
    """Surroundings that do not change."""


def test_every_benchmark_of_the_soak_passes(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)  # CalculiX takes half a minute; it has a slow test
    items = list(soak.items())
    assert not [f"{i.name}: {i.ours:g} against {i.reference:g}" for i in items if i.ok is False]
    assert [i.name for i in items if i.ok is None] == ["soak.calculix-cax6"]


@pytest.mark.slow
@pytest.mark.skipif(not bench_calculix.available(), reason="CalculiX (ccx) is not on this machine")
def test_calculix_agrees():
    assert all(item.ok for item in bench_soak_codes.calculix())


def test_a_wrong_conductivity_is_seen_by_the_manufactured_solution():
    wrong = Conductor("wrong", RAMP.temperature, RAMP.capacity, 1.05 * RAMP.conductivity)
    errors = [bench_soak_orders.error(n, 2 * n, plane=False, material=wrong) for n in (8, 16)]
    assert errors[1] > 0.5 * errors[0]  # second order would give a quarter


def test_closed_vessel_keeps_its_energy_whatever_the_properties():
    section = rectangle(6, 6)
    system = soak.conduction(section, RAMP)
    start = 300.0 + 600.0 * section.points[:, 1]
    end, record = march(system, start, np.linspace(0.0, 5e3, 6), still)
    before, after = system.stored(start).sum(), system.stored(end).sum()
    assert after == pytest.approx(before, rel=1e-9)  # the Newton tolerance of 1e-6 K
    assert np.ptp(end) < np.ptp(start)
    assert record.account.entered < 1e-6 * before


def test_sudden_contact_does_not_ring():
    section = rectangle(4, 12, r=(0.0, 0.1), z=(0.0, 0.3))
    system = soak.conduction(section, constant("block", 2e6, 1.0), "bottom")
    system.set_exchange("bottom", SurfaceExchange(contact=1e5, contact_temperature=700.0, contact_height=0.01))
    end, _ = march(system, np.full(len(section.points), 300.0), np.linspace(0.0, 5.0, 6), still)
    assert end.min() >= 300.0 - 1e-6  # tolerance of the iteration: nothing ahead of the front cools
    assert end.max() <= 700.0 + 0.005 * 400.0  # SDIRK2 is not monotone, but damps a jump in its first step


def test_contact_ends_at_its_height():
    section = rectangle(2, 10, r=(0.0, 0.1), z=(0.0, 1.0))
    system = soak.conduction(section, constant("block", 2e6, 1.0), "outer")
    system.set_exchange("outer", SurfaceExchange(contact=100.0, contact_temperature=400.0, contact_height=0.35))
    end, _ = march(system, np.full(len(section.points), 300.0), np.array([0.0, 100.0]), still)
    outer = section.points[:, 0] == 0.1
    z = section.points[:, 1]
    assert end[outer & (z < 0.3)].min() > 300.1
    assert end[outer & (z > 0.65)].max() < 300.001


def test_a_crushed_body_on_its_old_mesh_is_the_thinner_and_denser_one():
    """Heat through a column pushed together to 40 %, on the mesh before it and on a mesh of the new height."""
    left, ends = 0.4, []
    for height, capacity, conductivity in ((0.1, 2e6, 1.0), (0.1 * left, 2e6 / left, 1.0 / left)):
        section = rectangle(4, 12, r=(0.0, 0.1), z=(0.0, height))
        system = soak.conduction(section, constant("foam", capacity, conductivity), "bottom", tolerance=1e-7)
        if height == 0.1:
            everywhere = np.ones(len(section.triangles), dtype=bool)
            system.deform(compressed(system.filling.stretch, everywhere, 1.0 - left))
        system.set_exchange("bottom", SurfaceExchange(film=200.0, film_temperature=700.0))
        end, record = march(system, np.full(len(section.points), 300.0), np.linspace(0.0, 400.0, 9), still)
        ends.append(end)
        assert record.account.closure < 1e-8
    assert np.ptp(ends[1]) > 100.0
    assert np.abs(ends[0] - ends[1]).max() < 1e-5  # the tolerance of the iteration over 16 stages


def test_imposed_nodes_enter_the_account():
    section = rectangle(4, 4)
    system = soak.conduction(section, RAMP, tolerance=1e-6)
    hot = section.facet_nodes("top")
    system.fix(hot)
    start = np.full(len(section.points), 300.0)
    _, record = march(
        system, start, np.linspace(0.0, 4e3, 9), still, imposed=lambda t: (hot, np.full(len(hot), 300.0 + 0.1 * t))
    )
    assert record.account.entered > 0.0
    assert record.account.closure < 1e-6  # telescoping sum: what the Newton and linear tolerances leave


def test_an_impossible_step_is_halved_then_reported_with_its_time():
    section = rectangle(2, 2)
    system = soak.conduction(section, RAMP, tolerance=0.0)
    start = 300.0 + 100.0 * section.points[:, 1]
    with pytest.raises(SolverError, match="at t = 7 s") as caught:
        march(system, start, np.array([7.0, 8.0]), still, retries=1)
    assert caught.value.history


def test_a_step_that_fails_once_is_split():
    section = rectangle(2, 2)
    system = soak.conduction(section, RAMP)
    whole = system.solve_stage
    refused = []

    def stubborn(guess, target, tau, max_iterations=20):
        if tau > 0.2:
            refused.append(tau)
            raise SolverError("too long")
        return whole(guess, target, tau, max_iterations)

    system.solve_stage = stubborn
    _, record = march(system, 300.0 + 100.0 * section.points[:, 1], np.array([0.0, 1.0]), still)
    assert refused and record.stages == 4
    assert record.time == [0.0, 1.0]


@pytest.mark.parametrize(
    ("temperature", "capacity", "message"),
    [([300.0, 300.0], [1.0, 1.0], "rise"), ([300.0, 400.0], [1.0, -1.0], "heat capacity"), ([300.0], [1.0], "rise")],
)
def test_impossible_cards_are_refused(temperature, capacity, message):
    with pytest.raises(DataError, match=message):
        Conductor("x", np.array(temperature), np.array(capacity), np.ones(len(temperature)))


def test_leaving_a_card_is_an_error_that_names_it():
    grid = property_grid([RAMP, constant("other", 1e6, 1.0)])
    corners = np.array([[0, 1, 2], [3, 4, 5]])
    filling = Filling.plain(np.array([0, 1]))
    temperature = np.array([300.0, 400.0, 500.0, 2000.0, 2000.0, 2000.0])
    low, high = reached(temperature, corners, filling, grid, "now")
    assert low.tolist() == [300.0, 2000.0] and high.tolist() == [500.0, 2000.0]
    with pytest.raises(DataError, match=r"ramp reaches 1001 K at t = 5 s.*200 to 1000 K"):
        reached(np.where(temperature == 500.0, 1001.0, temperature), corners, filling, grid, "at t = 5 s")


def test_graded_times_meet_both_ends_and_grow():
    times = graded_times(10.0, 1000.0, 1.0, 30)
    assert times[0] == 10.0 and times[-1] == 1000.0 and times[1] - times[0] == pytest.approx(1.0)
    assert (np.diff(np.diff(times)) > -1e-9).all()
    assert np.allclose(np.diff(graded_times(0.0, 10.0, 5.0, 10)), 1.0)


@pytest.mark.parametrize(("direction", "seen"), [((1.0, 0.0), 8.0), ((0.0, 1.0), 1.0), ((0.6, 0.8), None)])
def test_layers_conduct_along_themselves(direction, seen):
    section = rectangle(12, 2, r=(0.5, 1.0), z=(0.0, 0.1))
    cells = len(section.triangles)
    rows = np.zeros(cells, dtype=np.int32)
    hot, cold = section.facet_nodes("inner"), section.facet_nodes("outer")
    held = np.concatenate([hot, cold])
    values = np.concatenate([np.full(len(hot), 400.0), np.full(len(cold), 300.0)])

    def heat_through(filling, conductivity):
        system = SectionConduction(section, property_grid([constant("x", 1e5, conductivity)]), filling, tolerance=1e-9)
        system.fix(held)
        guess = np.full(len(section.points), 300.0)
        guess[held] = values
        steady = system.solve_stage(guess, system.stored(guess), 1e12)
        return system.heat(steady.temperature)[cold].sum()

    stretch = layered(np.tile(direction, (cells, 1)), 8.0)
    found = heat_through(Filling(rows, rows, np.zeros((cells, 3)), stretch), 5.0)
    plain = heat_through(Filling.plain(rows), 5.0)
    if seen is not None:
        assert found == pytest.approx(seen * plain, rel=3e-4)  # the diagonals of the mesh bend the flow a little
    else:
        # the sides are insulated: between the series value det(M) / M_zz and the parallel value M_rr
        more = 7.0
        rr, zz, rz = 1 + more * 0.36, 1 + more * 0.64, more * 0.48
        assert (rr - rz**2 / zz) * plain < found < rr * plain


def cup():
    """A hollow cylinder closed below: its inside is an open cavity."""
    section = rectangle(6, 6, r=(0.0, 0.12), z=(0.0, 0.12))
    centre = section.points[section.triangles].mean(axis=1)
    kept = (centre[:, 0] > 0.08) | (centre[:, 1] < 0.04)
    on = (section.points[:, 0] <= 0.08 + 1e-9) & (section.points[:, 1] >= 0.04 - 1e-9)
    floor = np.flatnonzero(on & np.isclose(section.points[:, 1], 0.04))
    wall = np.flatnonzero(on & np.isclose(section.points[:, 0], 0.08))
    floor = floor[np.argsort(section.points[floor, 0])]
    wall = wall[np.argsort(section.points[wall, 1])]
    lines = [np.column_stack([line[:-1], line[1:]]) for line in (floor, wall)]
    return SectionMesh.of_used_points(
        section.points, section.triangles[kept], np.zeros(kept.sum(), dtype=int), np.concatenate(lines),
        np.repeat([0, 1], [len(line) for line in lines]), {"body": 0}, {"floor": 0, "wall": 1},
    )  # fmt: skip


def test_a_cavity_exchanges_and_loses_nothing_but_through_its_opening():
    hollow = cavity(cup(), {"floor": 0.9, "wall": 0.4})
    even = np.full(len(hollow.nodes), 500.0)
    assert np.abs(hollow.heat(even, 500.0)).max() < 1e-9  # rounding of about 100 W
    assert (hollow.heat(even, 300.0) < 1e-12).all()
    # an opening of radius a seen from inside is at most a black disc
    black = 0.5 * 0.08**2 * STEFAN_BOLTZMANN * (500.0**4 - 300.0**4)
    assert 0.4 * black < -hollow.heat(even, 300.0).sum() < black
    uneven = np.linspace(300.0, 600.0, len(hollow.nodes))
    closed = dataclasses.replace(hollow, exchange=hollow.exchange - np.diag(hollow.opening), opening=0.0 * even)
    assert closed.heat(uneven, 0.0).sum() == pytest.approx(0.0, abs=1e-9)


def test_energy_closes_with_a_cavity():
    section = cup()
    filling = Filling.plain(np.zeros(len(section.triangles), dtype=np.int32))
    hollow = cavity(section, {"floor": 0.9, "wall": 0.4})
    system = SectionConduction(section, property_grid([RAMP]), filling, cavities=[hollow], tolerance=1e-6)
    system.outside = 300.0
    start = 400.0 + 4e3 * section.points[:, 1]
    end, record = march(system, start, np.linspace(0.0, 2e4, 21), still)
    assert record.account.left > 0.0 and record.account.closure < 1e-6  # tolerances of the solvers
    assert end.max() < start.max() and end.min() > 300.0
    assert record.iterations / record.stages < 8  # the neighbours' share, left out of the matrix, costs a few more
