"""Everything that knows RecBole's interfaces and quirks."""
