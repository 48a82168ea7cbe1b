"""Instances: one carrying-out of a workflow's version, as rows that any process can move on."""
