"""Real AWS replies that others recorded, kept beside the checkout; every test here skips where they are absent."""
