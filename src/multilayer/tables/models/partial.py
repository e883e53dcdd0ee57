"""partial_fit of table models: one epoch on new rows, with the encoders of the first ones."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from multilayer._checks import check_seed
from multilayer.engines import at_most, checked_jobs
from multilayer.estimators.base import take_over
from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.class_weights import BALANCED
from multilayer.fits.errors import collected_warnings, input_errors
from multilayer.tables.models.batch_stream import Part, first_part, later_parts
from multilayer.tables.models.class_numbers import labels_alone
from multilayer.tables.models.encoded_folds import encoded_folds
from multilayer.tables.models.fitting import MAX_SEED, set_names
from multilayer.tables.models.folds import check_enough_rows
from multilayer.tables.models.novelty import surroundings_of
from multilayer.tables.models.out_of_fold import digest_of_targets
from multilayer.tables.models.problem import Problem, check_lengths, weight_of_rows
from multilayer.tables.models.recipes import Recipe, parameters_of, recipes_of
from multilayer.tables.models.rows import checked_identifiers, identifiers_of, rows_of, rows_to_predict
from multilayer.tables.models.single_rows import SingleRows
from multilayer.tables.models.training import TrainedMember
from multilayer.tables.models.widening import widened

# The step size of the recipe is the largest of its schedule.  Rows without an end have a constant one: a part of it for
# networks that begin, and a smaller part for networks whose schedule has ended, which larger steps would disturb.
SHARE_OF_STEP, SHARE_OF_LATER_STEP = 0.5, 0.1
BATCH_SIZE = 128


class PartialFits(ABC):
    """The method ``partial_fit`` of table models."""

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise a ParameterError for an invalid parameter."""

    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None, *, classes: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on new rows, from the last weights.

        The first call fits the encoders on its rows, of a stream on the first ones, at least 500, and begins one
        network of each kind of ``preset``.  Later calls encode new rows by the same encoders.  After :meth:`fit`, the
        networks of all folds are continued, with a tenth of their largest step size; trees stay as they are.

        Held-out rows are those of the last :meth:`fit`: ``summary()``, the weights of the kinds, the calibration,
        intervals and sets keep its state.  Without one, the kinds have equal weights, and what needs held-out rows
        raises a :class:`multilayer.exceptions.NotFittedError`.

        Parameters
        ----------
        X : table, array or stream of record batches
            The rows: a table or an array as for :meth:`fit`, a ``pyarrow.RecordBatch``, or a stream that is read once:
            a ``pyarrow.RecordBatchReader`` or an iterator of record batches or tables.
        y : array, column or str
            The targets of the rows, or the name of their column in X, which a stream needs.
        sample_weight : array of shape (m,), default=None
            Non-negative weights of the rows; not for streams.
        classes : array of shape (n_classes,), default=None
            Only for a classifier: all labels that any rows may have; needed in the first call without :meth:`fit`.

        Returns
        -------
        self
            The fitted model.  If training fails, it is unchanged.

        Raises
        ------
        InputError
            For rows that cannot be used, or labels that are not among the classes.
        ParameterError
            For an invalid parameter, no classes in the first call, or ``class_weight="balanced"``, which depends on all
            rows.

        Examples
        --------
        >>> import numpy as np
        >>> from multilayer import TableRegressor
        >>> rng = np.random.RandomState(0)
        >>> model = TableRegressor(preset="quick", random_state=0)
        >>> for _ in range(20):
        ...     X = rng.normal(size=(500, 2))
        ...     model = model.partial_fit(X, 3 * X[:, 0])
        >>> bool(abs(model.predict([[1.0, 0.0]])[0] - 3) < 0.5)
        True
        """
        before = dict(vars(self))
        model: Any = object.__new__(type(self))
        model.__dict__.update(before)
        model._check_parameters()
        if getattr(model, "class_weight", None) == BALANCED:
            raise ParameterError(
                "class_weight='balanced' cannot be used with partial_fit: it depends on how often each class occurs in "
                "all rows. Pass a dict with the weight of each label."
            )
        with at_most(checked_jobs(model.n_jobs)):
            _train(model, X, y, sample_weight, classes)
        take_over(self, model, before)
        return self


def _train(model: Any, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
    is_first = not hasattr(model, "members_")
    first, rest = first_part(X, y, sample_weight, gathers=is_first)
    if is_first:
        encoded = _begin(model, first, classes)
    else:
        encoded = {}
        _check_classes(model, classes)
        model.members_ = [replace(each, network=_continued(each.network)) for each in model.members_]
        model._n_training_rows = list(model._n_training_rows)
    _train_part(model, first, encoded)
    for part in later_parts(rest):
        _train_part(model, part, {})
    model._single_rows = SingleRows()


def _begin(model: Any, part: Part, classes: Any) -> dict[int, NDArray[Any]]:
    """Fit the encoders on the first rows, and set the attributes of a model without held-out rows.

    Returns
    -------
    dict of int to array
        The first rows by the id of their encoder, with cross-fitted means of the target.
    """
    with input_errors(part.X):
        rows = rows_of(part.X)
    check_enough_rows(len(rows))
    y = _first_targets(model, part.y, classes)
    check_lengths(len(rows), len(y))
    random_state = check_random_state(check_seed("random_state", model.random_state))
    identifiers = identifiers_of(rows, checked_identifiers(model.identifiers))
    everything = [(np.arange(len(rows)), np.arange(0))]
    problem = Problem(rows, y, None, everything, model._classifies, identifiers, model._loss)
    recipes = recipes_of(model.preset, classifies=model._classifies)
    folds = encoded_folds(problem, 0, [recipe.encoding for recipe in recipes], None)
    seeds = random_state.randint(MAX_SEED, size=len(recipes))
    members: list[TrainedMember] = []
    encoded: dict[int, NDArray[Any]] = {}
    for recipe, seed in zip(recipes, seeds.tolist(), strict=True):
        fold = folds[recipe.encoding]
        X = fold.data().X
        encoded[id(fold.encoder)] = X
        network = model._network(seed).set_params(**_parameters(recipe, fold.encoder, len(rows)))
        limits = problem.limits(np.arange(len(rows)))
        members.append(TrainedMember(recipe.name, 0, fold.encoder, fold.mean_row, network, 0.0, (), limits))
        fold.release()
    model.members_ = members
    model.weights_ = {recipe.name: 1.0 / len(recipes) for recipe in recipes}
    model._surroundings, _ = surroundings_of(rows.table, identifiers)
    _set_without_held_out_rows(model)
    set_names(model, rows)
    return encoded


def _set_without_held_out_rows(model: Any) -> None:
    n_outputs = len(model.classes_) if model._classifies else max(model._n_outputs, len(model._loss.levels))
    model._is_series, model._trees = False, []
    model._validation_rows, model._n_training_rows = [np.arange(0)], [0]
    model._weights_of_folds, model._groups_of_rows = {}, None
    model._oof = np.zeros((0, n_outputs))
    model._targets_digest = digest_of_targets(np.zeros((0, 1)))
    model._conformity, model._scores = (), []
    if model._classifies:
        model.temperature_ = 1.0
    else:
        model._spreads = ()
    model.columns_ = model.members_[0].encoder.columns_
    model.fit_time_ = 0.0


def _first_targets(model: Any, y: Any, classes: Any) -> NDArray[Any]:
    """Return class numbers or amounts of the first rows, and set the attributes that describe y."""
    if not model._classifies:
        _check_classes(model, classes)
        amounts: NDArray[Any] = model._targets(y)
        return amounts
    if classes is None:
        raise ParameterError(
            "classes must be passed in the first call of partial_fit: y need not hold all of them yet. Pass the labels "
            "that any rows may have."
        )
    if isinstance(classes, str) or np.ndim(np.asarray(classes, dtype=object)) != 1:
        raise InputError(f"classes must be a list of all labels, got {classes!r}. Write classes=np.unique(y).")
    with labels_alone():
        model._targets(np.asarray(classes))
    return _targets(model, y)


def _targets(model: Any, y: Any) -> NDArray[Any]:
    like = np.zeros(0) if model._classifies or model._n_outputs == 1 else np.zeros((0, model._n_outputs))
    found: NDArray[Any] = model._more_targets(y, like, name="y")
    return found


def _check_classes(model: Any, classes: Any) -> None:
    if classes is None:
        return
    if not model._classifies:
        raise ParameterError("classes are those of a classifier, and a TableRegressor has none. Omit classes.")
    given = np.unique(np.asarray(classes))
    if not np.array_equal(given, model.classes_):
        raise ParameterError(
            f"classes are {given.tolist()!r}, and those of the model are {model.classes_.tolist()!r}. Omit classes, or "
            "call fit to start again."
        )


def _parameters(recipe: Recipe, encoder: Any, n_rows: int) -> Mapping[str, Any]:
    """Return the parameters of a network for rows without an end."""
    numbers = tuple(np.flatnonzero(encoder.number_columns_).tolist())
    found = parameters_of(recipe, n_rows, len(encoder.number_columns_), numbers)
    return {**found, **_unending(found["learning_rate_init"] * SHARE_OF_STEP)}


def _unending(step_size: float) -> dict[str, Any]:
    return {
        "learning_rate": "constant",
        "learning_rate_init": step_size,
        "regularization_schedule": "constant",
        "early_stopping": False,
        "early_stopping_metric": "auto",
        "n_iter_no_change": None,
        "max_time": None,
    }


def _continued(network: Any) -> Any:
    """Return a copy of a network that partial_fit can train without changing the original."""
    found = copy.deepcopy(network)
    if found._last_was_part:
        return found
    # It continues from the weights that it predicts with, those of its best epoch, not from the last ones.
    found._training_state.best = None
    return found.set_params(**_unending(found.learning_rate_init * SHARE_OF_LATER_STEP))


def _train_part(model: Any, part: Part, encoded: dict[int, NDArray[Any]]) -> None:
    """Train all networks for one epoch on some rows, which may be encoded already."""
    with input_errors(part.X):
        used = {each.name for member in model.members_ for each in member.encoder.columns_ if each.width}
        table = rows_to_predict(part.X, model._names, model._has_names, used, type(model).__name__).table
    if not table.num_rows:
        return
    y = _targets(model, part.y)
    check_lengths(table.num_rows, len(y))
    weight = weight_of_rows(part.weight, len(y), "sample_weight")
    targets = y if model._loss is None else model._loss.scaled(y)
    for member in model.members_:
        key = id(member.encoder)
        if key not in encoded:
            encoded[key] = member.encoder.transform(table)
        _train_member(model, member.network, encoded[key], targets, weight)
    for fold in range(len(model._n_training_rows)):
        model._n_training_rows[fold] += len(y)
    if not model._classifies:
        matrix = y.reshape(len(y), -1)
        low, high = model._range
        model._range = np.minimum(low, matrix.min(axis=0)), np.maximum(high, matrix.max(axis=0))
    model._surroundings = widened(model._surroundings, table)


def _train_member(model: Any, network: Any, X: NDArray[Any], y: NDArray[Any], weight: Any) -> None:
    network.set_params(batch_size=min(BATCH_SIZE, len(X)))
    if not model._classifies:
        with collected_warnings([]):
            network.partial_fit(X, y, weight)
        return
    known = getattr(network, "classes_", None)
    if known is not None and not np.isin(y, known).all():
        label = model.classes_[y[~np.isin(y, known)][0]].item()
        raise InputError(
            f"y has the label {label!r}, which the training rows of one of the folds of fit lack, so that its network "
            "cannot learn it. Call fit with more rows of this label."
        )
    with collected_warnings([]):
        network.partial_fit(X, y, weight, classes=np.arange(len(model.classes_)) if known is None else None)
