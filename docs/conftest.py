"""Doctests are those of the pages: programs in docs/ build the site, or are copies of examples/ that it has made."""

collect_ignore_glob = ["*.py", "_build/*"]
