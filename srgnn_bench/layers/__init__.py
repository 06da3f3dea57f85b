"""Parts of neural models on flat clicks, nodes and edges, with torch alone."""
