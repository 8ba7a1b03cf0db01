"""States and masks of networks from files of elsewhere.

`tensor_files` reads what torch.save or safetensors wrote, `naming` says which tensor of a file is which of a model, and
`given` makes of both what a network starts with. No torch: a plan reads these files, too.
"""
