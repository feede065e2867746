"""Loads the finite-element stack (DOLFINx 0.11, PETSc, MPI) in the order that works.

Order matters: MPI and PETSc must be up before DOLFINx, PETSc must not catch signals (it would answer SIGTERM of a
stopped run with MPI_Abort), and the form compiler's time limit of 10 s is too short where several workers compile.
One process solves one sample, so meshes live on MPI.COMM_SELF.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from containment.errors import MissingPartError

# Seconds a worker waits for another one compiling the same form; 1-4 s of work, slower on an oversubscribed machine.
_JIT_PATIENCE = 60
_VERSION = "0.11"
_INSTALL = "pip install 'containment[fe]'"


def _load() -> tuple[Any, Any, Any, Any, Any]:
    """Import MPI, PETSc, DOLFINx, UFL, Basix in the order that works. Raises MissingPartError."""
    # PETSc opens its HDF5 for the whole process; h5py, which keeps our results, works only if it found its own before.
    with suppress(ImportError):
        importlib.import_module("h5py")
    try:
        importlib.import_module("dolfinx_solver")  # orders MPI before the compiled modules of the PyPI wheel
    except ModuleNotFoundError as error:
        if error.name != "dolfinx_solver":
            raise missing(error) from error
    except ImportError as error:
        raise missing(error) from error
    try:
        petsc4py = importlib.import_module("petsc4py")
        petsc4py.init(["containment", "-no_signal_handler"])
        petsc = importlib.import_module("petsc4py.PETSc")
        mpi = importlib.import_module("mpi4py.MPI")
        dolfinx = importlib.import_module("dolfinx")
        for part in ("dolfinx.fem.petsc", "dolfinx.geometry", "dolfinx.io", "dolfinx.jit", "dolfinx.mesh", "basix.ufl"):
            importlib.import_module(part)
        ufl, basix = importlib.import_module("ufl"), importlib.import_module("basix")
    except ImportError as error:
        raise missing(error) from error
    if not dolfinx.__version__.startswith(_VERSION):
        raise MissingPartError(f"found DOLFINx {dolfinx.__version__}, expected {_VERSION}", advice=_INSTALL)
    if not np.issubdtype(petsc.ScalarType, np.floating):
        raise MissingPartError("found PETSc with complex numbers, expected real ones", advice=_INSTALL)
    return dolfinx, ufl, basix, petsc, mpi


def missing(error: ImportError) -> MissingPartError:
    """What to tell when a part of the stack cannot be imported."""
    return MissingPartError(f"the finite-element part cannot be loaded: {error}", advice=_INSTALL)


dolfinx, ufl, basix, PETSc, MPI = _load()


def _prepare_compiler() -> None:
    """Give the form compiler patience, a folder it may write to, and no half-made file of a killed process."""
    options = dolfinx.jit.DOLFINX_DEFAULT_JIT_OPTIONS
    options["timeout"] = (_JIT_PATIENCE, options["timeout"][1])
    folder = Path(str(options["cache_dir"][0]))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        folder = Path(tempfile.gettempdir()) / f"containment-forms-{os.getuid()}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        options["cache_dir"] = (str(folder), options["cache_dir"][1])
    for source in folder.glob("libffcx_*.c"):
        # The compiler waits for "<name>.c.cached"; a source older than its patience without it never finishes.
        try:
            if not source.with_suffix(".c.cached").exists() and time.time() - source.stat().st_mtime > _JIT_PATIENCE:
                source.unlink()
        except FileNotFoundError:  # another worker was faster
            continue


_prepare_compiler()
