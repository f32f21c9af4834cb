"""What work asks of a desk: outcomes, the rate limit, health, and what is remembered of it."""
