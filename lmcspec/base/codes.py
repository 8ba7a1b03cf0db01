"""The stable codes of problems in a spec: what each means and what to do. `lmcspec explain E103` prints them.

E0xx reading files, E1xx shape and type, E2xx names, E3xx extends, families and sweeps, E4xx what only the whole
study shows. A code keeps its meaning for ever; a retired one is not used again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A code with its title and an explanation of a few lines."""

    code: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.title}\n{self.text}"


_TABLE = r"""
E001 no such file
    The spec, or a file that it extends, isn't there. Paths in `extends` start at the folder of the file in
    which they stand. Specs that ship with lmcspec are found by name from anywhere: `lmcspec specs` lists them.
E002 not a file
    The path leads to a folder, a pipe or a device. A spec is an ordinary file.
E003 file can't be read
    The operating system refuses to open the file; the message says why.
E004 file too large
    A spec has at most 1 MiB. Data belong in files that the spec names, not in it.
E005 not UTF-8
    Specs are UTF-8 text. Save the file in that encoding.
E006 byte order mark
    The file begins with U+FEFF, which some editors put there unasked. Save it as UTF-8 without a byte order
    mark.
E007 forbidden character
    The file holds a NUL byte, so it is hardly text.
E008 unknown file type
    The ending of its name says how a spec is written: .toml, .yaml or .yml.
E009 nested too deep
    Tables and lists may nest 40 deep; no spec needs more than ten.
E010 too many values
    A spec holds at most 10,000 values with all that it extends. `each` and sweeps say what repeats itself.
E011 a name of several specs
    Files go by their whole names, or without .toml or .yaml where only one is there; specs that ship with
    lmcspec by name, or by the end of a name that no other ends in.
E101 syntax error
    The text is no valid TOML or YAML. Nothing else in the file is looked at until it is.
E102 duplicate key
    A key stands twice in one table, and only one of the values could count.
E103 unknown key
    The table has no such key. Keys are checked at every depth, so a typing error never passes silently;
    `lmcspec schema` lists what may stand where.
E104 missing key
    The table lacks a key that has no default.
E105 wrong type
    The value is of another type than the key takes. Numbers are never made from strings.
E106 not one of the choices
    The key takes one of a few words.
E107 out of range
    The number is smaller or larger than makes sense.
E108 not a step
    A point in training is a number of epochs (3 or "3ep"), of updates ("500it"), or both ("2ep40it").
E109 not a name
    Names begin with a letter or digit and go on with letters, digits and _ . + -. Brackets are kept for the
    members of families.
E110 too few or too many
    The list or table has a number of items that the key doesn't take.
E111 not a finite number
    Infinities and NaN mean nothing here, and have no place in an id.
E112 YAML tag
    A spec is data. Tags such as !!python/object could make it more, so none but YAML's own scalars, lists and
    tables are read.
E113 aliases expand too far
    Aliases of aliases grow without bound, or an alias holds itself. Written out, aliases may add 20,000 values.
E114 several documents
    A YAML file holds one spec; `---` may stand only before it.
E115 key is no string
    Keys of tables are plain words or strings, not lists or tables.
E116 stage without an end
    A stage says how far it prunes: `rounds`, `sparsity`, or both. Only one that shuffles (`shuffle = true`)
    prunes nothing.
E117 keys that contradict each other
    Two keys of the table can't both hold; the message names them.
E201 unknown model
    No model of that name is registered, here or by a plug-in.
E202 unknown data set
    No data set of that name is registered, here or by a plug-in.
E203 unknown distiller
    No distillation method of that name is registered, here or by a plug-in.
E204 unknown criterion
    No pruning criterion of that name is registered, here or by a plug-in.
E205 unknown measure
    No measure of that kind is registered. A measure whose own name is no kind says `kind = "..."`.
E206 unknown preset
    A recipe extends something that is neither a preset nor a recipe of this study.
E207 unknown recipe
    No recipe of that name is defined under [recipes].
E208 unknown distilled set
    `data` is "real" or the name of a set under [distilled].
E209 unknown network
    No network of that name is defined under [networks].
E210 baseline of a baseline
    `like` takes a network that prunes by itself: not the same one, and not another `like`.
E211 recipe missing
    Every study has the recipe `real`, with which networks are trained to be measured. Stages on a distilled set
    use the recipe `distilled`, unless they name another.
E212 unknown measure name
    A key names a measure of this study that isn't defined under [measures].
E213 unknown plot
    The list of plots is in docs/figures.md.
E214 unknown optimiser
    No optimiser of that name is registered, here or by a plug-in.
E215 unknown schedule
    No schedule of that name is registered, here or by a plug-in.
E216 unknown way to align networks
    No method of that name is registered, here or by a plug-in.
E217 unknown permutation
    No permutation of that name is defined under [permutations], or it is a family where one is needed. `none` means
    none.
E218 unknown weights
    No weights of that name are defined under [weights].
E219 unknown mask
    No mask of that name is defined under [masks].
E301 files extend each other in a circle
    Following `extends` leads back to a file already on the way.
E302 extends too deep
    At most 16 files may stand on top of each other.
E303 recipes extend each other in a circle
    Following a recipe's `extends` leads back to itself.
E304 --set can't be carried out
    `--set path.to.key=value` needs a path that exists or can be made; list items are addressed as
    `networks.imp[0].rewind`.
E305 each can't stand here
    `{ each = [...] }` makes a family. It stands as the value of a key of a stage, of a `like` table, of a permutation
    or of a recipe; not elsewhere, and not inside another.
E306 empty each
    A family without members means nothing.
E307 duplicate in each
    Two members of a family would be the same.
E308 two cases of one name
    Cases of a sweep are told apart by their names in results and figures.
E309 zipped lists differ in length
    Lists under `sweep.zip` go together item by item.
E310 sweep not understood
    `sweep` holds `grid`, `zip`, `exclude`, `cases` and `only`; `grid` and `zip` map a path to the list of its values.
E311 exclude without effect
    An entry of `sweep.exclude` or `sweep.only` fits no case, or nothing is left.
E312 too many
    A sweep may have 1,000 cases, a study 1,000 members of families.
E313 set twice
    A path is set by --set and by the sweep, by two axes, or is one that a case can't change.
E314 no such item
    A file changes an item of a list in a file that it extends, as in `networks.imp.0.rounds = 3`, and the list has
    none of that number.
E401 rewind after the end
    The state at the rewind point comes from the stage's first training, so it must lie within that training's
    length; and within that of the recipe by which the level is trained from there to be measured.
E402 sparsity goes down
    A stage's `sparsity` is the network's total, and pruned weights stay pruned: it must be above what the
    stages before have reached.
E403 level does not exist
    A network has as many levels as prunings, and 0 is dense.
E404 data don't fit the study's space
    Images of a distilled set enter networks as they are stored, so they must be in the study's space and of its
    shape and classes; `standardised` needs numbers.
E405 measured before the rewind point
    A subnetwork starts at its rewind point; before it there is no state of it to branch from.
E406 too many tasks
    The study compiles to more tasks than --max-tasks allows.
E407 stage without effect
    The stage prunes nothing, or can't reach its sparsity.
E408 milestone after the end
    A step of the schedule or optimiser, or the end of the warm-up, lies after the recipe's length, so it never comes.
E409 no such layer
    `exclude` names layers by their parameters' names without `.weight`, `rewind_layers` a module by its exact path.
E410 too few images to train on
    `dataset.split` takes its images from the training set: what it sets aside and what it keeps must fit in there.
E411 no validation split
    A measure looks at validation images, and the study sets none aside.
E420 images too small for the model
    A model that halves images several times needs so many pixels. `dataset.resize` gives them that size.
E421 images of two sizes
    Networks see images of one size: `dataset.crop`, which must fit the stored images, or else all of them; a
    `random_resized_crop` brings its parts to that size.
E422 no learned rate
    `learned_rate = true` takes the rate that was distilled along with the images. Only MTT does that, and
    .safetensors files of sets that it made.
E423 colours of images in their space
    `jitter` and `lighting` act on decoded images in [0, 1]. A distilled set that was optimised in its space has none.
E424 masks that can't be dropped
    `masks = "dropped"` gives pruned weights what weight decay alone would have made of them. That is known of SGD,
    where it is a share of the weight; Adam's depends on the weight.
E425 another kind of images
    A set of another data set's images has as many classes as the study's, of one size with them.
E426 distilled set that can't be made
    A set starts from as many real images of each class as it stores, times the tiles of each; and IDC matches the
    gradients of convolutions, so the network that it is made on needs some.
E427 no plane through one network twice
    The plane of a landscape goes through three different trained networks.
E428 code that can't stand in ids
    Results of a model, data set, criterion or distiller of yours are kept under ids that hold its code: the digest
    of its source and of what that imports from its own package, or a `version` that its card declares. Here neither
    can be had; the message says why.
E429 a package's card that can't be used
    Settings of an optimiser or a schedule, in updates, have to come back from the document that enters ids, a
    schedule's multiplier has to be a finite number from 0 on at every update of the training, the same whenever it is
    asked for, an optimiser's `lr` such a number that stands in its document, and a measure's function gives Targets.
E430 a figure without its measure
    A plot is drawn from a measure of a certain kind: say one under `[measures]`, or take the figure out.
E431 a figure of what nobody measures
    A figure's `metric`, `split`, `at` and `levels` choose among the numbers that its measure makes.
E432 a figure of no such family
    `reduce` and `x = "rewind"` are of families: networks of which a key is `{ each = [...] }`. What stands on x over
    cases is a setting in which they differ.
E435 no distilled set in the file
    A set is a .pt file as torch.save writes it (images and labels, or NAME_images.pt beside NAME_labels.pt), or a
    .safetensors file of ours. Arrays of numpy, folders and pickled objects have to be saved as tensors first.
E436 classes of two sources don't match
    Classes are matched by name where both sources have names. `match = "numbers"` in the set's table takes them by
    the number of their label instead, as for masks that are only carried over.
E437 a class without training images
    `dataset.split` takes as many images of each class as it can. A class of which it takes all, or keeps none, could
    not be learned any more.
E440 partners that there aren't
    Replicates are looked at in pairs or triples where the study says so: `partners = 2` or 3, of which `replicates`
    is a multiple. Masks are carried from one of two to the other; a permutation `via = "third"` needs three.
E441 weights or masks that don't fit
    A file of weights holds the parameters and buffers of the study's model, all of them and nothing else, and one of
    a mask 1 or 0 for each prunable weight. Names may differ by what all of them begin with; `rename` says of others
    which is which.
E455 too many levels
    A network is pruned at most 10,000 times, and the networks of a study have 100,000 levels together. Fractions of a
    millionth prune no weight in most rounds.
"""


def _read(table: str) -> dict[str, Code]:
    codes: dict[str, Code] = {}
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            code, _, title = line.partition(" ")
            codes[code] = Code(code, title, "")
        else:
            *_, last = codes.values()
            codes[last.code] = Code(last.code, last.title, f"{last.text} {line.strip()}".strip())
    return codes


CODES = _read(_TABLE)
"""Every code there is."""
