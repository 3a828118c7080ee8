"""Planning: what is to come, and how many people it needs. Arrays in, numbers out."""
