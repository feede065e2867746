"""With what probability does containment of returned Mars samples survive landing and recovery, and how sure are we?

from containment import load_case, run
result = run(load_case("msr-ees"), "runs/mine", fidelity="screening")
print(result.verdict, result.probability_of_loss)
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from containment.case.load import load_case as load_case
    from containment.flow import run as run

__version__ = "0.1.0"


def _own_kernel_cache() -> None:
    """Give compiled kernels a cache of this very code: numba does not see that a callee in another file has changed."""
    folder = Path(__file__).parent
    files = [(str(f.relative_to(folder)), f.stat().st_size, f.stat().st_mtime_ns) for f in sorted(folder.rglob("*.py"))]
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(home) / "containment" / f"kernels-{zlib.crc32(repr((str(folder), files)).encode()):08x}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:  # no home to write to: numba keeps its own rule
        return
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache))


_own_kernel_cache()
__all__ = ["__version__", "load_case", "run"]


def __getattr__(name: str) -> Any:
    # The stack behind these two takes a second to import: only whoever calls them waits for it.
    if name == "load_case":
        from containment.case.load import load_case

        return load_case
    if name == "run":
        from containment.flow import run

        return run
    raise AttributeError(f"module 'containment' has no attribute {name!r}")
