"""The text-risk model behind the detector `text`: a small transformer that reads a text whole, one
probability per harm."""
