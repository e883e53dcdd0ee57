"""Parts of "the same in Python" that the reports of several commands share."""

from __future__ import annotations

from multilayer.cli._problem import Problem, Settings


def reading_code(problem: Problem) -> str:
    """Lines that read the table: ``features``, ``y`` and, where rows are grouped, ``groups``."""
    unused = [*problem.ignored, *([] if problem.group is None else [problem.group])]
    dropped = f".drop_columns({list(dict.fromkeys(unused))!r})" if unused else ""
    lines = [
        f"table = read_table({str(problem.file)!r})",
        f"features, column = split_target(table{dropped}, {problem.target!r})",
        f"info = encode_target(column, {problem.info.task!r}, drop_gaps=True)",
        "features, y = features.take(info.rows), info.y",
    ]
    if problem.group is not None:
        lines.append(f"groups = table.column({problem.group!r}).take(info.rows).to_numpy(zero_copy_only=False)")
    return "\n".join(lines)


def network_code(settings: Settings, estimator: str, more: str = "") -> str:
    """Lines that make ``model``, with ``more`` arguments of the estimator."""
    batch = "" if settings.batch_size == "auto" else f", batch_size={settings.batch_size!r}"
    more = f"{batch}, {more}" if more else batch
    return f"""
network = {estimator}(
    {settings.hidden!r}, {settings.activation!r}, alpha={settings.alpha!r},
    learning_rate_init={settings.step_size!r}, max_iter={settings.epochs!r}, random_state={settings.seed!r}{more},
)
model = make_pipeline(TableEncoder(dtype=np.float32), network)
""".strip()
