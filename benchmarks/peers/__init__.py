"""What a user would pick instead of our networks."""
