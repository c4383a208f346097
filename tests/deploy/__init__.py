"""What stands in deploy/, as far as it can be tried on a machine without a cloud."""
