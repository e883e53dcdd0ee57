"""Failures that neither the command line nor the table is to blame for."""

from __future__ import annotations

import errno

import click

NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class UnfinishedError(click.ClickException):
    """The machine had too little time or room for what was asked: exit code 1, where wrong usage has 2."""
