"""Notices: what people are told of outside of the pages, where, and when.

An event becomes rows of the outbox in the transaction that marks it as read (deriving.py); from there they are sent,
as often as it takes (outbox.py, appliance/post.py).
"""
