"""Files of a TableClassifier or a TableRegressor: encoders, networks, trees, and out-of-fold results."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from multilayer.engines.protocol import DescentState
from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files import building
from multilayer.files.codec import Decoder, Encoder, UnstorableError
from multilayer.files.kinds import Place, length, record, sequence
from multilayer.files.schema import ATTRIBUTES, NOT_STORED, stored
from multilayer.files.steps import TABLE_ENCODER
from multilayer.files.table_checks import check, check_table_model
from multilayer.files.table_records import (
    KINDS,
    MEMBER,
    RECORDS,
    SURROUNDINGS,
    TREES,
    MemberPart,
    RangePart,
    SurroundingsPart,
    TreesPart,
)
from multilayer.tables.models.companions import TREES as NAME_OF_TREES
from multilayer.tables.models.companions import Companion
from multilayer.tables.models.forest import Forest
from multilayer.tables.models.novelty import ColumnRange, Surroundings
from multilayer.tables.models.single_rows import SingleRows
from multilayer.tables.models.summary import weights_in_words
from multilayer.tables.models.training import TrainedMember
from multilayer.tables.models.trees import Forests

_RECORD_OF = {each.make: each for each in RECORDS}
# Lists of parts, and attributes that follow from others.
_PARTS = ("members_", "_trees", "_surroundings")
_DERIVED = ("columns_", "oof_score_", "_names", "_has_names", "_single_rows")
_OF_FILES = {"class", "parameters", "attributes", "encoders", "surroundings", "trees", "members"}
_ENCODER = record(TABLE_ENCODER)
_SURROUNDINGS = record(SURROUNDINGS)
_TREES = sequence(record(TREES), list)
_MEMBER = record(MEMBER)
_MAX_MEMBERS = 1 << 16
MOST_NAMES = 5  # of classes in a description


def is_stored(model: Any) -> bool:
    """Return whether this is a table model."""
    return type(model) in [kind.make for kind in KINDS.values()]


def described(model: Any, encoder: Encoder, describe_network: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON of a table model; ``describe_network`` describes one of its networks."""
    model._check_is_fitted()
    inner = replace(encoder, records=_RECORD_OF)
    parameters = {name: _parameter(inner, name, value) for name, value in model.get_params(deep=False).items()}
    numbers: dict[int, int] = {}
    parts = [*model.members_, *model._trees, model._surroundings]
    encoders = {id(part.encoder): part.encoder for part in parts}
    for key in encoders:
        numbers[key] = len(numbers)
    found = {
        "class": type(model).__name__,
        "parameters": parameters,
        "attributes": _attributes(model, inner),
        "encoders": [inner.encode(each, f"encoders.{i}") for i, each in enumerate(encoders.values())],
        "surroundings": inner.encode(_surroundings_part(model._surroundings, numbers), "surroundings"),
        "trees": [inner.encode(_trees_part(each, numbers), f"trees.{i}") for i, each in enumerate(model._trees)],
    }
    members = [_member_part(each, numbers) for each in model.members_]
    of_members = [inner.encode(each, f"members.{i}") for i, each in enumerate(members)]
    encoder.text_cells = inner.text_cells
    found["members"] = [
        {
            "part": of_members[i],
            "network": describe_network(_weights_only(each.network), encoder, f"members.{i}.network."),
        }
        for i, each in enumerate(model.members_)
    ]
    return found


def description_of(model: Any) -> str:
    """Return a few sentences for :func:`multilayer.files.model_info`."""
    if model._classifies:
        labels = model.classes_.tolist()
        names = ", ".join(map(repr, labels[:MOST_NAMES])) + ", ..." * (len(labels) > MOST_NAMES)
        predicts = f"{len(labels)} classes ({names})"
    else:
        loss, n_outputs = model._loss, model._n_outputs
        quantiles = f"quantiles {', '.join(map(str, loss.levels))}" if loss.name == "quantile" else "amounts"
        predicts = quantiles + f" of {n_outputs} outputs" * (n_outputs > 1)
    n_networks, n_folds = len(model.members_), len({member.fold for member in model.members_})
    n_rows = int(np.count_nonzero(~np.isnan(model._oof[:, 0])))
    return (
        f"Predicts {predicts} from {model.n_features_in_} column{'s' * (model.n_features_in_ != 1)}; "
        f"{n_networks} network{'s' * (n_networks != 1)} in {n_folds} fold{'s' * (n_folds != 1)}. "
        f"{weights_in_words(model.weights_)} {_score_in_words(model, n_rows)}"
    )


