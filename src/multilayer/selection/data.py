"""A table shared by many networks, each of which is trained on some of its rows."""

from __future__ import annotations

import itertools
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.utils import _safe_indexing, assert_all_finite, indexable
from sklearn.utils.validation import _num_samples

from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.fits.columns import checked_weight, checked_y
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import input_errors
from multilayer.fits.fit import Fit
from multilayer.fits.labels import KnownClasses, classes_of, known_classes
from multilayer.fits.measure import takes_any, takes_weights
from multilayer.fits.reading import is_plain_y
from multilayer.fits.rows import NO_VALIDATION, FitRequest, Keep, SharedTable, ValidationArguments
from multilayer.fits.sample_weights import scaled_weights
from multilayer.fits.scikit_learn_callbacks import CALLBACK_ATTRIBUTES, may_have_callbacks
from multilayer.fits.settings import settings_of
from multilayer.selection.routing import SAMPLE_WEIGHT, consumes, requested
from multilayer.training.batching import RowNumbers

# An assumed number of columns for estimates of training time, which depend mostly on the layers.
TYPICAL_COLUMNS = 32


@dataclass(frozen=True, eq=False)
class Data:
    """Rows with their targets and weights; each member of a pack selects rows by their numbers.

    A network of this library reads the rows in place: the table is checked once and shared, not copied.  If a pipeline
    has steps before the network, they make a copy for each member that is working.
    """

    X: Any
    y: Any
    weight: Any = None
    shared: SharedTable | None = None  # the table as networks of this library read it
    input_error: InputError | None = None  # why it cannot be shared: some rows are invalid
    known: KnownClasses | None = None  # the labels of all rows; the rows of a member may lack some

    @classmethod
    def of(cls, X: Any, y: Any, sample_weight: ArrayLike | None = None, model: Any = None) -> Data:
        """Check the arguments of a ``fit`` for equal numbers of rows, and share the table if ``model`` supports it."""
        if not (type(X) is type(y) is np.ndarray):
            X, y = checked_entries(X), checked_entries(y, "y")
        with input_errors():
            X, y = indexable(X, y)
        is_plain = is_plain_y(y) and (y.dtype.kind != "f" or bool(np.isfinite(y).all()))
        if model is not None and not is_plain:
            _check_targets(y, are_labels=is_classifier(model))
        weight = None
        if sample_weight is not None:
            weight = checked_weight(sample_weight, _num_samples(X), np.dtype(np.float64), warns=True)
        shared, input_error = None, None
        if can_share(model):
            try:
                shared = share(model, X, y, weight)
            except InputError as error:  # it concerns only members with these rows
                input_error = error
        return cls(X, y, weight, shared, input_error, classes_of(y))

    def reason(self, failures: Iterable[Exception]) -> Exception:
        """Return the error to raise if all members have failed; it names rows by their numbers in the whole table."""
        first = next(iter(failures))
        return self.input_error if self.input_error is not None and isinstance(first, InputError) else first

    def __len__(self) -> int:
        return int(_num_samples(self.X))  # y may be a sparse matrix, which has no length

    def weighted(self, weight: Any) -> Data:
        """Return the same rows with other weights, (m,)."""
        shared = self.shared and replace(self.shared, weight=scaled_weights(weight, self.shared.X.dtype))
        return replace(self, weight=weight, shared=shared)

    def _unweighted(self) -> Data:
        """Return the same rows without weights."""
        return replace(self, weight=None, shared=self.shared and replace(self.shared, weight=None))

    def part(self, rows: RowNumbers) -> tuple[Any, Any, Any]:
        """Return copies of X, y and weights of some rows."""
        weight = None if self.weight is None else self.weight[rows]
        return _safe_indexing(self.X, rows), _safe_indexing(self.y, rows), weight

    def fit(self, model: Any, rows: RowNumbers) -> Any:
        """Fit a model on some of the rows, and return it; weights go to the last step of a pipeline."""
        fit = self.begin(model, rows)
        if fit is not None:
            fit.train()
            fit.end()
        return model

    def through(self, before: Any, rows: RowNumbers) -> tuple[Any, Any, Any]:
        """Fit the steps before a network on some rows; return the transformed X, y and weights."""
        X, y, weight = self.part(rows)
        with input_errors(X, known_only=True):
            weights = {SAMPLE_WEIGHT: weight} if weight is not None and consumes(before, "fit_transform") else {}
            return before.fit_transform(X, y, **weights), y, weight

    def begin(
        self, model: Any, rows: RowNumbers, validating: RowNumbers | None = None, keep: Keep = "best"
    ) -> Fit | None:
        """Fit the steps before the network and begin its fit; return None if the fit is already complete."""
        if self.weight is not None and requested(model, "fit") is False:
            return self._unweighted().begin(model, rows, validating, keep)
        if can_share(model) and getattr(model, "class_weight", None) is None:
            return self._begin(model, rows, validating, keep)
        with known_classes(self.known):
            return self._begin(model, rows, validating, keep)

    def _begin(self, model: Any, rows: RowNumbers, validating: RowNumbers | None, keep: Keep) -> Fit | None:
        network = network_of(model)
        before = steps_before(model)
        if before is None and self.shared is not None and can_share(network):
            return begin_shared(network, self.shared, rows, validating, keep)
        follows_network = hasattr(network, "_parent_callback_ctx")  # the callbacks of an ensemble already follow it
        if before is not None and validating is None and may_have_callbacks(model) and not follows_network:
            self._fit_with_callbacks(model, rows)
            return None
        X, y, weight = self.part(rows) if before is None else self.through(before, rows)
        if validating is None and can_share(network):
            return begin_shared(network, share(network, X, y, weight), np.arange(len(rows)))
        if weight is not None and not (takes_weights(network.fit) or takes_any(network.fit)):
            raise ParameterError(
                f"sample_weight was passed, and fit of {type(network).__name__} has no such parameter. Omit the "
                "weights, or train an estimator whose fit has it."
            )
        arguments = {} if weight is None else {"sample_weight": weight}
        if validating is not None:
            X_val, y_val, weight_val = self.part(validating)
            X_val = X_val if before is None else before.transform(X_val)
            if keep == "last":
                validation = ValidationArguments(X_val, y_val, weight_val)
                network._train(settings_of(network), FitRequest(X, y, weight, validation, keep=keep))
                return None
            arguments |= {"X_val": X_val, "y_val": y_val}
            arguments |= {} if weight_val is None else {"sample_weight_val": weight_val}
        network.fit(X, y, **arguments)
        return None

    def _fit_with_callbacks(self, pipeline: Any, rows: RowNumbers) -> None:
        """Fit a pipeline with callbacks of scikit-learn, which follow all of its steps."""
        X, y, weight = self.part(rows)
        weights = {} if weight is None else {f"{pipeline.steps[-1][0]}__sample_weight": weight}
        with input_errors(X, known_only=True), config_context(enable_metadata_routing=False):
            pipeline.fit(X, y, **weights)


