"""Mesh trend of the capsule: peak of the vessel (mean over 0.5 ms) from 2 k to 50 k quads, on clay, crust and rock.

    python -m containment.verification.bench_mesh [GROUND ...]

Half an hour of CPU time. On rock the absorber bottoms out: the smallest volume ratio of the foam says how far.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from containment.structure.explicit import Body
from containment.structure.explicit_capsule import ABSORBER, capsule
from containment.verification.bench_capsule import FOAM, land, parts

_SIZES = (0.005, 0.0019, 0.00093)  # m, edges: 1.9, 12 and 50 thousand quads
_END = {"clay": 0.011, "crust": 0.011, "rock": 0.008}  # s, the peaks are at 9.7, 7.2 and 2.4 ms
_WINDOW = 5e-4  # s


def main() -> None:
    """Print the table."""
    for ground in sys.argv[1:] or list(_END):
        last = None
        for size in _SIZES:
            start = time.process_time()
            run, cells = land(ground, size, _END[ground])
            cpu = time.process_time() - start
            peak = run.peak("vessel", _WINDOW)
            body = capsule(*parts(ground, size)).body
            foam = body.kind == ABSORBER
            end = Body(run.points, body.cells, body.kind, body.materials)
            crushed = float(np.quantile((end.weights() / body.weights())[foam], 0.01))
            locked = "bottoms out" if crushed < 1.0 - FOAM.densification_strain else "does not bottom out"
            change = "" if last is None else f" ({100.0 * (peak / last - 1.0):+.2f} %)"
            sys.stdout.write(
                f"{ground:6s}{cells:6d} quads  peak {peak:8.1f} m/s^2{change}  ledger {run.ledger_error:.1e}"
                f"  hourglass {100.0 * run.hourglass_share():.2f} %  foam J {crushed:.2f} ({locked})  {cpu:.0f} s\n"
            )
            sys.stdout.flush()
            last = peak


if __name__ == "__main__":
    main()
