"""A generated stream of mild posts with known truth, for trying Tidegate out."""
