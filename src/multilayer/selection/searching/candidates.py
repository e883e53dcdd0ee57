"""The candidates of a search: a grid, random draws, or proposals by Optuna."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils import check_random_state

from multilayer._checks import check_choice, check_integer
from multilayer.exceptions import MissingExtraError, ParameterError

Params = dict[str, Any]
Space = Mapping[str, Any] | Sequence[Mapping[str, Any]]
PART = "part"  # the number of a dict of the space, as Optuna knows it
SAMPLERS = ("auto", "grid", "random", "optuna")
# The number of trials whose scores Optuna does not know when it proposes the next one: enough to keep all cores busy,
# and constant, so that the proposals do not depend on the number of cores.
TRIALS_AHEAD = 4


class Candidates(Protocol):
    """The parameters of one trial after another."""

    n_trials: int | None  # None for an infinite number
    ahead: int | None  # how many trials may start before the score of the first is known; None for any number
    is_random: bool  # whether they depend on a random state

    def next(self) -> Params | None:
        """The parameters of the next trial; None after the last."""
        ...

    def tell(self, number: int, score: float) -> None:
        """Report the score of a trial; scores come in the order of the trials."""
        ...


def candidates(space: Any, sampler: str, n_trials: int | None, random_state: Any) -> Candidates:
    """The candidates of a space by a sampler; "auto" is the grid for a space of lists, and random otherwise."""
    check_choice("sampler", sampler, SAMPLERS)
    if n_trials is not None:
        check_integer("n_trials", n_trials, 1)
    parts = checked_space(space)
    is_finite = all(not _is_distribution(values) for part in parts for values in part.values())
    if sampler == "optuna":
        return OptunaCandidates(parts, n_trials, random_state)
    if sampler == "grid" and not is_finite:
        name = next(name for part in parts for name, values in part.items() if _is_distribution(values))
        raise ParameterError(
            f"sampler='grid' takes lists of values, got a distribution for {name!r}. Give a list, or use "
            "sampler='random'."
        )
    n_all = len(ParameterGrid(list(parts))) if is_finite else math.inf
    if sampler == "grid" or (sampler == "auto" and (n_trials is None or n_trials >= n_all) and is_finite):
        return _grid(parts, n_trials)
    return _random(parts, int(min(n_trials or n_all, n_all)) if is_finite else n_trials, random_state)


def checked_space(space: Any) -> tuple[dict[str, Any], ...]:
    """The parts of a space, each a dict of names and lists or distributions."""
    parts = [space] if isinstance(space, Mapping) else space
    is_list = isinstance(parts, Sequence) and not isinstance(parts, str)
    if not is_list or not all(isinstance(part, Mapping) for part in parts):
        raise ParameterError(
            f"space must be a dict of parameter names and their values, or a list of such dicts, got {space!r}. "
            "Write {'alpha': [0.01, 0.1, 1.0], 'hidden_layer_sizes': [(32,), (64,)]}."
        )
    if not parts or not all(parts):
        raise ParameterError(f"space has no parameter to search, got {space!r}. Name at least one.")
    for part in parts:
        for name, values in part.items():
            is_list = isinstance(values, Sequence | np.ndarray) and not isinstance(values, str)
            if not (is_list or _is_distribution(values)) or (is_list and len(values) == 0):
                raise ParameterError(
                    f"space[{name!r}] must be a list of values or a distribution of scipy.stats, got {values!r}. "
                    f"Write [{values!r}] for a single value."
                )
    return tuple(dict(part) for part in parts)


def _is_distribution(values: Any) -> bool:
    return hasattr(values, "rvs")


class DrawnCandidates:
    """Combinations that do not depend on scores."""

    ahead: int | None = None

    def __init__(self, drawn: Iterator[Params], n_trials: int | None, is_random: bool) -> None:
        self.n_trials, self.is_random = n_trials, is_random
        self._left = drawn

    def next(self) -> Params | None:
        return next(self._left, None)

    def tell(self, number: int, score: float) -> None:
        """Scores have no effect on the combinations."""


def _grid(parts: Sequence[dict[str, Any]], n_trials: int | None) -> DrawnCandidates:
    """The first ``n_trials`` combinations, in the order of scikit-learn's ParameterGrid."""
    listed = list(ParameterGrid(list(parts)))[:n_trials]
    return DrawnCandidates(iter(listed), len(listed), is_random=False)


