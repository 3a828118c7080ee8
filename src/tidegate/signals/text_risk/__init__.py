"""The embedded text-risk model: a linear model on hashed words and pieces of words, one probability per
harm."""
