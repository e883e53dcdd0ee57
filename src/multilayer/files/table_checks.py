"""Consistency checks of loaded table models, beyond the kinds of single values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import ModelFileError
from multilayer.files.checks import check_distinct, check_labels
from multilayer.files.encoders import width
from multilayer.fits.labels import Labels
from multilayer.fits.losses import QUANTILE, loss_of_numbers
from multilayer.tables.models.calibration import LARGEST_LOG_TEMPERATURE
from multilayer.tables.models.companions import TREES
from multilayer.tables.models.conformal import Conformity
from multilayer.tables.models.forest import Forest
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.spread import Spread
from multilayer.tables.models.summary import MODEL
from multilayer.tables.models.trees import ConstantClasses

HEX = set("0123456789abcdef")


def check(is_right: Any, wrong: str) -> None:
    """Raise an error that says what is wrong unless it is right."""
    if not is_right:
        raise ModelFileError(wrong)


def _are_finite(*arrays: NDArray[Any]) -> bool:
    return all(bool(np.isfinite(each).all()) for each in arrays)


# Records.


def check_forest(forest: Forest) -> None:
    """Check that each path through a tree stays inside of it and ends."""
    n, starts, k = len(forest.value), forest.starts, forest.baseline.shape[1]
    check(
        len(starts) and starts[0] == 0 and bool((np.diff(starts) > 0).all()) and starts[-1] < n,
        "the trees of Forest do not begin at ascending nodes from 0",
    )
    own, sizes = np.arange(n), np.diff(np.append(starts, n))
    ends = np.repeat(starts + sizes, sizes)
    is_leaf = forest.left == own
    behind = (forest.left > own) & (forest.right > own) & (forest.left < ends) & (forest.right < ends)
    check(np.where(is_leaf, forest.right == own, behind).all(), "a node of Forest has children outside of its tree")
    inputs = forest.feature
    check(inputs.min() >= 0 and inputs.max() < forest.width, f"Forest has inputs that are not below {forest.width}")
    check(not np.isnan(forest.threshold).any(), "the thresholds of Forest are not numbers")
    check(_are_finite(forest.value, forest.baseline), "the values of Forest are not finite")
    check(forest.baseline.shape[0] == 1 and k and not len(starts) % k, "Forest has another number of trees than sums")
    n_classes = 0 if forest.classes is None else len(forest.classes)
    wanted = {"identity": n_classes == 0, "log": n_classes == 0, "logit": n_classes == 2}
    is_single = wanted.get(forest.link, False) and k == 1
    check(is_single or (forest.link == "multinomial" and k == n_classes > 2), "Forest has another number of classes")
    if forest.classes is not None:
        _check_classes(forest.classes)


def _check_classes(classes: NDArray[Any]) -> None:
    check(len(classes) and classes[0] >= 0 and bool((np.diff(classes) > 0).all()), "the trees have no sorted classes")


def check_constant(constant: ConstantClasses) -> None:
    """Check the probabilities of a constant."""
    _check_classes(constant.classes)
    shares = constant.shares
    check(_are_finite(shares) and (shares >= 0).all() and abs(shares.sum() - 1) < 1e-6, "ConstantClasses has no shares")


def check_conformity(conformity: Conformity) -> None:
    """Check that the scores and the sums of their weights ascend."""
    scores, below = conformity.scores, conformity.below
    check(_are_finite(scores) and (np.diff(scores) >= 0).all(), "the scores of Conformity do not ascend")
    if below is not None:
        check(
            len(below) and _are_finite(below) and below[0] > 0 and (np.diff(below) >= 0).all(),
            "the sums of weights of Conformity do not ascend",
        )


def check_spread(spread: Spread) -> None:
    """Check that the trees of a spread have positive values of any size."""
    check(all(forest.link == "log" for forest in spread.models), "the trees of Spread must have the link 'log'")


def check_target_loss(loss: TargetLoss) -> None:
    """Check the quantiles, and the scale of the targets."""
    check(_are_finite(loss.centre, loss.unit) and (loss.unit > 0).all(), "TargetLoss has no finite, positive scale")
    if loss.name == "quantile":
        loss_of_numbers(QUANTILE, loss.levels)  # which checks them
    else:
        check(loss.levels == (0.5,), "TargetLoss has quantiles without the loss 'quantile'")
    check(not loss.several_levels or len(loss.unit) == 1, "TargetLoss has several quantiles of several outputs")


def check_surroundings(part: Any) -> None:
    """Check the covariances of the rows of the fit."""
    root = part.root
    check(_are_finite(part.centre, root), "the moments of Surroundings are not finite")
    check(
        not np.triu(root, 1).any() and (np.diagonal(root) > 0).all(),
        "the root of Surroundings must be lower triangular with a positive diagonal",
    )


# The model.


def check_table_model(model: Any) -> None:
    """Raise an error if the parts of a table model are inconsistent; their records are checked before."""
    folds = sorted({member.fold for member in model.members_})
    last = len(model._validation_rows)
    check(
        len(model._n_training_rows) == last + model._is_series and folds and folds[-1] < len(model._n_training_rows),
        "its members are of folds that it does not have",
    )
    # The members of all rows of a series are the last ones.
    check(model.members_[-1].fold == folds[-1] and folds != [last], "its members are not in the order of the folds")
    _check_weights(model, folds)
    if model._classifies:
        _check_classifier(model)
    else:
        _check_regressor(model)
    names = model._names
    for member in model.members_:
        _check_member(model, member)
    for each in model._trees:
        _check_encoded(each, names)
        _check_trees(model, each)
    _check_surroundings(model, names)
    digest = model._targets_digest
    check(len(digest) == 64 and set(digest) <= HEX, "targets_digest must be a digest of 64 hexadecimal digits")
    if not len(model._oof):  # fitted by partial_fit alone
        held = (model._scores, model._conformity, getattr(model, "_spreads", ()), model._trees)
        check(not any(map(len, held)), "it has scores, and no out-of-fold predictions")
        check(not any(map(len, model._validation_rows)), "it has validation rows, and no out-of-fold predictions")
        return
    _check_out_of_fold(model)
    scores, measures = model._scores, len(model._measure_columns)
    is_right = [(each.name == MODEL) == (each.better is None) and len(each.measures) == measures for each in scores]
    known = {each.name for each in scores}
    check(
        scores and scores[0].name == MODEL and all(is_right) and len(known) == len(scores), "its scores are incomplete"
    )


def _check_weights(model: Any, folds: list[int]) -> None:
    recipes = {member.recipe for member in model.members_}
    kinds = [(member.recipe, member.fold) for member in model.members_]
    check(
        len(set(kinds)) == len(kinds) == len(recipes) * len(folds) and TREES not in recipes,
        "its members are not one for each kind and fold",
    )
    known = set(model.weights_)
    check(known - {TREES} == recipes and _are_shares(model.weights_), "its weights are not shares of its kinds")
    check(
        all(0 <= fold < len(model._validation_rows) for fold in model._weights_of_folds)
        and all(set(each) == known and _are_shares(each) for each in model._weights_of_folds.values()),
        "its weights of folds are not shares of its kinds",
    )
    has_weight = any(each.get(TREES) for each in (model.weights_, *model._weights_of_folds.values()))
    of_trees = [each.fold for each in model._trees]
    check(of_trees == (folds if has_weight else []), "its trees are not one for each fold")


def _are_shares(weights: Mapping[str, float]) -> bool:
    return bool(np.isfinite([*weights.values()]).all()) and abs(sum(weights.values()) - 1.0) < 1e-6


def _check_classifier(model: Any) -> None:
    classes = model.classes_
    check_labels(Labels(classes), classes, "the table model")
    check(len(classes) >= 2 and model._oof.shape[1] == len(classes), "its predictions are not those of its classes")
    largest = np.exp(LARGEST_LOG_TEMPERATURE) * (1 + 1e-9)
    check(1 / largest <= model.temperature_ <= largest, "temperature_ must be a number from 0.2 to 5")
    check(len(model._conformity) == bool(len(model._oof)), "it has no scores of its out-of-fold predictions")


def _check_regressor(model: Any) -> None:
    loss, n, (low, high) = model._loss, model._n_outputs, model._range
    several = loss.several_levels
    check(model._oof.shape[1] == (len(loss.levels) if several else n), "its predictions are not those of its outputs")
    check(_are_finite(low, high) and (low <= high).all(), "target_range must be finite, from low to high")
    check(n == 1 or model._is_matrix, "is_matrix must be true for several outputs")
    if not len(model._oof):
        return
    n_scores = 1 if several else 2 * n if loss.name == "quantile" else n
    check(len(model._conformity) == n_scores, "it has no scores of its out-of-fold predictions")
    check(len(model._spreads) == (0 if several else n), "it has no spread of each output")
    inputs = width(model._surroundings.encoder) + 1
    for spread in model._spreads:
        check(all(each.width == inputs for each in spread.models), f"the trees of Spread must have {inputs} inputs")


def _check_encoded(part: Any, names: tuple[str, ...]) -> None:
    check(tuple(report.name for report in part.encoder.columns_) == names, "its encoders are of other columns")
    n = width(part.encoder)
    check(part.mean_row.shape == (n,) and _are_finite(part.mean_row), f"mean_row must be {n} finite numbers")


def _check_member(model: Any, member: Any) -> None:
    _check_encoded(member, model._names)
    network, limits = member.network, member.limits
    check(type(network) is (MLPClassifier if model._classifies else MLPRegressor), "a member is of another kind")
    n = width(member.encoder)
    check(network.n_features_in_ == n, f"a network has {network.n_features_in_} inputs, and its encoder {n} outputs")
    check((limits is None) == model._classifies, "limits must be those of amounts")
    if model._classifies:
        classes = network.classes_
        check(
            classes.dtype.kind in "iu" and not network._labels.multilabel and classes.min() >= 0,
            "the classes of a network must be numbers",
        )
        check(classes.max() < len(model.classes_), "a network has classes that the model does not have")
    else:
        check(network.n_outputs_ == model._oof.shape[1], "a network has another number of outputs than the model")
        check(_are_finite(*limits) and (limits[0] <= limits[1]).all(), "limits must be finite, from low to high")


def _check_trees(model: Any, each: Any) -> None:
    forests = getattr(each.model, "forests", (each.model,))
    n = width(each.encoder)
    for forest in forests:
        is_constant = isinstance(forest, ConstantClasses)
        check(is_constant or forest.width == n, f"its trees do not have the {n} outputs of their encoder as inputs")
        if model._classifies:
            classes = forest.classes
            check(
                classes is not None and classes[-1] < len(model.classes_),
                "its trees have unknown classes",
            )
        else:
            check(forest.classes is None, "its trees are of another kind than the model")
    check(len(forests) == (1 if model._classifies else model._oof.shape[1]), "its trees are not those of each output")


def _check_surroundings(model: Any, names: tuple[str, ...]) -> None:
    surroundings = model._surroundings
    encoder = surroundings.encoder
    check(tuple(report.name for report in encoder.columns_) == names, "its encoders are of other columns")
    n = np.count_nonzero(encoder.number_columns_)
    check(len(surroundings.centre) == n, f"Surroundings must have the means of {n} numbers")


def _check_out_of_fold(model: Any) -> None:
    oof = model._oof
    is_known = ~np.isnan(oof[:, 0])
    check(is_known.any() and _are_finite(oof[is_known]), "its out-of-fold predictions are not finite")
    check(np.isnan(oof[~is_known]).all(), "a row has some out-of-fold predictions only")
    for each in model._validation_rows:
        check_distinct(each, len(oof))
    groups = model._groups_of_rows
    check(
        groups is None or (len(groups) == is_known.sum() and groups.min() >= 0 and groups.max() < len(oof)),
        "its groups are not those of its out-of-fold rows",
    )
