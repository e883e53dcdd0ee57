"""A reader of model files that follows FORMAT.md, with json and NumPy alone.

It predicts with networks, ensembles, pipelines whose first step is a TableEncoder, table models, and the folds of a
cross-validation.
"""

from __future__ import annotations

import datetime
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = {"BOOL": "?", "I32": "<i4", "I64": "<i8", "U8": "<u1", "U32": "<u4", "F16": "<f2", "F32": "<f4", "F64": "<f8"}
Columns = dict[str, list[Any]]  # from the name of a column to its cells; None is a gap


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model and the arrays."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    head = json.loads(header.pop("__metadata__")["multilayer"])
    arrays = {}
    for name, each in header.items():
        begin, end = each["data_offsets"]
        data = content[start + begin : start + end]
        arrays[name] = np.frombuffer(data, DTYPES[each["dtype"]]).reshape(each["shape"])
    assert head["version"] <= 2
    return head["model"], arrays


def value(given: Any, arrays: dict[str, Any]) -> Any:
    """Return the value of a part of the JSON; a record is a dict of its fields, with its name as "record"."""
    if isinstance(given, list):
        return [value(each, arrays) for each in given]
    if not isinstance(given, dict) or "generator" in given:
        return given
    if "tensor" in given or "floats" in given:
        return arrays[given.get("tensor", given.get("floats"))]
    if "utf8" in given:
        content, ends = arrays[given["utf8"]].tobytes(), arrays[given["ends"]].tolist()
        return [content[start:end].decode() for start, end in itertools.pairwise([0, *ends])]
    if "float" in given:
        return float(given["float"])
    if "record" in given:
        return {"record": given["record"], **{name: value(each, arrays) for name, each in given["fields"].items()}}
    if "dict" in given:
        return {key: value(each, arrays) for key, each in given["dict"]}
    return value(next(given[form] for form in ("tuple", "texts", "objects") if form in given), arrays)


def predict(path: Path, columns: Columns) -> Any:
    """Return the probabilities of a classifier, or the amounts of a regressor, (m, K)."""
    return predicted(*read(path), columns)


def folds(path: Path, columns: Columns) -> list[dict[str, Any]]:
    """Return the folds of a cross-validation, with the predictions of their models for all rows as "outputs"."""
    model, arrays = read(path)
    n_rows, found = len(value(model["n_times"], arrays)), []
    trained = [each for each in model["folds"] if each["record"] == "Fold"]
    for each, member in zip(trained, model["members"], strict=True):
        fold = value(each, arrays)
        if fold["train"] is None:
            fold["train"] = [row for row in range(n_rows) if row not in fold["test"]]
        if fold["probabilities"] is not None and fold["predicted"].ndim == 1:
            last = member["last"][1] if "last" in member else member
            fold["predicted"] = np.array(value(last["attributes"]["classes_"], arrays))[fold["predicted"]]
        found.append(fold | {"outputs": predicted(member, arrays, columns)})
    return found


def predicted(model: dict[str, Any], arrays: dict[str, Any], columns: Columns) -> Any:
    if model["class"].startswith("Table"):
        return TableModel(model, arrays).predict(columns)
    if model["class"] != "Pipeline":
        return outputs(model, arrays, np.array(list(columns.values()), dtype=float).T)
    X: Any = columns
    for named in model["steps"]:
        X = transformed(value(named["tuple"][1], arrays), X)
    return outputs(model["last"][1], arrays, X)


def transformed(step: Any, X: Any) -> Any:
    if step in (None, "passthrough"):
        return X
    if step["record"] == "StandardScaler":
        X = X - step["mean_"] if step["with_mean"] else X
        return X / step["scale_"] if step["with_std"] else X
    assert step["record"] == "TableEncoder"
    parts = [encoded(encoding, X[name_of(encoding)]) for encoding in step["encodings_"]]
    return np.column_stack(parts).astype(step["dtype"])


