"""Tests: plain functions whose names are claims."""
