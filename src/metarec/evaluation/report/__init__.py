"""What is shown of a result: the verdict, tables, pictures, files."""
