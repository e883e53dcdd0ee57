"""Forged files of table models: the error names the invalid value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from multilayer import load_model
from multilayer.exceptions import ModelFileError

from .mutants import file_content, parts
from .test_pipeline_schema import DROP, Change, array, put

MEMBER = "members/0/part/fields"
TREES = "trees/0/fields"
FOREST = "trees.0.forests.0"  # arrays of the trees of one fold
LOSS = "attributes/target_loss/fields"
SURROUNDINGS = "surroundings/fields"


def first(value: float) -> Change:
    """Return a function that replaces the first entry of an array."""
    return lambda a: np.where(np.arange(a.size).reshape(a.shape) == 0, value, a).astype(a.dtype)  # type: ignore[return-value]


OF_CLASSES: dict[str, tuple[Change, str]] = {
    "another class": (put("class", "TableEncoder"), "it holds a 'TableEncoder', and models are TableClassifier, Tab"),
    "a part of the future": (put("depth", 1), "its header is not that of a table model"),
    "members that are no list": (put("members", {}), "its header is not that of a table model"),
    "no members": (put("members", []), "its list of members is empty"),
    "a member without a network": (put("members/0/network", DROP), "members.0 must have a part and a network"),
    "a network that is none": (put("members/1/network/class", "os.system"), "members.1: it holds a 'os.system', and"),
    "a field of the future": (put(f"{MEMBER}/depth", 1), "TrainedMember has a 'depth', which is unknown"),
    "a missing field": (put(f"{MEMBER}/mean_row", DROP), "TrainedMember has no 'mean_row'"),
    "an attribute of the future": (put("attributes/depth_", 1), "'depth_' is not an attribute of a model"),
    "no digest": (put("attributes/targets_digest", "x" * 64), "targets_digest must be a digest of 64 hexadecimal"),
    "a parameter that is code": (put("parameters/cv", "os.system"), "cv must be a list, got 'os.system'"),
    "a splitter without folds": (
        put("parameters/cv", {"record": "TimeSeriesSplit", "fields": {"n_splits": 1}}),
        "cv must be a list",
    ),
    "a seed without shuffling": (
        put("parameters/cv", {"record": "KFold", "fields": {"n_splits": 2, "shuffle": False, "random_state": 1}}),
        "cv must be a list",
    ),
    "an unknown preset": (put("parameters/preset", "huge"), "preset must be one of 'quick', 'standard', 'best', got"),
    "an encoder that is missing": (put(f"{MEMBER}/encoder", 99), "encoders, and none of the number 99"),
    "an encoder of another width": (put(f"{MEMBER}/encoder", 1), r"mean_row must be \d+ finite numbers"),
    "a mean that is no number": (array("members.0.mean_row", first(np.nan)), r"mean_row must be \d+ finite numbers"),
    "an encoder too many": (
        lambda model, _: model["encoders"].append(model["encoders"][0]),
        "encoders that no part uses|used twice",
    ),
    "encoders of other columns": (
        put("encoders/0/fields/columns_/0/fields/name", "other"),
        "the encodings of the encoder do not match the reports",
    ),
    "a fold that is missing": (put(f"{MEMBER}/fold", 7), "its members are of folds that it does not have"),
    "a fold twice": (put(f"{MEMBER}/fold", 1), "its members are not one for each kind and fold"),
    "another order": (lambda model, _: model["members"].reverse(), "its members are not in the order of the folds"),
    "a kind without a weight": (put(f"{MEMBER}/recipe", "other"), "its members are not one for each kind and fold"),
    "weights that are no shares": (put("attributes/weights_/dict/0/1", 0.9), "its weights are not shares of its kinds"),
    "negative weights": (put("attributes/weights_/dict/0/1", -1.0), "must be a number of at least 0, got '-1.0'"),
    "weights of another fold": (put("attributes/weights_of_folds/dict/0/0", 9), "its weights of folds are not shares"),
    "limits of classes": (
        put(f"{MEMBER}/limits", {"tuple": [{"tensor": "a"}, {"tensor": "b"}]}),
        "the array 'a' is missing",
    ),
    "no trees": (put("trees", []), "its trees are not one for each fold"),
    "trees of another fold": (put(f"{TREES}/fold", 1), "its trees are not one for each fold"),
    "trees without forests": (put(f"{TREES}/forests", {"tuple": []}), "a fold has no trees"),
    "a node outside of its tree": (array(f"{FOREST}.left", lambda a: a + 1), "a node of Forest has children outside"),
    "a node in a circle": (array(f"{FOREST}.right", lambda a: a * 0), "a node of Forest has children outside"),
    "trees that overlap": (array(f"{FOREST}.starts", lambda a: a * 0), "the trees of Forest do not begin at ascending"),
    "inputs that are missing": (array(f"{FOREST}.feature", lambda a: a + 999), "Forest has inputs that are not below"),
    "another width of trees": (put(f"{TREES}/forests/tuple/0/fields/width", 500), "its trees do not have the"),
    "thresholds that are no number": (array(f"{FOREST}.threshold", first(np.nan)), "thresholds of Forest are not num"),
    "values that are infinite": (array(f"{FOREST}.value", first(np.inf)), "the values of Forest are not finite"),
    "fewer nodes": (
        array(f"{FOREST}.missing_left", lambda a: a[1:]),
        "missing_left must be an array of Booleans of sh",
    ),
    "trees of two classes": (
        put(f"{TREES}/forests/tuple/0/fields/link", "logit"),
        "Forest has another number of classes",
    ),
    "trees of unknown classes": (array(f"{FOREST}.classes", lambda a: a + 5), "its trees have unknown classes"),
    "classes in another order": (array(f"{FOREST}.classes", lambda a: a[::-1]), "the trees have no sorted classes"),
    "labels that are not sorted": (
        array("classes_", lambda a: a[::-1]),
        "the labels of the table model are not sorted",
    ),
    "fewer labels": (array("classes_", lambda a: a[:2]), "its predictions are not those of its classes"),
    "a large temperature": (put("attributes/temperature_", 50.0), "temperature_ must be a number from 0.2 to 5"),
    "no temperature": (put("attributes/temperature_", DROP), "temperature_ is missing"),
    "unknown classes of a network": (
        lambda _, tensors: [
            tensors.update({name: tensors[name] + 5})
            for name in tensors
            if name.startswith("members.0.") and "class" in name
        ],
        "a network has classes that the model does not have",
    ),
    "scores in another order": (array("conformity.0.scores", lambda a: a[::-1]), "scores of Conformity do not ascend"),
    "no scores": (put("attributes/conformity", {"tuple": []}), "it has no scores of its out-of-fold predictions"),
    "no lines of the summary": (put("attributes/scores", []), "its scores are incomplete"),
    "a line of an unknown model": (put("attributes/scores/0/fields/name", "other"), "name must be one of 'model', 'gr"),
    "a line twice": (put("attributes/scores/2/fields/name", "constant"), "its scores are incomplete"),
    "predictions with gaps": (
        array("out_of_fold_predictions", first(np.nan)),
        "a row has some out-of-fold predictions",
    ),
    "predictions that are infinite": (array("out_of_fold_predictions", first(np.inf)), "predictions are not finite"),
    "rows that are missing": (
        array("validation_rows.0", lambda a: a + 999),
        "row numbers that are not distinct or not",
    ),
    "rows of a fold twice": (array("validation_rows.0", lambda a: a * 0), "row numbers that are not distinct or not"),
    "another number of folds": (put("attributes/n_training_rows", [30]), "its members are of folds that it does not"),
    "fewer ranges": (put(f"{SURROUNDINGS}/columns/tuple/0", DROP), r"Surroundings must have ranges of \d columns"),
    "a negative reach": (
        put(f"{SURROUNDINGS}/reach", -1.0),
        "surroundings.reach must be a positive number, got '-1.0'",
    ),
    "a root that is not triangular": (
        array("surroundings.root", lambda a: a + 1.0),
        "root of Surroundings must be lower",
    ),
    "a root of 0": (
        array("surroundings.root", lambda a: a * 0.0),
        "root of Surroundings must be lower triangular with",
    ),
    "means that are infinite": (array("surroundings.centre", first(np.inf)), "moments of Surroundings are not finite"),
    "another number of means": (
        lambda _, t: t.update({"surroundings.centre": np.zeros(1), "surroundings.root": np.eye(1)}),
        "Surroundings must have the means of 3 numbers",
    ),
    "names of other columns": (
        put("attributes/feature_names_in_/objects/0", "other"),
        "its columns are not those of its encoders",
    ),
    "another number of columns": (put("attributes/n_features_in_", 9), "feature_names_in_ must be an array of objects"),
}
OF_QUANTILES: dict[str, tuple[Change, str]] = {
    "quantiles that cross": (put(f"{LOSS}/levels", {"tuple": [0.8, 0.2]}), "TargetLoss: quantile must be"),
    "another number of quantiles": (
        put(f"{LOSS}/levels", {"tuple": [0.5]}),
        "its predictions are not those of its out",
    ),
    "quantiles of a mean": (put(f"{LOSS}/name", "poisson"), "TargetLoss has quantiles without the loss 'quantile'"),
    "a unit of 0": (array("target_loss.unit", lambda a: a * 0.0), "TargetLoss has no finite, positive scale"),
    "another number of outputs": (put("attributes/n_outputs", 2), r"must be an array of floats of shape \(2,\)"),
    "a range that is empty": (array("target_range.0", lambda a: a + 1e9), "target_range must be finite, from low to"),
    "limits that are empty": (
        array("members.0.limits.0", lambda a: a + 1e9),
        "limits must be finite, from low to high",
    ),
    "no limits": (put(f"{MEMBER}/limits", None), "limits must be those of amounts|has unused arrays"),
    "fewer trees": (put(f"{TREES}/forests/tuple/0", DROP), "its trees are not those of each output"),
    "trees of classes": (
        put(f"{TREES}/forests/tuple/0", {"record": "ConstantClasses", "fields": {"classes": 1, "shares": 1}}),
        "classes must be an array of integers",
    ),
    "groups that are missing": (array("groups_of_rows", lambda a: a + 999), "its groups are not those of its out-of-f"),
    "fewer groups": (array("groups_of_rows", lambda a: a[1:]), "its groups are not those of its out-of-fold rows"),
    "sums of weights that fall": (
        array("conformity.0.below", lambda a: -a),
        "sums of weights of Conformity do not asc",
    ),
}
OF_AMOUNTS: dict[str, tuple[Change, str]] = {
    "the members of all rows first": (
        lambda model, _: model["members"].reverse(),
        "its members are not in the order of the folds",
    ),
    "no series": (put("attributes/is_series", False), "its members are of folds that it does not have"),
    "no spread": (put("attributes/spreads", {"tuple": []}), "it has no spread of each output"),
    "a spread of 0": (
        put("attributes/spreads/tuple/0/fields/scale", 0.0),
        "scale must be a positive number, got '0.0'",
    ),
    "trees of sums": (
        put("attributes/spreads/tuple/0/fields/models/0/fields/link", "identity"),
        "the trees of Spread must have the link 'log'",
    ),
    "trees of other inputs": (
        put("attributes/spreads/tuple/0/fields/models/0/fields/width", 500),
        r"the trees of Spread must have \d+ inputs",
    ),
    "a trained network too many": (put("trees", [{}]), "holds '{}', which is not a value of this format"),
}
CASES = {
    f"{subject}: {name}": (subject, *case)
    for subject, cases in (
        ("table of classes", OF_CLASSES),
        ("table of quantiles", OF_QUANTILES),
        ("table of amounts", OF_AMOUNTS),
    )
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES)
def test_error_names_the_invalid_value(case: str, tmp_path: Path) -> None:
    subject, change, message = CASES[case]
    model, tensors = parts(subject)
    change(model, tensors)
    (tmp_path / "model").write_bytes(file_content(model, tensors))
    with pytest.raises(ModelFileError, match=message):
        load_model(tmp_path / "model")
