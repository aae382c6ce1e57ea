"""Recalls: a person decides, the decision is sealed, the freeze follows, and the report says where the goods went."""
