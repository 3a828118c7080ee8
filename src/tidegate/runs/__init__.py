"""The main job over files: posts in, a run folder out."""
