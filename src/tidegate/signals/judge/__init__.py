"""The LLM judge: a language model that reads the written policy and says whether an item violates it.

One module per question: what is sent (`prompt`, `schema`, `marks`), how (`transport`, `asking`, `breaker`),
what it may cost (`budget`, `store`), what counts as an answer (`answer`, `confidence`), and the detector that
puts them together (`detector`, `build`).
"""