def _score_in_words(model: Any, n_rows: int) -> str:
    if not n_rows:
        return "Fitted by partial_fit alone, without held-out rows."
    return f"Out-of-fold {model._loss_name} of {n_rows:,} rows: {model.oof_score_:.4g}."


def _parameter(encoder: Encoder, name: str, value: Any) -> Any:
    if name == "callbacks":
        value = ()
    elif name == "scratch":  # a folder of the computer of the fit
        value = None
    elif name == "identifiers" and not isinstance(value, list | tuple):
        value = sorted(value)
    elif isinstance(value, Mapping):
        value = dict(value)
    try:
        return encoder.encode(value, name)
    except UnstorableError:
        advice = f"Call set_params({name}=None) before saving."
        if name == "cv":
            advice = (
                "A number of folds, lists of row numbers, and scikit-learn's KFold, StratifiedKFold, GroupKFold, "
                "StratifiedGroupKFold and TimeSeriesSplit can be stored. Otherwise call set_params(cv=None) before "
                "saving, which does not change the fitted model."
            )
        raise ParameterError(
            f"the parameter {name} cannot be stored in a file: {str(value)[:80]!r} is or contains code, or is too "
            f"long. {advice}"
        ) from None


def _attributes(model: Any, encoder: Encoder) -> dict[str, Any]:
    kind = KINDS[type(model).__name__]
    names = {ATTRIBUTES.get(name, name): name for name in (*kind.attributes, *kind.optional)}
    found = {}
    for key, value in vars(model).items():
        if key in kind.parameters or key in NOT_STORED or key in _PARTS or key in _DERIVED:
            continue
        if key not in names:
            raise ParameterError(
                f"the attribute {key!r} cannot be stored in a file: it does not belong to {type(model).__name__}. "
                f"Remove it (del model.{key}), and store it separately."
            )
        try:
            found[names[key]] = encoder.encode(value, names[key])
        except UnstorableError:
            raise ParameterError(
                f"the attribute {key} cannot be stored in a file: {str(value)[:80]!r} is or contains code, or is too "
                "long. Fit the model again, with labels that are text or numbers."
            ) from None
    return found


def _member_part(member: TrainedMember, numbers: Mapping[int, int]) -> MemberPart:
    number = numbers[id(member.encoder)]
    return MemberPart(
        member.recipe,
        member.fold,
        number,
        member.mean_row,
        member.seconds,
        tuple(member.warnings),
        member.limits,
    )


def _trees_part(each: Companion, numbers: Mapping[int, int]) -> TreesPart:
    forests = each.model.forests if isinstance(each.model, Forests) else (each.model,)
    return TreesPart(each.fold, numbers[id(each.encoder)], each.mean_row, tuple(forests))


def _surroundings_part(surroundings: Surroundings, numbers: Mapping[int, int]) -> SurroundingsPart:
    columns = [RangePart(each.low, each.high, each.categories, each.never_gaps) for each in surroundings.columns]
    number = numbers[id(surroundings.encoder)]
    return SurroundingsPart(number, tuple(columns), surroundings.centre, surroundings.root, surroundings.reach)


def _weights_only(network: Any) -> Any:
    """Return a copy of a network that holds the weights of its predictions, and no memory of its training."""
    shown = network.parameters_
    state = stored(network, "training")
    descent = DescentState(shown, np.zeros((0, len(shown)), dtype=shown.dtype))
    found = copy.copy(network)
    setattr(found, ATTRIBUTES["training"], replace(state, descent=descent, best=None, order=None))
    return found


