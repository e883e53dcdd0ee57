"""Where an estimator is documented, for the HTML that scikit-learn shows of it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import ClassVar

# Address of the published documentation of an estimator, with {module} and {name} in it.  Empty: it is not published,
# and links lead to the source file of the installed version, whose docstring is the documentation.
PUBLISHED = ""


class DocumentedMixin:
    """The links in an estimator's HTML, which scikit-learn needs to show the descriptions of parameters as well."""

    _doc_link_module: ClassVar[str] = "multilayer"
    _doc_link_template: ClassVar[str] = "{address}"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        kind = type(self)
        if PUBLISHED:
            return {"address": PUBLISHED.format(module=kind.__module__, name=kind.__name__)}
        try:
            source = Path(inspect.getfile(kind))
        except (OSError, TypeError):
            return {"address": ""}
        # Of a package in a zip archive there is no such file, and then no link.
        return {"address": source.as_uri() if source.is_absolute() and source.is_file() else ""}
