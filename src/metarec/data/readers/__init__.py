"""From files of many formats to tables, one file a format."""
