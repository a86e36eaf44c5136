"""Benchmarks, one file each with a `run() -> list[Measure]`: ratios beside a baseline of the same run."""
