"""One run over many accounts."""
