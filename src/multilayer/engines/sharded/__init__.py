"""One network on rows that are spread over workers, with the same bits for any number of them.

``tree.py`` is the order of the sums, ``shards.py`` the division of the rows, ``worker.py`` the work of one worker,
``workers.py`` the protocol of a group of workers, ``actor_workers.py`` with ``ray_actors.py`` and ``dask_actors.py``
workers in other processes, ``engine.py`` the engine that drives them, and ``sharding.py`` the context that users open.
"""
