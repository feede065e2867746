"""Where the vehicle comes down: the landing footprint of a case, kept in the run folder as plain numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from containment import ensemble, provenance
from containment.case.dump import to_toml, values_of
from containment.store import content_hash

if TYPE_CHECKING:
    from containment.case.schema import Case
    from containment.store import RunFolder

FILE = "footprint.json"
_SECTIONS = ("vehicle", "entry", "footprint")
_SHOWN = 2000  # landing points kept for the map


def footprint(
    case: Case, folder: RunFolder, seed: int, *, samples: int | None = None, workers: int | None = None
) -> dict[str, Any]:
    """Ellipse, share of each zone, probability of missing the range and casualty expectation; kept as footprint.json.

    Angles in deg, lengths in m. Raises CaseError without `[footprint]`, FailedSamplesError when few flights land.
    """
    part = [to_toml(case.only(_SECTIONS)), values_of(case, _SECTIONS), samples, provenance.code_hash("entry")]
    key = content_hash([part, seed])
    if folder.load(FILE, key) is None:
        with ensemble.in_worker(_fly, case, samples, seed, workers or ensemble.cores()) as call:
            folder.save(FILE, json.dumps(call.result(), indent=1, allow_nan=False).encode(), key)
    return folder.read_json(FILE)


def _fly(case: Case, samples: int | None, seed: int, workers: int) -> dict[str, Any]:
    from containment.entry import footprint

    return footprint.of_case(case, samples=samples, seed=seed, workers=workers).to_json(_SHOWN)
