"""Links from a page to folders of the repository that hold no pages, such as ``../examples/futoshiki``.

On GitHub they lead there. The site has no such folders and knows of no place where they are published, so there the
words alone stand. A link to what does not exist stays one, which nothing resolves, and so ends the build.
"""

from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]


def put_words_for_links(app: Sphinx, document: nodes.document) -> None:
    """Put the words of a link that leads to a folder outside the pages in its place."""
    page = Path(app.env.doc2path(app.env.docname))
    for link in list(document.findall(pending_xref)):
        if link.get("reftype") == "myst" and not link.get("refdomain"):
            target = (page.parent / link["reftarget"]).resolve()
            if target.is_dir() and not target.is_relative_to(DOCS):
                link.replace_self(link.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("doctree-read", put_words_for_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
