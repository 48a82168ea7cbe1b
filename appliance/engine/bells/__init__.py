"""Where bells stand in line: in this process, in Redis or in PostgreSQL. A file for each, all of one shape."""
