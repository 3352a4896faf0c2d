"""What a remote text means: a class of trouble and who must act; the text itself goes no further."""
