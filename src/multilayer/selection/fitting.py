"""A table that many networks are trained on, each on rows of its own."""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn import config_context
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing, assert_all_finite, indexable
from sklearn.utils.validation import _num_samples

from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.fits.class_weights import KnownClasses, classes_of, known_classes
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import Complaint, divergence_in_both_words, handed_over, input_errors
from multilayer.fits.fit import Fit
from multilayer.fits.inputs import checked_weight, checked_y
from multilayer.fits.metrics import takes_any, takes_weights
from multilayer.fits.rows import Shared
from multilayer.fits.sample_weights import scaled_weights
from multilayer.fits.scikit_learn_callbacks import may_have_callbacks
from multilayer.fits.sharing import begin, can_share, shared_by
from multilayer.packs.running import Slice, StopWatch, carried_out
from multilayer.selection.routing import SAMPLE_WEIGHT, consumes, requested
from multilayer.training.batching import Rows

# So long, about, a network trains before somebody looks whether another one is to have its thread.
SECONDS_PER_SLICE = 0.25
LEAST_SECONDS_PER_SLICE = 0.002
# Of a row in an update, until it is known how fast a network really is: fewer than on any machine.
WEIGHTS_PER_SECOND = 1e9
# Of a table, to tell which of two networks takes longer: most of the difference is in the layers.
TYPICAL_COLUMNS = 32


@dataclass(frozen=True)
class Fitted:
    """A model that was fitted as the member of a pack."""

    model: Any
    seconds: float  # that it took
    complaints: list[Complaint]


@dataclass(frozen=True, eq=False)
class Data:
    """Rows with their targets and weights, from which each member of a pack takes its own by their numbers.

    A network of ours reads the rows where they are: the table is checked once and shared, not copied.  Where another
    step comes before it in a pipeline, that step makes a copy for each member at work.
    """

    X: Any
    y: Any
    weight: Any = None
    shared: Shared | None = None  # as our networks see it
    trouble: InputError | None = None  # why they do not: some rows cannot be used
    known: KnownClasses | None = None  # the labels of all rows, of which a member may see some only

    @classmethod
    def of(cls, X: Any, y: Any, sample_weight: ArrayLike | None = None, model: Any = None) -> Data:
        """The arguments of a ``fit``, once it is clear that they have as many rows; to share, if ``model`` can."""
        X, y = checked_entries(X), checked_entries(y, "y")
        with input_errors():
            X, y = indexable(X, y)
        if model is not None:
            _check_targets(y, are_labels=is_classifier(model))
        weight = checked_weight(sample_weight, _num_samples(X), np.dtype(np.float64), warns=True)
        shared, trouble = None, None
        if can_share(model):
            try:
                shared = shared_by(model, X, y, weight)
            except InputError as error:  # of the members that have these rows, which may not be all
                trouble = error
        return cls(X, y, weight, shared, trouble, classes_of(y))

    def reason(self, failures: Iterable[Exception]) -> Exception:
        """Where all members have failed, why: by the rows as they were passed, whose numbers a member does not know."""
        first = next(iter(failures))
        return self.trouble if self.trouble is not None and isinstance(first, InputError) else first

    def __len__(self) -> int:
        return int(_num_samples(self.X))  # y may be a sparse matrix, which has no length

    def weighted(self, weight: Any) -> Data:
        """The same rows with other weights, (m,)."""
        shared = self.shared and replace(self.shared, weight=scaled_weights(weight, self.shared.X.dtype))
        return replace(self, weight=weight, shared=shared)

    def _unweighted(self) -> Data:
        """The same rows, each counted once."""
        return replace(self, weight=None, shared=self.shared and replace(self.shared, weight=None))

    def part(self, rows: Rows) -> tuple[Any, Any, Any]:
        """X, y and weights of some rows, copied."""
        weight = None if self.weight is None else self.weight[rows]
        return _safe_indexing(self.X, rows), _safe_indexing(self.y, rows), weight

    def fit(self, model: Any, rows: Rows) -> Any:
        """Fit a model on some of the rows, and return it; weights go to the last step of a pipeline."""
        carried_out(self._fitting(model, rows, None, None))
        return model

    def training(self, model: Any, rows: Rows, validating: Rows | None = None) -> Generator[float, Slice, Fitted]:
        """The same in steps, for the work of a member of a pack, which hands over what there is to warn of.

        With ``validating`` the network validates on those rows after each epoch, as seen by the steps before it.
        """
        watch, complaints = StopWatch(), list[Complaint]()
        yield from watch.timing(self._fitting(model, rows, validating, complaints))
        return Fitted(model, watch.seconds, complaints)

    def _fitting(
        self, model: Any, rows: Rows, validating: Rows | None, complaints: list[Complaint] | None
    ) -> Generator[float, Slice, None]:
        with divergence_in_both_words():
            # Handed over in parts: between two steps the thread belongs to others.
            with handed_over(complaints):
                fit = self.begin(model, rows, validating)
            if fit is not None:
                yield from advancing(fit)
                with handed_over(complaints):
                    fit.end()

    def through(self, before: Any, rows: Rows) -> tuple[Any, Any, Any]:
        """X, y and weights of some rows, after the steps before a network, which are fitted on them."""
        X, y, weight = self.part(rows)
        with input_errors(X, known_only=True):
            weights = {SAMPLE_WEIGHT: weight} if weight is not None and consumes(before, "fit_transform") else {}
            return before.fit_transform(X, y, **weights), y, weight

    def begin(self, model: Any, rows: Rows, validating: Rows | None = None) -> Fit | None:
        """The fit of the network, for which the steps before it are fitted; None where all is done already."""
        if self.weight is not None and requested(model, "fit") is False:
            return self._unweighted().begin(model, rows, validating)
        with known_classes(self.known):
            return self._begin(model, rows, validating)

    def _begin(self, model: Any, rows: Rows, validating: Rows | None) -> Fit | None:
        network = network_of(model)
        before = steps_before(model)
        if before is None and self.shared is not None and can_share(network):
            return begin(network, self.shared, rows, validating)
        follows_network = hasattr(network, "_parent_callback_ctx")  # an ensemble's callbacks, which have it already
        if before is not None and validating is None and may_have_callbacks(model) and not follows_network:
            self._fit_with_callbacks(model, rows)
            return None
        X, y, weight = self.part(rows) if before is None else self.through(before, rows)
        if validating is None and can_share(network):
            return begin(network, shared_by(network, X, y, weight), np.arange(len(rows)))
        if weight is not None and not (takes_weights(network.fit) or takes_any(network.fit)):
            raise ParameterError(
                f"sample_weight was passed, and fit of {type(network).__name__} takes none. Leave the weights out, or "
                "train an estimator whose fit takes them."
            )
        arguments = {} if weight is None else {"sample_weight": weight}
        if validating is not None:
            X_val, y_val, weight_val = self.part(validating)
            arguments |= {"X_val": X_val if before is None else before.transform(X_val), "y_val": y_val}
            arguments |= {} if weight_val is None else {"sample_weight_val": weight_val}
        network.fit(X, y, **arguments)
        return None

    def _fit_with_callbacks(self, pipeline: Any, rows: Rows) -> None:
        """Fit a pipeline whose own callbacks, those of scikit-learn, follow all of its steps."""
        X, y, weight = self.part(rows)
        weights = {} if weight is None else {f"{pipeline.steps[-1][0]}__sample_weight": weight}
        with input_errors(X, known_only=True), config_context(enable_metadata_routing=False):
            pipeline.fit(X, y, **weights)