def _random(parts: Sequence[dict[str, Any]], n_trials: int | None, random_state: Any) -> DrawnCandidates:
    """Combinations that scikit-learn's ParameterSampler draws; without repetition if the space has lists only."""
    generator = check_random_state(random_state)

    def draw(n: int) -> Iterator[Params]:
        return iter(ParameterSampler(list(parts), n, random_state=generator))

    drawn = (next(draw(1)) for _ in itertools.count()) if n_trials is None else draw(n_trials)
    return DrawnCandidates(drawn, n_trials, is_random=True)


class OptunaCandidates:
    """Combinations that Optuna's tree-structured Parzen estimator proposes from earlier scores."""

    ahead: int | None = TRIALS_AHEAD
    is_random = True

    def __init__(self, parts: tuple[dict[str, Any], ...], n_trials: int | None, random_state: Any) -> None:
        try:
            import optuna
        except ImportError:
            raise MissingExtraError("sampler='optuna'", "Optuna", "optuna") from None
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
        self._failed = optuna.trial.TrialState.FAIL
        self._parts = [_Part.of(part, f"{i}:" if len(parts) > 1 else "") for i, part in enumerate(parts)]
        self.n_trials = n_trials
        self._n_asked, self._asked = 0, deque[Params]()
        for _ in range(TRIALS_AHEAD):
            self._ask()

    def next(self) -> Params | None:
        return self._asked.popleft() if self._asked else None

    def tell(self, number: int, score: float) -> None:
        """Report the score of a trial; the next proposal is drawn at once, before another score is reported."""
        if math.isfinite(score):
            self._study.tell(number, score)
        else:
            self._study.tell(number, state=self._failed)
        self._ask()

    def _ask(self) -> None:
        if self._n_asked == self.n_trials:
            return
        self._n_asked += 1
        part = self._parts[0]
        if len(self._parts) == 1:
            asked = self._study.ask(part.distributions).params
        else:
            trial = self._study.ask()
            part = self._parts[trial.suggest_categorical(PART, list(range(len(self._parts))))]
            asked = {name: _suggested(trial, name, each) for name, each in part.distributions.items()}
        self._asked.append(part.params(asked))


class _Part(NamedTuple):
    """A dict of the space for Optuna, which knows its parameters by a prefix and a name."""

    prefix: str
    values: dict[str, list[Any]]  # of the parameters with lists, by name
    distributions: dict[str, Any]

    @classmethod
    def of(cls, part: Mapping[str, Any], prefix: str) -> _Part:
        """Make it; values of lists are known by their places, since Optuna stores numbers and text only."""
        from optuna.distributions import CategoricalDistribution

        values = {name: list(given) for name, given in part.items() if not _is_distribution(given)}
        drawn = {name: given for name, given in part.items() if _is_distribution(given)}
        distributions = {prefix + name: _for_optuna(name, given) for name, given in drawn.items()}
        distributions |= {prefix + name: CategoricalDistribution(list(range(len(v)))) for name, v in values.items()}
        return cls(prefix, values, distributions)

    def params(self, asked: Mapping[str, Any]) -> Params:
        named = {name.removeprefix(self.prefix): value for name, value in asked.items()}
        return {name: self.values[name][value] if name in self.values else value for name, value in named.items()}


def _suggested(trial: Any, name: str, distribution: Any) -> Any:
    """A value for one parameter, which Optuna learns only from the trials that have it."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(name, distribution.low, distribution.high)
    return trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)


def _for_optuna(name: str, distribution: Any) -> Any:
    """Optuna's equivalent of a distribution of SciPy."""
    from optuna.distributions import FloatDistribution, IntDistribution

    kind = getattr(getattr(distribution, "dist", None), "name", type(distribution).__name__)
    if kind not in ("uniform", "loguniform", "reciprocal", "randint"):
        raise ParameterError(
            f"sampler='optuna' knows uniform, loguniform and randint of scipy.stats, got {kind} for {name!r}. Use one "
            "of these, a list, or sampler='random'."
        )
    low, high = (value.item() if hasattr(value, "item") else value for value in distribution.support())
    if kind == "randint":
        return IntDistribution(int(low), int(high))
    return FloatDistribution(float(low), float(high), log=kind in ("loguniform", "reciprocal"))
