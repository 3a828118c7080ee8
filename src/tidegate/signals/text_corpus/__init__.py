"""What the text models learn from: the recipe of published sets, and our own texts."""
