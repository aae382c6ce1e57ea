"""Everything that stands for the world outside the product: boards, people, markets, and the passage of time."""
