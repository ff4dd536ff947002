"""Configuration of the site. `python -m tools.website` stages the sources and runs Sphinx on them."""

import os

import gluon_activations

project = "Activation functions for Apache MXNet Gluon"
author = "the gluon_activations developers"
copyright = f"2026, {author}; Apache License 2.0"
release = version = gluon_activations.__version__
language = "en"

# Where the site will be; by default where `make serve` shows it.
PUBLISHED = "SITE_URL" in os.environ
SITE = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/") + "/"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_sitemap",
    "sphinxext.opengraph",
    "notfound.extension",
    # of our own
    "docs.extensions.checks",
    "docs.extensions.crosslink",
    "docs.extensions.launch",
    "docs.extensions.mathematics",
    "docs.extensions.light",
    "docs.extensions.fignumbers",
    "docs.extensions.labels",
    "docs.extensions.keywords",
]
exclude_patterns = ["data", "README.md", "**/_*"]
templates_path = ["_templates"]
nitpicky = True
# Names of Python, NumPy and MXNet in the docstrings: their pages are on other hosts.
nitpick_ignore_regex = [(r"py:.*", r"(?!gluon_activations\b).*")]
numfig = True
suppress_warnings = ["myst.header"]

# -- pages: the notebooks' committed outputs, unless EXECUTE=1 --------------------------------
nb_execution_mode = "force" if os.environ.get("EXECUTE", "0") not in ("", "0") else "off"
nb_execution_timeout = 900
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_render_markdown_format = "myst"  # so that links in what a cell prints lead to pages, not to notebooks
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline", "attrs_block", "substitution"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

# -- API reference -----------------------------------------------------------------------------
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

# -- look --------------------------------------------------------------------------------------
html_theme = "sphinx_book_theme"
html_title = "Activation functions for MXNet Gluon"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_sourcelink_suffix = ""
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_persistent": [],
    "back_to_top_button": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"

# -- addresses ---------------------------------------------------------------------------------
html_baseurl = SITE if PUBLISHED else ""  # makes the canonical links
site_url = SITE
sitemap_url_scheme = "{link}"
sitemap_locales = [None]
sitemap_excludes = ["404.html", "genindex.html", "search.html"]
ogp_site_url = SITE
ogp_site_name = html_title
ogp_social_cards = {"enable": False}
ogp_image = "_static/family.png"
ogp_image_alt = "One small picture for each activation: its value as a solid line and its gradient as a dashed one"
notfound_urls_prefix = "/" + SITE.split("://")[-1].partition("/")[2]
