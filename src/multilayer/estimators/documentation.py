"""The link to the documentation in the HTML representation of an estimator."""

from __future__ import annotations

from typing import ClassVar

# Address of the published documentation of an estimator, with {module} and {name} in it; empty without one.
PUBLISHED = ""
# The page itself.  scikit-learn shows the descriptions of parameters only with a link, and the path of the source file
# must not appear in a page that is passed on.
THIS_PAGE = "#"


class DocumentedMixin:
    """The links that scikit-learn needs to show the descriptions of parameters in the HTML of an estimator."""

    _doc_link_module: ClassVar[str] = "multilayer"
    _doc_link_template: ClassVar[str] = "{address}"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        kind = type(self)
        return {"address": PUBLISHED.format(module=kind.__module__, name=kind.__name__) or THIS_PAGE}
