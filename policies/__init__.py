"""Desired states that ship with the package: what stands in policies/ at the top of the checkout."""
