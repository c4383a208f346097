"""Reports: their status, and how they are shown."""
