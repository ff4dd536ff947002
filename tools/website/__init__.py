"""What writes, builds and serves the site: `python -m tools.website build`, `python -m tools.website serve`."""
