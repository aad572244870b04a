"""Labels while the words arrive: `nlp.get_pipe(name).stream(lag=0)`."""
