"""Collectors: each reads one kind of source into a Snapshot. The file's name is the option's: --source NAME[:ARGUMENT]."""