# The encodings of columns.


def name_of(encoding: Any) -> str:
    return str((encoding.get("raw") or encoding.get("elapsed") or encoding)["name"])


def number(cell: Any, encoding: Any) -> float:
    if cell is None:
        return math.nan
    if isinstance(cell, str):
        assert encoding["from_text"]
        if encoding.get("group_mark"):
            decimal_mark = {",": ".", ".": ","}[encoding["group_mark"]]
            cell = cell.replace(encoding["unit"], "").replace(" ", "")
            cell = cell.replace(encoding["group_mark"], "").replace(decimal_mark, ".")
        try:
            return (
                float(cell) if encoding["kind"] != "date" else number(datetime.datetime.fromisoformat(cell), encoding)
            )
        except ValueError:
            return math.nan
    if isinstance(cell, datetime.time):
        return cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
    if isinstance(cell, datetime.timedelta):
        return cell.total_seconds()
    if isinstance(cell, datetime.date):
        moment = datetime.datetime.fromisoformat(cell.isoformat())
        return (moment.replace(tzinfo=moment.tzinfo or datetime.UTC)).timestamp()
    return float(cell)


def smooth(z: Any) -> Any:
    return z / np.sqrt(1 + (z / 3) ** 2)


def clipped(z: Any, clip: str, reach: float) -> Any:
    if clip == "smooth":
        return np.where(np.isinf(z), np.copysign(3.0, z), smooth(np.clip(z, -1e150, 1e150)))
    return np.where(np.abs(z) <= reach, z, np.sign(z) * reach * (2 - reach / np.maximum(np.abs(z), reach)))


def scaled(encoding: Any, cells: list[Any]) -> Any:
    return np.array([number(cell, encoding) for cell in cells]) * 2.0 ** -encoding["exponent"]


def of_number(encoding: Any, cells: list[Any]) -> Any:
    """Return the output of the number without that for gaps."""
    x = scaled(encoding, cells)
    z = np.where(np.isnan(x), encoding["fill"], (x - encoding["centre"]) / encoding["scale"])
    return clipped(z, encoding["clip"], encoding["reach"])


def gaps(encoding: Any, cells: list[Any]) -> list[Any]:
    return [np.isnan(scaled(encoding, cells))] if encoding["has_gaps"] else []


def encoded(encoding: Any, cells: list[Any]) -> Any:
    kind = encoding["record"]
    if kind == "NumberEncoding":
        return np.column_stack([of_number(encoding, cells)] * encoding["has_values"] + gaps(encoding, cells))
    if kind == "PiecewiseEncoding":
        raw, edges = encoding["raw"], encoding["edges"]
        u = scaled(raw, cells)
        u = np.where(np.isnan(u), raw["centre"], u)
        parts = [np.clip((u - a) / (b - a), 0, 1) - 0.5 for a, b in itertools.pairwise(edges)]
        return np.column_stack([of_number(raw, cells), *parts, *gaps(raw, cells)])
    if kind == "DateEncoding":
        return of_dates(encoding, cells)
    known = {category: place for place, category in enumerate(encoding["categories"])}
    if kind == "SignEncoding":
        return np.array([[0.0 if cell not in known else 2.0 * known[cell] - 1.0] for cell in cells])
    if kind == "TextEncoding":
        rows = [[float(cell == category) for category in known] for cell in cells]
        others = [float(cell is not None and cell not in known) for cell in cells]
        marks = [float(cell is None) for cell in cells]
        return np.column_stack([np.array(rows).reshape(len(cells), -1)] + [others] * encoding["has_other"]
                               + [marks] * encoding["has_gaps"])  # fmt: skip
    assert kind == "TargetMeanEncoding"
    return of_means(encoding, known, cells)


