"""Where an estimator is documented, for the HTML that scikit-learn shows of it."""

from __future__ import annotations

from typing import ClassVar

# Address of the published documentation of an estimator, with {module} and {name} in it; empty while there is none.
PUBLISHED = ""
# The page that shows the HTML.  scikit-learn shows the descriptions of parameters only with a link, and a path to the
# installed source file would tell everyone who gets the page where it is installed.
THIS_PAGE = "#"


class DocumentedMixin:
    """The links in an estimator's HTML, which scikit-learn needs to show the descriptions of parameters as well."""

    _doc_link_module: ClassVar[str] = "multilayer"
    _doc_link_template: ClassVar[str] = "{address}"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        kind = type(self)
        return {"address": PUBLISHED.format(module=kind.__module__, name=kind.__name__) or THIS_PAGE}