def checked_estimator(estimator: Any) -> Any:
    """Return the estimator if it can be cloned and fitted; otherwise raise an error."""
    if isinstance(estimator, type):
        raise InputTypeError(
            f"estimator must be a model, got the class {estimator.__name__}. Write {estimator.__name__}()."
        )
    if not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        inner = getattr(estimator, "estimator", None)
        remedy = "Pass an MLPClassifier, an MLPRegressor, or a pipeline that ends in one."
        if hasattr(inner, "get_params"):
            remedy = "Pass its attribute estimator."
        elif isinstance(estimator, Mapping) and "estimator" in estimator:
            remedy = 'Pass the model itself; result["estimator"] holds one for each fold.'
        raise InputTypeError(f"estimator must be a model, got {type(estimator).__name__}. {remedy}")
    return estimator


def _check_targets(y: Any, *, are_labels: bool) -> None:
    """Raise an error for missing targets before splitters and scorers use them."""
    if y is None:
        raise InputError("y is None, but training needs targets. Pass y with one entry for each row of X.")
    checked = checked_y(y, are_labels=are_labels)
    with input_errors():
        assert_all_finite(checked.data if issparse(checked) else np.asarray(checked), input_name="y")


def network_of(model: Any) -> Any:
    """Return the last step of a pipeline, or the model itself."""
    return model[-1] if hasattr(model, "steps") else model


def steps_before(model: Any) -> Any:
    """Return the steps of a pipeline before the last one; None without such steps."""
    return model[:-1] if hasattr(model, "steps") and len(model.steps) > 1 else None


def work_of(model: Any, n_rows: int) -> float:
    """Return the relative cost of training on n_rows rows, estimated from the sizes of adjacent layers."""
    sizes: Any = getattr(network_of(model), "hidden_layer_sizes", ())
    try:
        layers: list[Any] = [sizes] if isinstance(sizes, numbers.Integral) else list(sizes)
        return float(n_rows * sum(k * n for k, n in itertools.pairwise([TYPICAL_COLUMNS, *layers, 1])))
    except TypeError:  # invalid sizes, for which the network raises an error
        return float(n_rows)


def names_of_seeds(estimator: Any) -> list[str]:
    """Return the names of all ``random_state`` parameters of an estimator, including nested ones."""
    return [name for name in sorted(estimator.get_params()) if name.split("__")[-1] == "random_state"]


def can_share(model: Any) -> bool:
    """Return whether this model can be trained on rows of a shared table, in slices and without an observer.

    Derived classes may override ``fit``, and callbacks observe whole fits.
    """
    if type(model) not in (MLPClassifier, MLPRegressor):
        return False
    is_observed = model.callbacks or model.verbose or not CALLBACK_ATTRIBUTES.isdisjoint(vars(model))
    return not is_observed and not hasattr(model, "_training_state")


def share(model: Any, X: Any, y: Any, weight: Any = None) -> SharedTable:
    """Check the data of many fits once, as ``fit`` of a model does."""
    table: SharedTable = clone(model)._shared_table(X, y, weight)
    return table


def begin_shared(
    model: Any, shared: SharedTable, rows: RowNumbers, validating: RowNumbers | None = None, keep: Keep = "best"
) -> Fit:
    """Begin the fit of an unfitted model on some of the rows, before its first update.

    The result equals that of ``model.fit`` on copies of these rows, bit for bit; ``validating`` are the rows of X_val.
    """
    validation = NO_VALIDATION if validating is None else shared.validation(validating)
    fit: Fit = model._begin(FitRequest(shared=shared, rows=rows, validation=validation, keep=keep))
    return fit
