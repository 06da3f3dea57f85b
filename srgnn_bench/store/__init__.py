"""Keys, records and the results folder."""
