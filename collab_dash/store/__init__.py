"""The event log: one SQLite file, one writer, any number of readers."""
