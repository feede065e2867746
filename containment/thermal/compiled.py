"""How the kernels of the 1-D stack are compiled.

Without reference counts (`_nrt`): numba would count every array of a named tuple at every call, which is two fifths of
the time of a transient. Such a function allocates no arrays: its scratch is an argument, copies are loops.
"""

from __future__ import annotations

from typing import Any

COMPILED: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}
