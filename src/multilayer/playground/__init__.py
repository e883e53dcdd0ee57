"""The playground: a page in the browser that shows a network while it trains.  ``multilayer play`` starts it."""

__all__: list[str] = []
