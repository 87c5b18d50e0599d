"""Arrays in, arrays out: the loops that are worth a file of their own. No Variable is known here."""
