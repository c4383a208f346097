"""Exit statuses that no report gives."""

INCOMPLETE = 2
"""The run did not get to its end: bad input, no credentials, something unreadable, refused, or failed."""
