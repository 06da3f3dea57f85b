"""What YAML may say, and how whatever a caller names becomes a specification, once."""
