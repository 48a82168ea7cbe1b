"""What monitoring reads: counts of settled calls of this process, figures from the databases, spans."""
