"""The processor features that kernels are compiled for."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from multilayer.engines.cpu import compiling, processor

compiled_only = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")


NAMES = ("CPU_FEATURES", "CPU_NAME", "ENABLE_AVX")


def use_settings(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Set variables of Numba, in a process that has not imported it."""
    monkeypatch.setattr(processor, "_config", lambda **_: None)
    for name in NAMES:
        monkeypatch.delenv(f"NUMBA_{name}", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(f"NUMBA_{name}", value)


@compiled_only
@pytest.mark.parametrize(
    ("features", "wide"),
    [
        ("+avx512f,+avx2", True),
        ("+avx2,+avx512f", True),
        ("+avx2,-avx512f", False),
        ("+avx2,-avx512f,+avx512fp16", False),  # another feature, whose name starts with the same letters
        ("", False),  # NUMBA_CPU_NAME=generic
        ("+neon,+fp-armv8,+sve", False),
    ],
)
def test_vectors_are_wide_where_numba_compiles_for_avx_512(
    features: str, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_settings(monkeypatch, CPU_FEATURES=features)
    assert compiling.has_wide_registers() == wide


@compiled_only
def test_a_processor_without_known_features_has_no_wide_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    from llvmlite import binding

    def fail() -> Any:
        raise RuntimeError("failed to get host cpu features")

    use_settings(monkeypatch)
    monkeypatch.setattr(binding, "get_host_cpu_features", fail)
    assert not compiling.has_wide_registers()


@compiled_only
def test_numba_setting_for_avx_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    from llvmlite import binding

    use_settings(monkeypatch)
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: binding.FeatureMap({"avx512f": True, "sse2": True}))
    assert compiling.has_wide_registers()
    use_settings(monkeypatch, ENABLE_AVX="0")
    assert not compiling.has_wide_registers()


SETTINGS = [
    {},
    {"CPU_NAME": "generic"},
    {"CPU_NAME": "haswell"},
    {"CPU_NAME": "sandybridge"},
    {"CPU_FEATURES": "+avx2,+fma"},
    {"CPU_NAME": "x86-64-v3", "CPU_FEATURES": "+avx2"},
    {"CPU_FEATURES": ""},
    {"ENABLE_AVX": "0"},
    {"CACHE_DIR": "/somewhere"},
]
HOST = textwrap.dedent("""
    import sys
    from multilayer.engines.cpu import processor
    before = processor.host(), *[processor.setting(name) for name in processor._OWN if name != "ENABLE_AVX"]
    assert "numba" not in sys.modules
    from numba.core.registry import cpu_target
    after = processor.host(), *[processor.setting(name) for name in processor._OWN if name != "ENABLE_AVX"]
    assert before == after, (before, after)
    assert cpu_target.target_context.codegen().magic_tuple()[1:] == before[0]
    assert processor.changed_settings() == ()
    print("equal")
""")


@compiled_only
def test_processor_and_settings_equal_those_of_numba() -> None:
    names = {f"NUMBA_{name}" for name in processor._OWN}
    others = {name: value for name, value in os.environ.items() if name not in names}
    for settings in SETTINGS:
        environment = {**others, **{f"NUMBA_{name}": value for name, value in settings.items()}}
        ran = subprocess.run([sys.executable, "-c", HOST], env=environment, capture_output=True, text=True, timeout=120)
        assert ran.stdout.strip() == "equal", (settings, ran.stderr)


@compiled_only
def test_changed_settings_of_the_compiler_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    assert processor.changed_settings() == ()
    monkeypatch.setattr(numba.config, "SLP_VECTORIZE", 1)
    assert processor.changed_settings() == (("SLP_VECTORIZE", "1"),)
