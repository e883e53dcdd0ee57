"""The processor features that kernels are compiled for."""

from __future__ import annotations

from typing import Any

import pytest

from multilayer.engines.cpu import compiling

compiled_only = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")


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
    monkeypatch.setattr(compiling.numba.config, "CPU_FEATURES", features)
    assert compiling.has_wide_registers() == wide


@compiled_only
def test_a_processor_without_known_features_has_no_wide_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    from llvmlite import binding

    def fail() -> Any:
        raise RuntimeError("failed to get host cpu features")

    monkeypatch.setattr(compiling.numba.config, "CPU_FEATURES", None)
    monkeypatch.setattr(binding, "get_host_cpu_features", fail)
    assert not compiling.has_wide_registers()


@compiled_only
def test_numba_setting_for_avx_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    from llvmlite import binding

    monkeypatch.setattr(compiling.numba.config, "CPU_FEATURES", None)
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: binding.FeatureMap({"avx512f": True, "sse2": True}))
    monkeypatch.setattr(compiling.numba.config, "ENABLE_AVX", True)
    assert compiling.has_wide_registers()
    monkeypatch.setattr(compiling.numba.config, "ENABLE_AVX", False)
    assert not compiling.has_wide_registers()
