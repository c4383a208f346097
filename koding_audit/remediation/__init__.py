"""From findings to IAM writes, and back."""
