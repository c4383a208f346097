"""Measures the command as a process against a local server: `make bench`. Not part of the package."""
