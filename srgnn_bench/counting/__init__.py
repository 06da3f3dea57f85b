"""What is fitted by counting clicks and sessions, and not trained, with NumPy and SciPy."""
