"""Measurements that take their time: `python -m benchmarks.NAME`, from the root of the repository."""
