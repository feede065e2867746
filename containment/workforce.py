"""Who carries the samples: processes of this machine, a Dask scheduler, or the caller's own executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from containment import ensemble, provenance, stages
from containment.errors import MissingPartError
from containment.store import content_hash

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case
    from containment.ensemble import Outcome
    from containment.store import RunFolder


@dataclass(frozen=True)
class Workforce:
    """Where samples run: `workers` processes here (None: one per core), or a Dask `scheduler`, or an `executor`."""

    workers: int | None = None
    scheduler: str | None = None
    executor: Executor | None = None

    def carry(
        self, case: Case, settings: Fidelity, folder: RunFolder, names: list[str],
        rows: Sequence[Mapping[str, Any]], label: str,
    ) -> tuple[Outcome, ...]:  # fmt: skip
        """Carry samples through stages; those the folder already holds are not run again."""
        key = content_hash([stages.keys(case, settings, names), provenance.code_hash("containment.stages")])
        function = partial(stages.evaluate, case, settings, names)
        with self._executor() as executor:
            return tuple(
                ensemble.map_samples(
                    function, rows, executor=executor, workers=self.workers, store=folder, key=key, label=label
                )
            )

    @contextmanager
    def _executor(self) -> Iterator[Executor | None]:
        if self.scheduler is None:
            yield self.executor
            return
        try:
            from distributed import Client
        except ImportError as error:
            raise MissingPartError("--scheduler needs Dask", advice="pip install distributed") from error
        with Client(self.scheduler) as client:
            yield client.get_executor()
