"""One network on rows that are spread over workers, with the same bits for any number of them.

``context.py`` is the context that users open, ``engine.py`` the engine that drives the workers, ``sharding.py`` what
they load and return, ``shards.py`` the division of the rows, ``tree.py`` the order of the sums, ``worker.py`` the work
of one worker, ``workers.py`` the protocol of a group of them, and ``actor_workers.py`` with ``ray_actors.py`` and
``dask_actors.py`` workers in other processes.
"""
