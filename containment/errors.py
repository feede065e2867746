"""Every failure a user can meet, each with the exit code the command line answers with.

0 done, 1 our bug, 2 usage, 3 invalid case, card or data, 4 not converged, 5 too many failed samples,
6 missing part of the installation, 10 requirement not demonstrated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ContainmentError(Exception):
    """A failure that is explained to the user. `advice` is the one thing to do next."""

    exit_code = 1

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n  what to do: {self.advice}" if self.advice else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Errors travel back from worker processes: rebuild from state, whatever the constructor asks for.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[ContainmentError], args: tuple[object, ...], state: dict[str, object]) -> ContainmentError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(ContainmentError):
    """The command line asks for something that does not exist."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One fault in an input file: where it stands, which key, what was found, what was expected, what to do."""

    file: str
    line: int
    column: int
    key: str
    found: str
    expected: str
    advice: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.key}: found {self.found}, expected {self.expected}, {self.advice}"


class CaseError(ContainmentError):
    """A case that is not valid; carries every problem at once."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class DataError(ContainmentError):
    """A card, table, evidence set or mesh that cannot be used."""

    exit_code = 3


class StorageError(ContainmentError):
    """A folder or disk that cannot be read or written."""

    exit_code = 3


class SolverError(ContainmentError):
    """A solver that did not converge: where, why, and the residuals that led there."""

    exit_code = 4

    def __init__(self, message: str, *, history: Sequence[float] = (), advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.history = tuple(float(value) for value in history)

    def __str__(self) -> str:
        text = super().__str__()
        if self.history:
            shown = ", ".join(f"{value:.3g}" for value in self.history[-8:])
            text += f"\n  last residuals: {shown}"
        return text


class SamplerError(ContainmentError):
    """A Bayesian sampler that did not pass its convergence gate."""

    exit_code = 4


class FailedSamplesError(ContainmentError):
    """More samples failed than the case allows."""

    exit_code = 5


class MissingPartError(ContainmentError):
    """Part of the installation is absent (finite elements, statistics, report)."""

    exit_code = 6


class NotDemonstratedError(ContainmentError):
    """The analysis finished and the requirement is not demonstrated (only raised with --require)."""

    exit_code = 10
