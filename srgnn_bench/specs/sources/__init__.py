"""The kinds of source: what each says of its files, and how it reads them."""
