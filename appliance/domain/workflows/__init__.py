"""Workflows: versioned templates that expand into a graph of tasks."""
