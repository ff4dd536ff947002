"""What the Makefile calls, from the root of the repository: `python -m tools.NAME`."""
