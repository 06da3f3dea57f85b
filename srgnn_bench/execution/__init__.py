"""Which runs a suite needs, and how they are carried out."""
