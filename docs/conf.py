"""How Sphinx makes the manual: Markdown in, pages out, that can be read and searched without a network.

make docs        (pages in runs/docs, the first is index.html)
"""

import inspect
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

import reference  # noqa: E402

import autograd  # noqa: E402

project = "autograd"
copyright = "the authors of define-by-run, MIT licence"
version = release = autograd.__version__
extensions = ["myst_parser", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["README.md"]
nitpicky = True  # a name that the reference lacks is an error

myst_heading_anchors = 3

add_module_names = False
toc_object_entries_show_parents = "hide"
smartquotes = False  # docstrings have code with quotes in their words
python_maximum_signature_line_length = 88
viewcode_follow_imported_members = True

html_theme = "furo"
html_title = f"autograd {release}"
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}


def real_module(app: Any, module: str, name: str) -> str | None:
    """The module in which the code of a name stands: functions are wrapped, so they do not say it themselves."""
    value: Any = sys.modules.get(module)
    for part in name.split("."):
        value = getattr(value, part, None)
    if value is None or not callable(value):
        return None
    return (
        inspect.unwrap(value).__globals__["__name__"] if inspect.isfunction(inspect.unwrap(value)) else value.__module__
    )


def setup(app: Any) -> None:
    app.connect("builder-inited", lambda app: reference.write())
    app.connect("viewcode-follow-imported", real_module)
