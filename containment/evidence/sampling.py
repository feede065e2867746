"""The sampler with every choice named, and the gate its draws must pass."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
import warnings
import zlib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import Gate
from containment.errors import MissingPartError, SamplerError
from containment.evidence.model import Built, Exact
from containment.result import Check

if TYPE_CHECKING:
    import xarray as xr

CHAINS = 4
# Of the sampler's own numbers: those a reader judges it by, and none that depends on the clock.
_KEPT = ("diverging", "energy", "acceptance_rate", "tree_depth", "n_steps", "step_size", "lp", "reached_max_treedepth")
_TUNE = 600
# Smaller steps where the first leave divergences: the funnels of scatter parameters known from few rows need them.
TARGET_ACCEPT = (0.95, 0.995)


def load_backend() -> Any:
    """Import PyMC with PyTensor on its numba linker, without a C compiler; PYTENSOR_FLAGS wins.

    Kernels stay compiled from one process to the next. `fastmath` is off: it lets the compiler reorder sums depending
    on what it sees at once, and kernels read back from the cache then round otherwise than those just compiled, so that
    the first run on a machine would not draw what the second does with the same seed. The source PyTensor generates
    goes to the same folder: left to itself it writes a file for each function to the system's temporary folder, and
    never removes it.
    """
    flags = os.environ.get("PYTENSOR_FLAGS")
    if "pytensor" not in sys.modules:
        cache = kernel_cache()
        ours = f"cxx=,linker=numba,numba__fastmath=False,base_compiledir={cache},generated_src_dir={cache / 'source'}"
        os.environ["PYTENSOR_FLAGS"] = ours + (f",{flags}" if flags else "")
    try:
        import pymc as pm
    except ImportError as error:
        raise MissingPartError(
            f"the statistics part is not installed ({error})", advice="pip install 'containment[bayes]'"
        ) from error
    finally:
        if flags is None:
            os.environ.pop("PYTENSOR_FLAGS", None)
        else:
            os.environ["PYTENSOR_FLAGS"] = flags
    return pm


def kernel_cache() -> Path:
    """Folder of compiled kernels of these very versions; without a home to write to, one that goes with the process."""
    versions = []
    for package in ("pytensor", "numba", "numpy"):
        with contextlib.suppress(metadata.PackageNotFoundError):  # said when it is imported
            versions.append(metadata.version(package))
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "containment" / "-".join(["pytensor", *versions])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="containment-pytensor-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def seeds(seed: int, name: str, count: int) -> list[int]:
    """`count` independent seeds that depend on the seed and the name alone, not on what else is sampled."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
    return [int(state) for state in sequence.generate_state(count, np.uint32)]


def sample(
    built: Built, *, name: str, draws: int, seed: int, cores: int = 1, target_accept: float = TARGET_ACCEPT[0]
) -> xr.DataTree:
    """Posterior of one model: 4 NUTS chains of `draws`; groups posterior, sample_stats, log_likelihood, log_prior."""
    import xarray as xr

    if built.exact is not None:
        found = built.exact(CHAINS * draws, np.random.default_rng(seeds(seed, name, 1)))
        return _independent(found, list(built.rows), draws)
    tree = run_chains(
        built.model, draws=draws, states=seeds(seed, name, CHAINS), cores=cores, target_accept=target_accept
    )
    posterior = tree["posterior"].to_dataset()
    densities = {group: posterior[group] for group in ("log_likelihood", "log_prior")}
    dropped = [*densities, densities["log_likelihood"].dims[-1]]
    rows = densities["log_likelihood"].rename({densities["log_likelihood"].dims[-1]: "row"})
    return xr.DataTree.from_dict(
        {
            "posterior": _repeatable(posterior.drop_vars(dropped, errors="ignore")),
            "sample_stats": _repeatable(tree["sample_stats"].to_dataset()[list(_KEPT)]),
            "log_likelihood": xr.Dataset({"rows": rows.assign_coords(row=list(built.rows))}),
            "log_prior": xr.Dataset({"log_prior": densities["log_prior"]}),
        }
    )  # fmt: skip