def checked_estimator(estimator: Any) -> Any:
    """An estimator that can be cloned and fitted.

    Raises
    ------
    InputError
        For anything else, which says what it is.
    """
    if isinstance(estimator, type):
        raise InputTypeError(
            f"estimator must be a model, got the class {estimator.__name__}. Write {estimator.__name__}()."
        )
    if not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        inner = getattr(estimator, "estimator", None)
        remedy = "Pass an MLPClassifier, an MLPRegressor, or a pipeline that ends in one."
        if hasattr(inner, "get_params"):
            remedy = "Pass found.estimator, the model that it holds."
        elif isinstance(estimator, Mapping) and "estimator" in estimator:
            remedy = 'Pass the model itself; result["estimator"] holds one for each fold.'
        raise InputTypeError(f"estimator must be a model, got {type(estimator).__name__}. {remedy}")
    return estimator


def _check_targets(y: Any, *, are_labels: bool) -> None:
    """An error for targets that are missing, which splitters and scorers would meet before the network does."""
    if y is None:
        raise InputError("y is None, and a network learns from targets. Pass y, one for each row of X.")
    checked = checked_y(y, are_labels=are_labels)
    with input_errors():
        assert_all_finite(checked.data if issparse(checked) else np.asarray(checked), input_name="y")


def network_of(model: Any) -> Any:
    """The last step of a pipeline, or the model itself."""
    return model[-1] if hasattr(model, "steps") else model


def steps_before(model: Any) -> Any:
    """The steps of a pipeline before its last; None where there are none."""
    return model[:-1] if hasattr(model, "steps") and len(model.steps) > 1 else None


def work_of(model: Any, n_rows: int) -> float:
    """How long a training on so many rows takes, beside others: by the units of neighbouring layers."""
    sizes: Any = getattr(network_of(model), "hidden_layer_sizes", ())
    try:
        layers: list[Any] = [sizes] if isinstance(sizes, numbers.Integral) else list(sizes)
        return float(n_rows * sum(k * n for k, n in itertools.pairwise([TYPICAL_COLUMNS, *layers, 1])))
    except TypeError:  # sizes that the network itself will refuse
        return float(n_rows)


def names_of_seeds(estimator: Any) -> list[str]:
    """The parameters of an estimator, and of those in it, that are seeds."""
    return [name for name in sorted(estimator.get_params()) if name.split("__")[-1] == "random_state"]


def advancing(fit: Fit, until: float = math.inf) -> Generator[float, Slice, None]:
    """Train a fit in steps, to its end or until so many epochs are done, or until it is asked to end."""
    began = fit.n_epochs
    last = min(until, fit.max_epochs)
    while not fit.has_ended and fit.n_epochs < last:
        asked = yield (last - fit.n_epochs) / (last - began)
        if asked.is_last:
            return
        fit.advance(_epochs(fit, last - fit.n_epochs, asked.share))


def _epochs(fit: Fit, left: float, share: float) -> int:
    """The epochs of a slice: a share of what is left, if that takes neither too long nor next to no time."""
    is_known = fit.n_epochs > 0 and fit.seconds > 0
    pace = fit.seconds / fit.n_epochs if is_known else fit.n_weights * fit.n_rows / WEIGHTS_PER_SECOND
    least, most = math.ceil(LEAST_SECONDS_PER_SLICE / pace), math.ceil(SECONDS_PER_SLICE / pace)
    return int(min(left, max(min(math.ceil(share * left), most), least)))
