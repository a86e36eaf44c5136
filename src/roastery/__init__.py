"""Roastery: conversational marketing analytics whose every number has a receipt."""

import os

__version__ = "0.1.0"

# The analyses solve many small systems. OpenBLAS hands each to threads that spin while they wait for one another, which
# beside DuckDB's own takes a hundred times as long. It is read when numpy and scipy load, so it stands before them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