def built(described: Any, decoder: Decoder, build_network: Callable[[Any, Decoder], Any]) -> Any:
    """Make a table model from the JSON of a file; ``build_network`` builds one of its networks."""
    lists = [described.get(name) for name in ("encoders", "trees", "members")]
    if set(described) != _OF_FILES or not all(isinstance(each, list) and len(each) <= _MAX_MEMBERS for each in lists):
        raise ModelFileError("its header is not that of a table model")
    kind, parameters, attributes = building.decoded({name: described[name] for name in building.PARTS}, decoder, KINDS)
    sizes = dict(zip("mK", getattr(attributes.get("out_of_fold_predictions"), "shape", ())[:2], strict=False))
    sizes = {"m": -1, "K": -1} | sizes | {"O": length(attributes.get("n_outputs"))}
    sizes["D"] = length(attributes.get("n_features_in_"))
    model = building.built(kind, parameters, attributes, Place(sizes=sizes))
    encoders = [_ENCODER(decoder.decode(each), Place(f"encoders.{i}")) for i, each in enumerate(described["encoders"])]
    part = _SURROUNDINGS(decoder.decode(described["surroundings"]), Place("surroundings"))
    model._surroundings = _surroundings(part, encoders)
    model._single_rows = SingleRows()
    trees = _TREES([decoder.decode(each) for each in described["trees"]], Place("trees"))
    model._trees = [_trees(model, each, encoders) for each in trees]
    place = Place("members", sizes)
    model.members_ = [
        _member(each, decoder, encoders, place.inside(str(i)), build_network)
        for i, each in enumerate(described["members"])
    ]
    check(model.members_, "its list of members is empty")
    _derive(model)
    check_table_model(model)
    used = {id(each.encoder) for each in (*model.members_, *model._trees, model._surroundings)}
    check(len(used) == len(encoders), "it has encoders that no part uses")
    return model


def _encoder_of(part: Any, encoders: list[Any]) -> Any:
    check(part.encoder < len(encoders), f"it has {len(encoders)} encoders, and none of the number {part.encoder}")
    return encoders[part.encoder]


def _surroundings(part: SurroundingsPart, encoders: list[Any]) -> Surroundings:
    encoder = _encoder_of(part, encoders)
    encodings = encoder.encodings_
    check(len(part.columns) == len(encodings), f"Surroundings must have ranges of {len(encodings)} columns")
    columns = [
        ColumnRange(encoding.name, encoding, each.low, each.high, each.categories, each.never_gaps)
        for encoding, each in zip(encodings, part.columns, strict=True)
    ]
    return Surroundings(encoder, columns, part.centre, part.root, part.reach)


def _trees(model: Any, part: TreesPart, encoders: list[Any]) -> Companion:
    encoder = _encoder_of(part, encoders)
    check(part.forests, "a fold has no trees")
    n_classes = len(model.classes_) if model._classifies else 0
    found: Any = part.forests[0]
    if not n_classes:
        check(all(isinstance(each, Forest) for each in part.forests), "its trees are of another kind than the model")
        found = Forests(cast("tuple[Forest, ...]", part.forests), model._loss)
    else:
        check(len(part.forests) == 1, "its trees are not those of each output")
    return Companion(NAME_OF_TREES, part.fold, encoder, part.mean_row, found, n_classes)


def _member(
    described: Any,
    decoder: Decoder,
    encoders: list[Any],
    place: Place,
    build_network: Callable[[Any, Decoder], Any],
) -> TrainedMember:
    if not isinstance(described, dict) or set(described) != {"part", "network"}:
        raise ModelFileError(f"{place.name} must have a part and a network")
    part: MemberPart = _MEMBER(decoder.decode(described["part"]), place)
    try:
        network = build_network(described["network"], decoder)
    except ModelFileError as error:
        raise ModelFileError(f"{place.name}: {error}") from None
    encoder = _encoder_of(part, encoders)
    return TrainedMember(
        part.recipe, part.fold, encoder, part.mean_row, network, part.seconds, part.warnings, part.limits
    )


def _derive(model: Any) -> None:
    """Set the attributes that follow from others."""
    first = model.members_[-1 if model._predicts_with_all_rows else 0].encoder
    model.columns_ = first.columns_
    model._names = tuple(report.name for report in first.columns_)
    given = getattr(model, "feature_names_in_", None)
    model._has_names = given is not None
    check(
        len(model._names) == model.n_features_in_ and (given is None or tuple(given.tolist()) == model._names),
        "its columns are not those of its encoders",
    )
    check(model._scores or not len(model._oof), "its scores are incomplete")
    if model._scores:
        model.oof_score_ = model._scores[0].score
