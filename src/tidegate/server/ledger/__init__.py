"""The record of every act: append-only, each row holding the digest of the row before it."""
