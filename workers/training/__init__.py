"""Training: the parameters of a network of given width by gradient methods, beside the best that any network can do."""
