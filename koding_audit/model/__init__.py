"""Values that cross package boundaries, and errors; frozen, and free of work."""
