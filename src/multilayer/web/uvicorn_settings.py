"""The settings of uvicorn that all servers share."""

from __future__ import annotations

from typing import Any

from multilayer.web.sockets import BACKLOG


def quiet_config(app: Any, **settings: Any) -> Any:
    """Return the configuration of a uvicorn server that prints errors only and tells nothing about itself.

    Parameters
    ----------
    app : callable
        The application of ASGI.
    **settings : object
        Further settings of ``uvicorn.Config``.

    Returns
    -------
    uvicorn.Config
        The configuration.

    Raises
    ------
    ImportError
        If uvicorn is not installed.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        http="h11",  # limits the size of headers
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        **settings,
    )
