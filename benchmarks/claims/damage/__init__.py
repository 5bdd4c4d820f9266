"""What anybody may send to either end, by the hundred thousand."""
