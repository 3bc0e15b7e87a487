"""Running plans: asking the clusters, merging what they answer, saying who did not."""
