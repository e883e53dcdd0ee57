"""The processor that kernels are compiled for, and the settings of the compiler, without importing Numba.

Importing Numba takes a third of a second, and a process that only runs stored kernels does not need it.  So its
settings are read here as Numba reads them: from its environment variables.  If any of them may differ from its default,
Numba is imported and asked.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

# Settings that a process needs before Numba is imported, with the conversion and the default of Numba.
_OWN: dict[str, tuple[Any, Any]] = {
    "DISABLE_JIT": (int, 0),
    "ENABLE_AVX": (int, None),  # None: Numba's default depends on the processor
    "CPU_NAME": (str, None),
    "CPU_FEATURES": (str, None),
    "CACHE_DIR": (str, ""),
}
# Variables that do not change machine code, besides those above.
_WITHOUT_EFFECT = ("NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER")
# Processors on which Numba does not use AVX.
_SLOW_AVX = ("corei7-avx", "core-avx-i", "sandybridge", "ivybridge", "nocona")

#: The settings of Numba that change machine code, besides name and features of the processor, and their defaults.
NUMBA_DEFAULTS = {
    "BOUNDSCHECK": "None", "DEBUGINFO_DEFAULT": "0", "DEBUG_NRT": "0", "DISABLE_INTEL_SVML": "False",
    "ENABLE_PROFILING": "0", "LLVM_REFPRUNE_FLAGS": "'all'", "LLVM_REFPRUNE_PASS": "1", "LOOP_VECTORIZE": "1",
    "OPT": "_OptLevel(3)", "SLP_VECTORIZE": "0",
}  # fmt: skip


def numba_exists() -> bool:
    """Return whether Numba is installed; it may fail to be imported."""
    try:
        return importlib.util.find_spec("numba") is not None
    except (ImportError, ValueError):
        return False


def setting(name: str) -> Any:
    """Return one of Numba's settings: CACHE_DIR, CPU_FEATURES, CPU_NAME, DISABLE_JIT or ENABLE_AVX."""
    config = _config()
    if config is not None:
        return getattr(config, name)
    convert, default = _OWN[name]
    text = os.environ.get(f"NUMBA_{name}")
    if name == "CPU_FEATURES" and text is None and os.environ.get("NUMBA_CPU_NAME", "").lower() == "generic":
        return ""
    try:
        return default if text is None else convert(text)
    except ValueError:
        return default  # Numba warns of it and does the same


def changed_settings() -> tuple[tuple[str, str], ...]:
    """Return the settings of Numba, among those that change machine code, that differ from their defaults."""
    known = {*_WITHOUT_EFFECT, *(f"NUMBA_{name}" for name in _OWN)}
    is_plain = not any(name.startswith("NUMBA_") and name not in known for name in os.environ)
    config = _config(imports=not is_plain)
    if config is None:
        return ()
    settings = [(name, repr(getattr(config, name, None))) for name in NUMBA_DEFAULTS]
    return tuple((name, value) for name, value in settings if value != NUMBA_DEFAULTS[name])


def _config(imports: bool = False) -> Any:
    """Return Numba's settings if it is imported, or if a file in the working folder may have changed them."""
    if "numba" not in sys.modules and not imports and not Path(".numba_config.yaml").is_file():
        return None
    try:
        import numba
    except MemoryError:
        raise
    except Exception:  # it is not installed, or cannot be used
        return None
    return numba.config


def host() -> tuple[str, str]:
    """Return name and features of the processor that Numba compiles for here, in LLVM's notation."""
    from llvmlite import binding

    name, features = setting("CPU_NAME"), setting("CPU_FEATURES")
    return (
        binding.get_host_cpu_name() if name is None else name,
        _features_of_this_processor() if features is None else features,
    )


def _features_of_this_processor() -> str:
    from llvmlite import binding

    try:
        features = binding.get_host_cpu_features()
    except RuntimeError:  # LLVM cannot determine them
        return ""
    allowed = setting("ENABLE_AVX")
    if allowed is None:
        allowed = (setting("CPU_NAME") or binding.get_host_cpu_name()) not in _SLOW_AVX
    if not allowed:
        for name in features:
            if name.startswith("avx"):
                features[name] = False
    return str(features.flatten())


def has(*features: str) -> bool:
    """Return whether the processor that kernels are compiled for has all these features."""
    return {f"+{each}" for each in features} <= set(host()[1].split(","))
