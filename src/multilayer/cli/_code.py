"""Parts of "the same in Python" that the reports of several commands share."""

from __future__ import annotations

from multilayer.cli._folds import Folds, seeds
from multilayer.cli._problem import Problem, Settings


def reading_code(problem: Problem) -> str:
    """Lines that read the table: ``features``, ``y`` and, where rows are grouped, ``groups``."""
    unused = [*problem.ignored, *([] if problem.group is None else [problem.group])]
    dropped = f".drop_columns({list(dict.fromkeys(unused))!r})" if unused else ""
    lines = [
        *["import sys"] * problem.source.is_standard_input,
        f"table = {problem.source.code}",
        f"features, column = split_target(table{dropped}, {problem.target!r})",
        f"info = encode_target(column, {problem.info.task!r}, drop_gaps=True)",
        "features, y = features.take(info.rows), info.y",
    ]
    if problem.group is not None:
        lines.append(f"groups = table.column({problem.group!r}).take(info.rows).to_numpy(zero_copy_only=False)")
    return "\n".join(lines)


def encoder_code(problem: Problem) -> str:
    """The encoder of the columns."""
    return f"TableEncoder(dtype=np.float32, identifiers={problem.identifiers!r})"


def network_code(problem: Problem, settings: Settings, estimator: str, more: str = "") -> str:
    """Lines that make ``model``, with ``more`` arguments of the estimator."""
    batch = "" if settings.batch_size == "auto" else f", batch_size={settings.batch_size!r}"
    more = f"{batch}, {more}" if more else batch
    return f"""
network = {estimator}(
    {settings.hidden!r}, {settings.activation!r}, alpha={settings.alpha!r},
    learning_rate_init={settings.step_size!r}, max_iter={settings.epochs!r}, random_state={settings.seed!r}{more},
)
model = make_pipeline({encoder_code(problem)}, network)
""".strip()


def folds_code(folds: Folds) -> str:
    """Lines that make ``folds``."""
    if len(folds.singles):
        return _apart_from_singles(folds)
    if folds.repeats == 1:
        return f"folds = {_splitter(folds, repr(folds.seed))}"
    groups = ", groups" if folds.n_groups else ""
    return f"""folds = [
    fold
    for seed in {seeds(folds.seed, folds.repeats)}
    for fold in {_splitter(folds, "seed")}.split(y, y{groups})
]"""


def _apart_from_singles(folds: Folds) -> str:
    """Rows that are alone in their class are trained on in every fold."""
    return f"""_, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
several, alone = np.flatnonzero(sizes[codes] > 1), np.flatnonzero(sizes[codes] == 1)
folds = [
    (np.union1d(several[train], alone), several[test])
    for seed in {seeds(folds.seed, folds.repeats)}
    for train, test in {_splitter(folds, "seed")}.split(several, y[several])
]"""


def _splitter(folds: Folds, seed: str) -> str:
    return f"{folds.splitter}({folds.n_folds}, shuffle=True, random_state={seed})"
