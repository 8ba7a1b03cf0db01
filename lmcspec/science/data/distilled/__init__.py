"""Distilled sets in files: what they hold, and how they become what networks train on.

`distilled_set` is the set itself. `set_file` reads every form: `published` ones (`torch_file` with `zip_directory`,
`torch_pickle` and `stored_tensor`) and `own_file`; `recognise` tells the space from pixels, `foreign` what to do with
other files. `export` writes all forms, and `tiles` cuts packed images apart.
"""
