"""Files, texts and formats: JSON, YAML, SQLite, locks, HTTPS and the terminal."""
