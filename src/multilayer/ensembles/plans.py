"""The plan of an ensemble: the rows and seeds of each member, and the rows held out for its predictions."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv

from multilayer._checks import check_choice, check_integer
from multilayer.exceptions import InputError, ParameterError, ParameterWarning
from multilayer.fits.errors import input_errors, warn
from multilayer.selection.data import Data, names_of_seeds
from multilayer.selection.splitting import Split, check_kind_of_cv, checked_folds, checked_groups, is_list_of_folds
from multilayer.training.batching import RowNumbers

SEED, BOOTSTRAP, FOLD = "seed", "bootstrap", "fold"
N_MEMBERS = 8  # the default
MAX_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class MemberPlan:
    """One member before it is trained."""

    estimator: Any  # a clone with its own seeds
    counts: NDArray[np.integer[Any]] | None = None  # (m,), how often each row is trained on; None: each once
    # The rows that it is not trained on but predicts.
    left_out: RowNumbers = field(default_factory=lambda: np.empty(0, dtype=np.intp))


@dataclass(frozen=True)
class EnsembleParameters:
    """The parameters of an ensemble, checked as far as possible without data."""

    estimators: Sequence[Any] | None  # one for each member; None if all are clones of ``estimator``
    estimator: Any
    n_members: int | None
    diversity: str
    cv: Any


def checked_parameters(estimator: Any, n_members: int | None, diversity: str, cv: Any) -> EnsembleParameters:
    """Check that the parameters of an ensemble do not contradict each other."""
    check_choice("diversity", diversity, (SEED, BOOTSTRAP, FOLD))
    estimators = list(estimator) if isinstance(estimator, list | tuple) else None
    if estimators is not None and not estimators:
        raise ParameterError("estimator must be an estimator or a list of at least one, got an empty list.")
    if n_members is not None:
        check_integer("n_members", n_members, 1)
    if cv is not None and diversity != FOLD:
        warn(
            f"cv has no effect with diversity={diversity!r}. Set diversity='fold', or omit cv and pass n_members.",
            ParameterWarning,
        )
        cv = None
    check_kind_of_cv(cv)
    of_list = None if estimators is None else len(estimators)
    of_cv = int(cv) if isinstance(cv, numbers.Integral) else None
    given = {"n_members": n_members, "the list of estimators": of_list, "cv": of_cv}
    known = {name: n for name, n in given.items() if n is not None}
    if len(set(known.values())) > 1:
        received = " and ".join(f"{name} says {n}" for name, n in known.items())
        raise ParameterError(f"the number of members is specified twice: {received}. Remove one of them.")
    n = next(iter(known.values()), None)
    if diversity == FOLD and n == 1:
        raise ParameterError(
            "diversity='fold' needs at least 2 members, one for each fold, got 1. Use diversity='seed' for one network."
        )
    return EnsembleParameters(estimators, estimator, n, diversity, cv)


def plans(
    parameters: EnsembleParameters, data: Data, groups: ArrayLike | None, random_state: np.random.RandomState
) -> list[MemberPlan]:
    """Return a plan for each member.

    All random numbers are drawn here, in one thread, so that the ensemble does not depend on the number of threads.
    Without folds a member does not depend on later ones: an ensemble of 4 is the first half of one of 8.
    """
    if groups is not None and (parameters.diversity != FOLD or not hasattr(parameters.cv, "split")):
        raise ParameterError(
            "groups are for diversity='fold' with a splitter that keeps them together, got "
            f"diversity={parameters.diversity!r} and cv={parameters.cv!r}. Write diversity='fold', cv=GroupKFold(8), "
            "or omit groups."
        )
    shares = _folds(parameters, data, groups, random_state) if parameters.diversity == FOLD else None
    n = len(shares) if shares is not None else parameters.n_members or N_MEMBERS
    if n != (parameters.n_members or n):
        raise ParameterError(
            f"the number of members is specified twice: cv makes {n} folds, and n_members or the list of "
            f"estimators says {parameters.n_members}. Remove n_members, or choose a splitter of as many folds."
        )
    bases = parameters.estimators or [parameters.estimator] * n
    members = []
    for i, seed in enumerate(random_state.randint(MAX_SEED, size=n)):
        member_state = np.random.RandomState(seed)
        estimator = with_seeds(clone(bases[i]), member_state, replace=parameters.estimators is None)
        if shares is not None:
            members.append(MemberPlan(estimator, *shares[i]))
        elif parameters.diversity == BOOTSTRAP:
            counts = _drawn(data, member_state)
            members.append(MemberPlan(estimator, counts, np.flatnonzero(counts == 0)))
        else:
            members.append(MemberPlan(estimator))
    return members


def with_seeds(estimator: Any, random_state: np.random.RandomState, *, replace: bool) -> Any:
    """Set each ``random_state`` of an estimator to a new number, as in scikit-learn's ensembles.

    Without ``replace``, values other than None are kept: in a list of estimators the user has chosen them.
    """
    parameters = estimator.get_params()
    drawn = {name: int(random_state.randint(MAX_SEED)) for name in names_of_seeds(estimator)}
    wanted = {name: seed for name, seed in drawn.items() if replace or parameters[name] is None}
    return estimator.set_params(**wanted) if wanted else estimator


def _drawn(data: Data, random_state: np.random.RandomState) -> NDArray[np.integer[Any]]:
    """Draw as many rows as there are with replacement, and count how often each was drawn.

    Counts are used as weights instead of repeated rows: a repetition is not computed twice, no batch holds a row twice,
    and with ``early_stopping`` no row both trains and validates.  Rows of weight 0 are not drawn.
    """
    m = len(data)
    there = np.arange(m) if data.weight is None else np.flatnonzero(data.weight > 0)
    if not len(there):
        raise InputError("X has 0 sample(s) to draw a bootstrap from. Pass at least one row.")
    counts = np.bincount(there[random_state.randint(len(there), size=len(there))], minlength=m)
    return counts.astype(np.min_scalar_type(int(counts.max())))


def _folds(
    parameters: EnsembleParameters, data: Data, groups: ArrayLike | None, random_state: np.random.RandomState
) -> list[tuple[NDArray[np.integer[Any]], RowNumbers]]:
    """Return for each fold whether each row is in training, 0 or 1, and the test rows."""
    if is_list_of_folds(parameters.cv):
        splits = checked_folds(parameters.cv, len(data))
    else:
        splits = _divided(parameters, data, checked_groups(data.X, groups), random_state)
    shares = [(_as_counts(train, len(data)), test) for train, test in splits]
    for i, (counts, test) in enumerate(shares):
        if counts[test].any():
            raise ParameterError(
                f"split {i} of cv tests on {np.count_nonzero(counts[test])} of its training rows. Their "
                "predictions are biased. Pass splits without common rows."
            )
    return shares


def _divided(
    parameters: EnsembleParameters, data: Data, groups: Any, random_state: np.random.RandomState
) -> list[Split]:
    base = parameters.estimator if parameters.estimators is None else parameters.estimators[0]
    with input_errors(data.X):
        by_number = parameters.cv is None or isinstance(parameters.cv, numbers.Integral)
        cv = (parameters.n_members or N_MEMBERS) if by_number else parameters.cv
        splitter = check_cv(cv, data.y, classifier=is_classifier(base))
        if by_number:
            # Tables are often sorted, so that a fold of neighbouring rows would differ from all others.
            splitter.shuffle, splitter.random_state = True, int(random_state.randint(MAX_SEED))
        return checked_folds(splitter.split(data.X, data.y, groups), len(data))


def _as_counts(rows: RowNumbers, m: int) -> NDArray[np.integer[Any]]:
    counts = np.bincount(rows, minlength=m)
    return counts.astype(np.min_scalar_type(int(counts.max())))
