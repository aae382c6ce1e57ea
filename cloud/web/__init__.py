"""What all pages share: their layout, their one style, their two languages, the scripts of others that we serve."""
