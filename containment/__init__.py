"""With what probability does containment of returned Mars samples survive landing and recovery, and how sure are we?

from containment import load_case, run
result = run(load_case("msr-ees"), "runs/mine", fidelity="screening")
print(result.verdict, result.probability_of_loss)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from containment.case.load import load_case as load_case
    from containment.flow import run as run

__version__ = "0.1.0"
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
