"""Figures, one file each; canvas.py holds what they share."""
