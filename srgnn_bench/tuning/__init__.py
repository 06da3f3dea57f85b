"""Search spaces and studies; sees training and validation sessions only."""
