"""What this site adds to Sphinx; docs/conf.py loads it."""
