"""The scan of one account: what to read, the rules, the audit."""
