"""The documentation site, as Sphinx builds it: ``make docs``. What was chosen, and why: docs/notes/site.md.

Every warning ends the build (``--fail-on-warning``): a link or an anchor that leads nowhere, a page that is in no list
of pages, a name in the reference that is not there.
"""

import sys
from pathlib import Path

import trmpipe

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "trmpipe"
author = "the authors of trmpipe"
version = release = trmpipe.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "help_texts",
    "outside_links",
    "registry_pages",
]
exclude_patterns = ["screens"]
smartquotes = False  # They make dashes of the hyphens of options; see help_texts.

# Markdown as on GitHub: the same pages are read there.
myst_heading_anchors = 4
myst_links_external_new_tab = False

# `name` in a docstring is a name of ours where there is one, and code otherwise.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "trmpipe"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
# What a user copies is the command, not what it answered.
copybutton_selector = "div:not(.no-copy) > div.highlight > pre"
copybutton_exclude = ".linenos, .gp"
