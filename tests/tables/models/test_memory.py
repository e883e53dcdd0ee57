"""Amounts of memory, and the plan that divides them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from multilayer.exceptions import ParameterError
from multilayer.tables.models import TableClassifier
from multilayer.tables.models.memory import (
    BYTES_OF_COLUMN,
    _in_groups,
    available_memory,
    checked_memory,
    checked_scratch,
    least_memory,
    memory_plan,
    resident_memory,
)

MEGABYTE = 10**6


@pytest.mark.parametrize(
    ("given", "n_bytes"),
    [("1GB", 10**9), ("500 mb", 5 * 10**8), ("1.5GiB", 3 * 2**29), ("64", 64), (10**8, 10**8), (None, None)],
)
def test_amounts_are_read(given: Any, n_bytes: int | None) -> None:
    assert checked_memory(given) == n_bytes


@pytest.mark.parametrize("given", ["", "GB", "1XB", "-1GB", "0MB", 0, -5, True, 1.5, "1 GB more", [1]])
def test_other_amounts_are_errors(given: Any) -> None:
    with pytest.raises(ParameterError, match="memory must be an amount such as '1GB'"):
        TableClassifier(memory=given).fit([[1.0], [2.0]], [0, 1])


@pytest.mark.parametrize("given", ["", 5, b"folder"])
def test_scratch_is_a_path(given: Any) -> None:
    with pytest.raises(ParameterError, match="scratch must be the path of a folder or None"):
        checked_scratch(given)


def test_scratch_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match="must be a folder"):
        checked_scratch(tmp_path / "file")


def test_more_memory_gives_more_rows_up_to_a_limit() -> None:
    base = 300 * MEGABYTE
    small, large, huge = (memory_plan(n * MEGABYTE, 40, base) for n in (600, 1000, 100_000))
    for name in ("block_rows", "sample_rows", "validation_rows", "text_bytes", "window_bytes"):
        assert getattr(small, name) < getattr(large, name) <= getattr(huge, name), name
    assert (huge.block_rows, huge.sample_rows, huge.validation_rows) == (65_536, 100_000, 50_000)
    assert huge.window_bytes == 10**9


def test_the_parts_fit_into_the_memory() -> None:
    plan = memory_plan(700 * MEGABYTE, 40, 300 * MEGABYTE)
    of_rows = 40 * (plan.block_rows * 160 + (plan.sample_rows + plan.validation_rows) * 240)
    assert of_rows + 1.5 * plan.text_bytes + BYTES_OF_COLUMN * 40 < 0.9 * 400 * MEGABYTE
    assert plan.window_bytes + 40 * (plan.sample_rows + plan.validation_rows) * 240 < 0.9 * 400 * MEGABYTE


def test_the_least_memory_is_named_and_is_enough() -> None:
    base = 300 * MEGABYTE
    with pytest.raises(
        ParameterError, match=r"memory must be at least (\d+)MB for a table of 200 columns, got 310MB"
    ) as e:
        memory_plan(310 * MEGABYTE, 200, base)
    least = int(str(e.value).split("at least ")[1].split("MB")[0])
    assert least * MEGABYTE >= base + least_memory(200)
    plan = memory_plan(least * MEGABYTE, 200, base)
    assert plan.block_rows >= 1024
    assert plan.sample_rows == 1000
    with pytest.raises(ParameterError, match="memory must be at least"):
        memory_plan((least - 1) * MEGABYTE, 200, base)


def test_similar_bases_give_equal_plans() -> None:
    assert memory_plan(10**9, 10, 271 * MEGABYTE) == memory_plan(10**9, 10, 299 * MEGABYTE)
    assert memory_plan(10**9, 10, 301 * MEGABYTE) == memory_plan(10**9, 10, 399 * MEGABYTE)


def test_by_default_half_of_the_available_memory_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multilayer.tables.models.memory.available_memory", lambda: 2 * 10**9)
    plan = memory_plan(None, 10, 300 * MEGABYTE)
    assert plan.total == 1_300 * MEGABYTE


def test_the_memory_of_the_process_and_the_machine_is_known() -> None:
    assert 50 * MEGABYTE < resident_memory() < 10**12
    assert available_memory() > 50 * MEGABYTE


def _group(folder: Path, limit: tuple[str, object], usage: tuple[str, int], stat: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (limit, usage, ("memory.stat", stat)):
        (folder / name).write_text(str(content))


def test_the_smallest_limit_of_the_control_groups_counts(tmp_path: Path) -> None:
    root, membership = tmp_path / "cgroup", tmp_path / "membership"
    membership.write_text("0::/outer/inner\n")
    _group(root / "outer", ("memory.max", 1_000), ("memory.current", 900), "anon 100\ninactive_file 300\n")
    _group(root / "outer" / "inner", ("memory.max", "max"), ("memory.current", 800), "inactive_file 0\n")
    assert _in_groups(root, membership) == [400]
    # In a container the group is at the top.
    _group(root, ("memory.max", 700), ("memory.current", 900), "inactive_file 100\n")
    assert sorted(_in_groups(root, membership)) == [0, 400]


def test_the_first_version_of_control_groups_has_limits_too(tmp_path: Path) -> None:
    root, membership = tmp_path / "cgroup", tmp_path / "membership"
    membership.write_text("5:cpu,cpuacct:/jobs\n4:memory:/jobs/of:mine\n")
    limit, usage = "memory.limit_in_bytes", "memory.usage_in_bytes"
    _group(root / "memory", (limit, 2**60), (usage, 50), "total_inactive_file 0\n")
    _group(root / "memory" / "jobs" / "of:mine", (limit, 500), (usage, 200), "total_inactive_file 30\n")
    _group(root / "cpu" / "jobs", (limit, 1), (usage, 0), "")
    assert sorted(_in_groups(root, membership)) == [330, 2**60 - 50]


def test_a_system_without_control_groups_has_no_such_limits(tmp_path: Path) -> None:
    assert _in_groups(tmp_path, tmp_path / "membership") == []
