"""Settings in a message: each is checked by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from multilayer.exceptions import ParameterError, unknown_name

Check = Callable[[str, Any], Any]  # from the name and the value to a valid value


class SettingError(ParameterError):
    """A parameter of a setup cannot be used.

    Attributes
    ----------
    parameter : str
        Its name.
    """

    def __init__(self, message: str, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter

    def __reduce__(self) -> tuple[type[SettingError], tuple[str, str]]:
        return type(self), (str(self), self.parameter)


def checked_settings(given: Any, checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return settings that were checked by their names.

    Raises
    ------
    SettingError
        For an unknown name, or a value that cannot be used.
    """
    if not isinstance(given, Mapping):
        raise SettingError(f"a setup must be an object of names and values, got {given!r:.80}.")
    return {name: _checked(name, value, checks) for name, value in given.items()}


def _checked(name: str, value: Any, checks: Mapping[str, Check]) -> Any:
    if name not in checks:
        raise SettingError(str(unknown_name("parameter", name, tuple(checks))), name)
    try:
        return checks[name](name, value)
    except ParameterError as error:
        raise SettingError(str(error), name) from None
