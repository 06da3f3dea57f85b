"""Ranks of targets against the full catalogue, and metrics as functions of a rank."""
