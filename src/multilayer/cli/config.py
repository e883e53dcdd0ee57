"""Commands whose options may stand in a TOML file, ``--config FILE``, which they also write beside their results."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from multilayer import __version__
from multilayer.cli.text import shortened
from multilayer.storage import reason_of

SETTINGS_FILE = "settings.toml"
_NAME = "config"
_NOT_WRITTEN = ("config", "out", "output", "quiet", "help")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d+)?")


class ConfiguredCommand(click.Command):
    """A command that takes options from ``--config FILE``; those that are typed take precedence."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        text = "Take options from this TOML file, such as settings.toml of an earlier run; typed ones take precedence."
        option = click.Option([f"--{_NAME}"], metavar="FILE", help=text, expose_value=False)
        self.params.append(option)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the file before the options are converted and checked."""
        typed = {name: value for name, value in self._typed(ctx, list(args)).items() if _is_given(value)}
        configured = self._read(ctx, Path(typed[_NAME])) if typed.get(_NAME) else {}
        ctx.default_map = configured
        ctx.meta[__name__] = {**configured, **typed}
        return super().parse_args(ctx, args)

    def _typed(self, ctx: click.Context, args: list[str]) -> Mapping[str, Any]:
        """The values as they are typed, by the names of the parameters; nothing for wrong usage, reported later."""
        try:
            values: Mapping[str, Any] = self.make_parser(ctx).parse_args(args)[0]
        except click.UsageError:
            return {}
        return values

    def _read(self, ctx: click.Context, path: Path) -> dict[str, Any]:
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"--config {path}: cannot be read: {reason_of(error).lower()}.", ctx) from None
        except tomllib.TOMLDecodeError as error:
            raise click.UsageError(
                f"--config {path}: is not TOML: {error}. Write lines such as seed = 1.", ctx
            ) from None
        command = found.pop("command", ctx.info_name)
        if command != ctx.info_name:
            raise click.UsageError(
                f"--config {path}: holds the settings of multilayer {command}, not of {ctx.info_name}. Run "
                f"multilayer {command}.",
                ctx,
            )
        known = {_written_name(param): param for param in self.params if param.name != _NAME}
        values = {}
        for name, value in found.items():
            if name not in known:
                listed = ", ".join(known)
                raise click.UsageError(f"--config {path}: unknown option {name!r}. Known: {listed}.", ctx)
            values[str(known[name].name)] = _as_typed(known[name], name, value, path, ctx)
        return values


def settings_text(ctx: click.Context) -> str:
    """The options that were typed or configured, and the seed, as the text of a TOML file."""
    given: dict[str, Any] = dict(ctx.meta[__name__])
    lines = [f"# multilayer {__version__}: multilayer {ctx.info_name} --config {SETTINGS_FILE}"]
    lines.append(f"command = {json.dumps(ctx.info_name)}")
    for param in ctx.command.params:
        name = str(param.name)
        value = given.get(name, param.default if name == "seed" else None)
        if value is not None and name not in _NOT_WRITTEN:
            is_number = isinstance(param.type, click.IntRange | click.FloatRange)
            lines.append(f"{_written_name(param)} = {_in_toml(value, is_number=is_number)}")
    return "\n".join(lines) + "\n"


def _is_given(value: Any) -> bool:
    return value is not None and value != () and value != [] and not repr(value).startswith("Sentinel")


def _written_name(param: click.Parameter) -> str:
    """The name in the file: the long option without hyphens before it, or the argument."""
    if isinstance(param, click.Argument):
        return str(param.name)
    return max(param.opts, key=len).lstrip("-")


def _as_typed(param: click.Parameter, name: str, value: Any, path: Path, ctx: click.Context) -> Any:
    """A value of the file in the form in which it would be typed."""
    if getattr(param, "is_flag", False):
        if not isinstance(value, bool):
            raise click.UsageError(f"--config {path}: {name} must be true or false, got {value!r}.", ctx)
        return value
    if param.multiple if isinstance(param, click.Option) else False:
        value = value if isinstance(value, list) else [value]
        return tuple(str(each) for each in value)
    if isinstance(value, bool | list | dict):
        text = shortened(repr(value), 60)
        raise click.UsageError(f"--config {path}: {name} must be text or a number, got {text}.", ctx)
    return str(value)


def _in_toml(value: Any, *, is_number: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_in_toml(each, is_number=is_number) for each in value) + "]"
    text = str(value)
    return text if is_number and _NUMBER.fullmatch(text) else json.dumps(in_unicode(text), ensure_ascii=False)


def in_unicode(text: str) -> str:
    """The text with a sign in place of bytes that are no UTF-8, which a file name may have and TOML may not."""
    return text.encode("utf-8", "replace").decode("utf-8")
