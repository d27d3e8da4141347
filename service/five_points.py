"""The training data of Boursier and Flammarion's figure: what a newcomer is shown first."""

FIVE_POINTS = {"x": [-1.5, -1, 0, 0.25, 2], "y": [0.7, -0.3, -0.3, 0.4, 0.2]}
