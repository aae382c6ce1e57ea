"""The public page: one code in, the story behind it out."""
