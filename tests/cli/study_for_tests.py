"""The study on which the commands are tried: seven tasks of seven updates at most."""

SPEC = """
study = "tiny"
dataset = "digits"
model = { name = "mlp", widths = [16] }
[recipes.real]
length = "1ep"
batch = 256
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
dense = []
imp = [{ data = "real", rounds = 1, fraction = 0.5 }]
[measures]
accuracy = {}
stability = { levels = ["last"], points = 5 }
"""
