"""Measurements that take their time, from the root of the repository: `python -m benchmarks.NAME`. Not part of the tests."""
