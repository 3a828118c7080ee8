"""The quick text model behind the detector `quick`: linear, on hashed words and pieces of words, the first
stage of a cascade."""
