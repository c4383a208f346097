"""The exit status that does not come from a report."""

INCOMPLETE = 2
"""The run did not finish: bad input, no credentials, something unreadable, refused, or failed."""
