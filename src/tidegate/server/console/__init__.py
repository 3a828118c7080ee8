"""What the pages of people share: the way between them, and the design that they are made of."""
