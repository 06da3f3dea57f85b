"""Builds, trains and ranks with RecBole models: one loop for trials, finalists and final runs."""
