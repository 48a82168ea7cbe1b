"""Backups: made, kept in several places, proved by restoring them, and put back. See docs/backup.md."""
