"""One network on rows that are spread over workers, with the same bits for any number of them.

``tree.py`` is the order of the sums, ``shards.py`` the division of the rows, ``worker.py`` the work of one worker,
``workers.py``, ``ray_workers.py`` and ``dask_workers.py`` groups of workers, ``engine.py`` the engine that drives them,
and ``sharding.py`` the context that users open.
"""
