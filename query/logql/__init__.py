"""LogQL: the language of Loki — syntax, plan over clusters, merge of log streams."""
