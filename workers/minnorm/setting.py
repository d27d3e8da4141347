"""Which parameters count: the four settings of the theory."""

from workers.immutable import immutable


@immutable
class Setting:
    """Whether the hidden biases count in the norm, and whether there is a free affine term that never does."""

    penalise_biases: bool = True
    skip_connection: bool = True
