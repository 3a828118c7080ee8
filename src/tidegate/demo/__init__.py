"""A generated stream of mild posts with known truth, for trying Tidegate out. Nothing is trained on it."""

from tidegate.demo.stream import generate, write_stream

__all__ = ["generate", "write_stream"]
