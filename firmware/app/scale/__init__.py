"""The counter scale of a retail stall: what turns a load on the pan into a signed sale and a slip."""
