"""The frozen values that packages exchange, and the errors; modules here do no I/O."""
