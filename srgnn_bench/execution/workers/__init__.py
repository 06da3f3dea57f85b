"""Has trials and final runs done by the workers of a dask cluster, on this machine or on many.

The calling process keeps the results folder: it drives the chains, and workers get one task at a
time and send back what came of it. A worker needs this package and the data, which it prepares
once per machine; it needs no share in the results folder. A study's trials stay a chain, so the
numbers are those of a run in one process. Studies and final runs of different models stand side
by side.
"""
