"""What monitoring reads: counts of settled calls in this process, figures out of the databases, spans for collectors."""
