"""What tenants cost the box and what they pay: use that was measured, times prices that its owner can change."""
