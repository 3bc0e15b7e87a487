"""Planning PromQL over clusters: what is pushed, what is merged, what is evaluated here, what is refused."""
