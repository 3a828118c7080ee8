"""Quality: golds, how well people answer, whether queues will be answered in time, and who is asked what."""
