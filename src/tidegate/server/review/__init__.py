"""Review: what people are asked, who gets which question, and what comes of their answers."""
