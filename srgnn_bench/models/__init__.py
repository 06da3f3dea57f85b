"""SR-GNN, the session graph it runs on, and the loss that every model shares."""
