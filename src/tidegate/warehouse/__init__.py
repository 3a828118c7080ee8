"""The file of posts and the run folder at rest: readers, writers, SQL."""
