"""Schedules: calendars that start a task or a workflow by themselves (ENGINE §7)."""
