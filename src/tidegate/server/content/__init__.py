"""What platforms send: items, their versions, and the decisions on them."""
