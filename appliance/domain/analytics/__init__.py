"""What the ledger tells: totals, breakdowns and trends, what other models would have cost, what the work is worth."""
