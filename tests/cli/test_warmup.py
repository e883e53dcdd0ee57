"""``multilayer warmup``."""

from __future__ import annotations

import re


def test_each_kind_and_dtype_is_a_line(run):
    result = run("warmup", "--kind", "narrow", "--dtype", "float64")
    assert result.exit_code == 0
    assert re.fullmatch(r"narrow, float64: (nothing to compile|\d+ kernels? compiled), \d+\.\d s\n", result.stdout)


def test_quiet_prints_nothing(run):
    assert run("warmup", "--kind", "narrow", "--dtype", "float64", "--quiet").stdout == ""


def test_an_unknown_kind_is_a_one_line_error(run):
    result = run("warmup", "--kind", "narow")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "narow" in result.stderr
