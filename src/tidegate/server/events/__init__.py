"""What happens to an item after it was sent: reports by users, appeals by its author, new counts of views."""
