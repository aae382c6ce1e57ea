"""The market console: lots in the market, sellers, recalls, flags, and decisions that are sealed."""
