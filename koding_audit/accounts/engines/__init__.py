"""Engines for many accounts: each file is one way to do the same work for each of them."""
