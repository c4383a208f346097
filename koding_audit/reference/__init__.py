"""Facts about AWS, as data: each table has its source and its date."""
