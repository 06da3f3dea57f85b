"""Tables and figures, drawn from stored records alone."""
