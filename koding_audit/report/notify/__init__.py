"""Who can be told: one receiver a file, which makes its message of the news; nothing here sends anything."""
