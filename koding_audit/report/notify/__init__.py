"""Who can be told: one receiver a file, which makes its message of the changes; nothing here sends anything."""
