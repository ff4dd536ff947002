"""The sources of the site; `python -m tools.website` builds it."""
