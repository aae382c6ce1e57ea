"""The wholesale IC-card terminal: a lot, or part of it, goes from the seller's card to the buyer's."""
