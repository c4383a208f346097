"""IAM policies: documents, evaluation, and differences by meaning."""
