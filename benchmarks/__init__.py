"""Side-by-side measurements of speed and memory, peers included: ``python -m benchmarks``."""