def _independent(found: Exact, labels: list[str], draws: int) -> xr.DataTree:
    """The same groups from draws of a posterior in closed form; no chain can fail, the gate sees that."""
    import xarray as xr

    shape = (CHAINS, draws)
    sizes = {"chain": range(CHAINS), "draw": range(draws)}
    posterior = {key: (("chain", "draw"), values.reshape(shape)) for key, values in found.draws.items()}
    rows = (("chain", "draw", "row"), found.rows.reshape(*shape, -1))
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(posterior, coords=sizes),
            "sample_stats": xr.Dataset({"diverging": (("chain", "draw"), np.zeros(shape, dtype=bool))}, coords=sizes),
            "log_likelihood": xr.Dataset({"rows": rows}, coords=sizes | {"row": labels}),
            "log_prior": xr.Dataset({"log_prior": (("chain", "draw"), found.log_prior.reshape(shape))}, coords=sizes),
        }
    )


def freeze(model: Any) -> Any:
    """The model as it will stay: its functions are compiled once, its data can still be set."""
    load_backend()
    from pymc.model.transform.optimization import freeze_model

    return freeze_model(model)


def run_chains(
    model: Any, *, draws: int, states: list[int], tune: int = _TUNE, cores: int = 1,
    target_accept: float = TARGET_ACCEPT[0], names: list[str] | None = None,
) -> Any:  # fmt: skip
    """NUTS chains, one for each of `states`, of a frozen model; `names` of what to record (all variables)."""
    pm = load_backend()
    # An overflowing energy is a step NUTS rejects (and counts, if it is a divergence): no news for anybody.
    with model, warnings.catch_warnings(), np.errstate(over="ignore"):
        # Without a C compiler PyTensor leaves kernels of more than 32 operands unfused: harmless.
        warnings.filterwarnings("ignore", message="Loop fusion failed", category=UserWarning)
        return pm.sample(
            var_names=names, draws=draws, tune=tune, chains=len(states), cores=cores, random_seed=states,
            nuts_sampler="pymc", backend="numba", init="jitter+adapt_diag", target_accept=target_accept,
            mp_ctx="spawn", blas_cores=None, progressbar=False, quiet=True, compute_convergence_checks=False,
        )  # fmt: skip


def _repeatable(dataset: xr.Dataset) -> xr.Dataset:
    """Without the time of day and of the clock: the same seed gives the same file."""
    kept = {key: value for key, value in dataset.attrs.items() if key not in ("created_at", "sampling_time")}
    return dataset.drop_attrs(deep=False).assign_attrs(kept)


def flat(tree: xr.DataTree, names: Mapping[str, Any] | list[str]) -> dict[str, NDArray[np.float64]]:
    """Scalar parameters as vectors (chain * draw,), chain after chain."""
    posterior = tree["posterior"].to_dataset()
    return {
        name: posterior[name].values.reshape(-1) for name in names if name in posterior and posterior[name].ndim == 2
    }


def convergence(tree: xr.DataTree, gate: Gate, name: str) -> dict[str, Check]:
    """R-hat, bulk and tail ESS of the worst parameter and divergences against the gate."""
    import arviz as az

    posterior = tree["posterior"].to_dataset()

    def extreme(statistic: Any, pick: Any, **options: str) -> float:
        values = [np.asarray(variable).ravel() for variable in statistic(posterior, **options).data_vars.values()]
        return float(pick(np.concatenate(values)))

    return {
        f"sampler.{name}.rhat": Check.at_most(extreme(az.rhat, np.max, method="rank"), gate.max_rhat),
        f"sampler.{name}.ess_bulk": Check.at_least(extreme(az.ess, np.min, method="bulk"), gate.min_ess),
        f"sampler.{name}.ess_tail": Check.at_least(extreme(az.ess, np.min, method="tail"), gate.min_ess),
        f"sampler.{name}.divergences": Check.at_most(
            float(tree["sample_stats"]["diverging"].sum()), float(gate.max_divergences)
        ),
    }


def require(checks: Mapping[str, Check], name: str) -> None:
    """Raise SamplerError (exit 4) with the numbers unless every check holds; NaN never holds."""
    bad = {key: check for key, check in checks.items() if not check.ok}
    if not bad:
        return
    numbers = "; ".join(f"{key} {check.value:.4g} (limit {check.limit:.4g})" for key, check in bad.items())
    if any(".predictive." in key for key in bad):
        advice = "the model does not give such data: correct the data, choose another model or drop the set"
    else:
        advice = "ask for more draws, or tighten what the data cannot tell; the posterior is not to be used"
    raise SamplerError(f"evidence {name!r} did not pass its gate: {numbers}", advice=advice)
