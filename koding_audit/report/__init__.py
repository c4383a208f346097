"""Reports: their status, their formats, their history, and messages about them."""
