"""Links from one page to a labelled section of another: `[logs](01_probability.ipynb#sec-logs)`.

MyST finds such a label on its own page and, without the file's name, on any page. With the file's name,
which a reader in JupyterLab needs to get to the notebook, it looks among the headings alone. Here the labels
join them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


def label_sections(app: Sphinx, doctree: nodes.document) -> None:
    """Add a page's labels to the places that links with its name may lead to."""
    docname = app.env.docname
    labels = {
        label: (None, target, title)
        for label, (home, target, title) in app.env.get_domain("std").labels.items()
        if home == docname
    }
    page = app.env.metadata[docname]
    page["myst_slugs"] = labels | page.get("myst_slugs", {})


def setup(app: Sphinx) -> dict:
    """Do so as each page has been read."""
    app.connect("doctree-read", label_sections)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
