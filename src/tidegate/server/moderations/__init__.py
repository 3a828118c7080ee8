"""Moderation of content that is not kept, in the words of the OpenAI moderation API."""
