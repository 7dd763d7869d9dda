"""The two spellings of what `edgeio.compat` offers; import from there, not from here."""
