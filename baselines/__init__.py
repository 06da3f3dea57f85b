"""The baselines, one file each, with nothing in it but the model."""