def of_means(encoding: Any, known: dict[str, int], cells: list[Any]) -> Any:
    parts = []
    for means, scale in zip(encoding["means"], encoding["scales"], strict=True):
        parts.append([smooth(means[known[cell]] / scale) if cell in known else 0.0 for cell in cells])
    counts = [encoding["counts"][known[cell]] if cell in known else 1.0 for cell in cells]
    logs = smooth((np.log(counts) - encoding["log_centre"]) / encoding["log_scale"])
    is_gap = np.array([cell is None for cell in cells])
    parts.append(np.where(is_gap, 0.0, logs))
    return np.column_stack(parts + [is_gap] * encoding["has_gaps"])


def of_dates(encoding: Any, cells: list[Any]) -> Any:
    elapsed = encoding["elapsed"]
    parts: list[Any] = [of_number(elapsed, cells)]
    for part in encoding["parts"]:
        rows = [of_part(part, cell, encoding) for cell in cells]
        width = max(map(len, rows))
        parts += np.array([row or [0.0] * width for row in rows]).T.tolist()
    return np.column_stack(parts + gaps(elapsed, cells))


def of_part(part: str, cell: Any, encoding: Any) -> list[float]:
    """Return the outputs of a part of the calendar; an empty list at a gap."""
    if cell is None:
        return []
    if part == "weekday":
        return [float(cell.weekday() == day) for day in range(7)]
    if part == "year":
        z = (cell.year - encoding["year_centre"]) / encoding["year_scale"]
        return [float(clipped(np.array(z), "far", encoding["elapsed"]["reach"]))]
    seconds = getattr(cell, "hour", 0) * 3600 + getattr(cell, "minute", 0) * 60 + getattr(cell, "second", 0)
    day = (getattr(cell, "day", 1) - 1) / 31
    place = {"hour": seconds / 86_400, "day": day, "month": (getattr(cell, "month", 1) - 1 + day) / 12}[part]
    return [math.sin(2 * math.pi * place), math.cos(2 * math.pi * place)]


# The networks.

ACTIVATIONS: dict[str, Any] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "identity": lambda z: z,
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "selu": lambda z: np.where(z > 0, 1.0507009873554805 * z, 1.7580993408473768 * (np.exp(z) - 1)),
    "gelu": lambda z: z * np.vectorize(lambda each: 0.5 * math.erfc(-each / math.sqrt(2)))(z),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * np.tanh(np.log1p(np.exp(z))),
    "softplus": lambda z: np.log1p(np.exp(z)),
}


def outputs(model: Any, arrays: dict[str, Any], X: Any) -> Any:
    if "members" not in model:
        return network(model, arrays, X)
    weights = value(model["attributes"]["weights_"], arrays)
    found = [outputs(member, arrays, X) for member in model["members"]]
    if model["class"] == "EnsembleRegressor":
        return sum(weight * each for weight, each in zip(weights, found, strict=True))
    classes = list(value(model["attributes"]["classes_"], arrays))
    total = np.zeros((len(X), len(classes)))
    for weight, member, each in zip(weights, model["members"], found, strict=True):
        places = [classes.index(label) for label in value(member["attributes"]["classes_"], arrays)]
        total[:, places] += weight * each
    return total


def network(model: Any, arrays: dict[str, Any], X: Any) -> Any:
    described = {name: value(each, arrays) for name, each in model["attributes"].items()}
    net, training = described["network_"], described["training"]
    descent = training["descent"]
    theta = next(each for each in (training["best"], descent["average"], descent["parameters"]) if each is not None)
    A, theta = X, theta.astype(float)
    sizes = list(net["layer_sizes"])
    if net["embedding"] is not None:
        A, theta = embedded(net["embedding"], A, theta)
        sizes[0] = A.shape[1]
    for place, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        W, theta = theta[: (n_in + 1) * n_out].reshape(n_in + 1, n_out), theta[(n_in + 1) * n_out :]
        Z = A @ W[1:] + W[0]
        if place == len(net["hidden"]):
            break
        if net["normalization"] == "layer":
            gain, shift, theta = theta[:n_out], theta[n_out : 2 * n_out], theta[2 * n_out :]
            Z = gain * (Z - Z.mean(axis=1, keepdims=True)) / np.sqrt(Z.var(axis=1, keepdims=True) + 1e-5) + shift
        A = ACTIVATIONS[net["hidden"][place]](Z)
    H = output_of(net["output"], Z)
    if "classes_" in described:
        return np.column_stack([1 - H, H]) if H.shape[1] == 1 else H
    if described["target_scale_"] is None:
        return H
    return H * described["target_scale_"] + described["target_mean_"]


