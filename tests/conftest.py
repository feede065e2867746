"""Settings of every test: one thread per library, no window, nothing from the user's settings; slow tests on demand."""

from __future__ import annotations

import os

import pytest

# Before numpy and the solvers are imported: they read these once.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["MPLBACKEND"] = "agg"
os.environ.pop("CONTAINMENT_PATH", None)


def pytest_configure(config: pytest.Config) -> None:
    """Without `-m`, tests marked slow are left out."""
    if not config.option.markexpr:
        config.option.markexpr = "not slow"
    try:
        from hypothesis import settings
    except ModuleNotFoundError:
        return
    # The same examples every time, and no deadline: the machine may be busy with other samples.
    settings.register_profile("repeatable", derandomize=True, deadline=None)
    settings.load_profile("repeatable")
