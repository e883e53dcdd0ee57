"""What the servers of this package share: their socket, their settings, and their end by Ctrl-C or SIGTERM."""

from multilayer.web.signals import ended_by_signals
from multilayer.web.sockets import BACKLOG, bound_socket
from multilayer.web.uvicorn_settings import quiet_config

__all__ = ["BACKLOG", "bound_socket", "ended_by_signals", "quiet_config"]