def embedded(embedding: Any, X: Any, theta: Any) -> Any:
    e, F, n = len(embedding["columns"]), embedding["n_waves"], embedding["n_outputs"]
    parts = []
    for shape in ((e, F), (e, F), (e, n, F), (e, n)):
        parts.append(theta[: math.prod(shape)].reshape(shape))
        theta = theta[math.prod(shape) :]
    w, b, factors, offsets = parts
    x = X[:, embedding["columns"], None]
    u = np.cos(2 * math.pi * w * x + b)
    return np.column_stack([X, (offsets + np.einsum("mek,eok->meo", u, factors)).reshape(len(X), -1)]), theta


def output_of(name: str, Z: Any) -> Any:
    if name == "softmax":
        return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    if name == "increasing":
        return np.column_stack([Z[:, 0], np.log1p(np.exp(Z[:, 1:]))]).cumsum(axis=1)
    return {"sigmoid": ACTIVATIONS["sigmoid"], "identity": ACTIVATIONS["identity"], "exp": np.exp}[name](Z)


# Table models.


class TableModel:
    """A table model: its JSON, and the values of its parts."""

    def __init__(self, model: Any, arrays: dict[str, Any]) -> None:
        self.arrays, self.networks = arrays, [each["network"] for each in model["members"]]
        self.attributes = {name: value(each, arrays) for name, each in model["attributes"].items()}
        self.encoders = [value(each, arrays) for each in model["encoders"]]
        self.members = [value(each["part"], arrays) for each in model["members"]]
        self.trees = [value(each, arrays) for each in model["trees"]]
        self.surroundings = value(model["surroundings"], arrays)
        self.n_classes = len(self.attributes.get("classes_", ()))

    def predict(self, columns: Columns) -> Any:
        """Return the probabilities, or the amounts, (m, K)."""
        rows = [transformed(encoder, columns) for encoder in self.encoders]
        weights, n_rows = self.attributes["weights_"], self.attributes["n_training_rows"]
        folds = {member["fold"] for member in self.members}
        last = len(self.attributes["validation_rows"])
        folds = {last} if last in folds else folds
        total = sum(n_rows[fold] for fold in folds)
        mean: Any = 0.0
        for member, described in zip(self.members, self.networks, strict=True):
            if member["fold"] in folds and weights[member["recipe"]] > 0:
                weight = n_rows[member["fold"]] / total * weights[member["recipe"]]
                mean = mean + weight * self.of_network(described, rows[member["encoder"]])
        for each in self.trees:
            if each["fold"] in folds and weights["gradient-boosted trees"] > 0:
                weight = n_rows[each["fold"]] / total * weights["gradient-boosted trees"]
                mean = mean + weight * self.of_trees(each["forests"], rows[each["encoder"]])
        temperature = self.attributes.get("temperature_", 1.0)
        if temperature == 1.0:
            return mean
        scaled = np.maximum(mean, 2.0**-52) ** (1 / temperature)
        return scaled / scaled.sum(axis=1, keepdims=True)

    def of_network(self, described: Any, X: Any) -> Any:
        found = network(described, self.arrays, X)
        if self.n_classes:
            return self.of_classes(found, value(described["attributes"]["classes_"], self.arrays))
        low, high = self.attributes["target_range"]
        return np.clip(self.restored(found), low, high)

    def of_classes(self, probabilities: Any, classes: Any) -> Any:
        found = np.zeros((len(probabilities), self.n_classes))
        found[:, classes] = probabilities
        return found

    def restored(self, scaled: Any) -> Any:
        loss = self.attributes["target_loss"]
        return scaled * loss["unit"] + loss["centre"]

    def of_trees(self, forests: Any, X: Any) -> Any:
        if not self.n_classes:
            found = np.column_stack([np.ravel(of_forest(forest, X)) for forest in forests])
            several = len(self.attributes["target_loss"]["levels"]) > 1
            return self.restored(np.sort(found, axis=1) if several else found)
        if forests[0]["record"] == "ConstantClasses":
            return self.of_classes(np.tile(forests[0]["shares"], (len(X), 1)), forests[0]["classes"])
        return self.of_classes(of_forest(forests[0], X), forests[0]["classes"])

    def quantile(self, number: int, coverage: float) -> float:
        """Return the score of this coverage."""
        scores, below = (self.attributes["conformity"][number][name] for name in ("scores", "below"))
        place = math.ceil((len(scores) + 1) * coverage - 1e-9) - 1
        if below is not None:
            place = int(np.searchsorted(below, coverage * (len(scores) + 1) * (1 - 1e-12)))
        return float(scores[place]) if place < len(scores) else math.inf

    def sets(self, columns: Columns, coverage: float) -> Any:
        return 1 - self.predict(columns) <= self.quantile(0, coverage)

    def intervals(self, columns: Columns, coverage: float) -> Any:
        """Return the lower and the upper ends, (m, O) each."""
        predicted, loss, ends = self.predict(columns), self.attributes["target_loss"], []
        if len(loss["levels"]) > 1:
            q, middle = self.quantile(0, coverage), (predicted[:, 0] + predicted[:, -1]) / 2
            ends.append((np.minimum(predicted[:, 0] - q, middle), np.maximum(predicted[:, -1] + q, middle)))
        rows = transformed(self.encoders[self.surroundings["encoder"]], columns)
        for k, spread in enumerate(self.attributes["spreads"]):
            inputs = np.column_stack([rows, predicted[:, k]])
            g: Any = [of_forest(forest, inputs)[:, 0] for forest in spread["models"]]
            sigma = spread["scale"] * (0.1 + 0.9 * sum(g) / len(g) if g else np.ones(len(inputs)))
            tails = [2 * k, 2 * k + 1] if loss["name"] == "quantile" else [k, k]
            share = (1 + coverage) / 2 if loss["name"] == "quantile" else coverage
            low, high = (self.quantile(tail, share) * sigma for tail in tails)
            ends.append((predicted[:, k] - low, predicted[:, k] + high))
        least = np.where(self.attributes["target_range"][0] >= 0, 0.0, -math.inf)
        return [np.maximum(np.column_stack(each), least) for each in zip(*ends, strict=True)]


def of_forest(forest: Any, X: Any) -> Any:
    """Return the amounts, (m, 1), or the probabilities of the classes of the trees."""
    k = forest["baseline"].shape[1]
    sums = np.tile(forest["baseline"], (len(X), 1))
    for row, x in enumerate(X.astype(float)):
        for tree, start in enumerate(forest["starts"]):
            node = start
            while forest["left"][node] != node:
                number = x[forest["feature"][node]]
                is_left = forest["missing_left"][node] if math.isnan(number) else number <= forest["threshold"][node]
                node = forest["left" if is_left else "right"][node]
            sums[row, tree % k] += forest["value"][node]
    if forest["link"] == "logit":
        p = 1 / (1 + np.exp(-sums))
        return np.column_stack([1 - p, p])
    return {"identity": sums, "log": np.exp(sums), "multinomial": output_of("softmax", sums)}[forest["link"]]
