"""One module per fault: what it is, why it matters, how it looks."""
