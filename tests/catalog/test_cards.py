"""Every card keeps its word: what it names is there, and its name, config and facts agree with it."""

import inspect
import re

import numpy as np
import pytest
from cards_for_tests import example

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import (
    KINDS,
    AugmentationCard,
    CriterionCard,
    DatasetCard,
    DistillerCard,
    MatcherCard,
    MeasureCard,
    ModelCard,
    Named,
    OptimiserCard,
    PlotCard,
    RunnerCard,
    ScheduleCard,
    built_in,
    identity,
)
from lmcspec.catalog.half_written import flaw

CARDS = [card for kind in KINDS for card in built_in(kind).values()]
VARIANTS = [(card, name) for card in CARDS for name in card.variants]
TYPES = {
    "model": ModelCard,
    "dataset": DatasetCard,
    "optimiser": OptimiserCard,
    "schedule": ScheduleCard,
    "distiller": DistillerCard,
    "matcher": MatcherCard,
    "criterion": CriterionCard,
    "measure": MeasureCard,
    "plot": PlotCard,
    "runner": RunnerCard,
    "augmentation": AugmentationCard,
}
KEYS = {
    "model": "name",
    "dataset": "name",
    "optimiser": "name",
    "schedule": "name",
    "criterion": "name",
    "distiller": "method",
    "matcher": "method",
    "measure": "kind",
    "plot": "plot",
}
"""The field that tells which card a table in a spec is of. A runner is named on the command line, an
augmentation by its keys."""
MODELS = list(built_in("model").values())


def label(card):
    return f"{card.kind}-{card.name}"


def test_all_kinds_have_cards():
    assert set(KINDS) == set(TYPES)
    assert all(built_in(kind) for kind in KINDS)


@pytest.mark.parametrize("card", CARDS, ids=label)
class TestCard:
    def test_its_implementation_loads(self, card):
        assert callable(card.load())

    def test_it_is_of_its_kind(self, card):
        assert type(card) is TYPES[card.kind]

    def test_nothing_is_half_written(self, card):
        assert ("can't bring" in flaw(card)) if card.kind == "augmentation" else flaw(card) == ""

    def test_name_and_config_agree(self, card):
        key = KEYS.get(card.kind)
        if key is None:
            return
        field = card.config.model_fields[key]
        assert field.annotation.__args__ == (card.name,)
        assert field.default == card.name
        assert getattr(example(card), key) == card.name
        with pytest.raises(ValueError, match=key):
            card.config.model_validate({**example(card).model_dump(), key: "another"})

    def test_its_words(self, card):
        assert card.doc
        assert len(card.doc.splitlines()) == 1
        assert len(card.doc) <= 100
        assert not card.doc.endswith(".")
        assert card.config.__doc__

    def test_unknown_settings_are_refused(self, card):
        with pytest.raises(ValueError, match="colour"):
            card.config.model_validate({**example(card).model_dump(), "colour": "blue"})

    def test_identity_is_plain_and_fixed(self, card):
        from lmcspec.base.ids import canonical

        config = example(card)
        assert canonical(identity(config)) == canonical(identity(example(card)))

    def test_another_module_names_it_only_once(self, card):
        assert [other for other in CARDS if (other.kind, other.name) == (card.kind, card.name)] == [card]


@pytest.mark.parametrize(("card", "name"), VARIANTS, ids=lambda one: one if isinstance(one, str) else "")
def test_variants_validate_and_mean_what_they_fill_in(card, name):
    config = card.config.model_validate({"name": card.name, **card.variants[name]})
    assert {key: getattr(config, key) for key in card.variants[name]} == dict(card.variants[name])


@pytest.mark.parametrize("card", MODELS, ids=label)
class TestModels:
    def build(self, card, shape=None, classes=7, **more):
        """For the smallest square images that it takes, unless they are given."""
        from lmcspec.science.models import construct

        config = example(card, **more)
        if shape is None:
            shape = next((1, size, size) for size in (8, 32, 75) if not card.misfit(config, (1, size, size)))
        return construct(card.load(), config, shape, classes)

    def test_the_classifier_is_the_last_linear_layer(self, card):
        from torch import nn

        module = self.build(card)
        classifier = module.get_submodule(card.classifier)
        assert [part for part in module.modules() if isinstance(part, nn.Linear)][-1] is classifier
        assert classifier.out_features == 7
        assert list(module.modules())[-1] is classifier

    @pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 12, 20), (3, 75, 80)])
    def test_it_takes_images_or_says_why_not(self, card, shape):
        import torch

        if reason := card.misfit(example(card), shape):
            assert "pixels" in reason
            with pytest.raises(ValueError, match=re.escape(reason)):
                self.build(card, shape)
            return
        module = self.build(card, shape).eval()
        with torch.no_grad():
            assert module(torch.zeros(2, *shape)).shape == (2, 7)

    def test_its_parameters_can_be_drawn(self, card):
        from lmcspec.science.initial import initial_state

        module = self.build(card)
        assert set(initial_state(module, "default", ("init", 0))) == set(module.state_dict())

    def test_its_facts_come_from_the_meta_device(self, card):
        import torch

        from lmcspec.science.summary import model_facts

        module, shape = self.build(card, (3, 75, 75)), (3, 75, 75)
        with torch.device("meta"):
            assert model_facts(self.build(card, shape), shape) == model_facts(module, shape)

    def test_building_reads_no_global_random_state(self, card):
        import torch

        before = torch.random.get_rng_state()
        one, other = self.build(card), self.build(card)
        assert torch.equal(before, torch.random.get_rng_state())
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("card", built_in("distiller").values(), ids=label)
def test_distillers_take_what_the_task_gives(card):
    assert list(inspect.signature(card.load()).parameters) == ["config", "distillation"]
    assert {"ipc", "seed"} <= set(card.config.model_fields)
    assert example(card).steps >= 1


@pytest.mark.parametrize("card", built_in("criterion").values(), ids=label)
class TestCriteria:
    def test_it_scores_every_tensor_of_a_mask(self, card):
        import torch

        from lmcspec.science import masks
        from lmcspec.science.data.resident import Split
        from lmcspec.science.models import construct

        model = built_in("model")["mlp"]
        module = construct(model.load(), example(model), (1, 3, 3), 2)
        mask = masks.dense(module)
        if card.passes:
            images = Split(torch.rand(6, 1, 3, 3), torch.arange(6) % 2) if card.images else None
            scores = card.load()(module, mask, example(card), (1, 3, 3), images)
        else:
            state = module.state_dict() if card.trains or card.rewound else {}
            scores = card.load()(state, mask, (0, 1, 0))
        assert {name: value.shape for name, value in scores.items()} == {n: keep.shape for n, keep in mask.items()}

    def test_what_it_says_of_itself_goes_together(self, card):
        assert not (card.trains and card.rewound)
        assert card.passes or not card.images
        assert ("per_class" in card.config.model_fields) == card.images
        assert card.passes or "iterations" not in card.config.model_fields


def check_facts(card, root):
    """The card's constant against what loading gives."""
    from lmcspec.science.data.arrays import facts

    assert isinstance(card.facts, DataFacts)
    arrays = card.load()(example(card), root)
    found = facts(arrays)
    assert found == card.facts
    assert found.sizes == card.facts.sizes, "which ids and comparisons leave out"
    scaled = arrays.train_images.astype(np.float64) / arrays.scale
    assert card.mean == pytest.approx(scaled.mean((0, 2, 3)), abs=2e-3)
    assert card.std == pytest.approx(scaled.std((0, 2, 3)), abs=5e-3)


def test_facts_of_data_sets_inside_wheels():
    for card in built_in("dataset").values():
        if not card.needs_root:
            check_facts(card, None)


@pytest.mark.data
@pytest.mark.parametrize(("name", "folder"), [("mnist", "."), ("cifar10-jpeg", "cifar10")])
def test_facts_of_data_sets_in_folders(unpacked_data, name, folder):
    card = built_in("dataset")[name]
    roots = [unpacked_data / folder, unpacked_data]
    check_facts(card, next(root for root in roots if root.is_dir()))


def test_every_data_set_has_facts_or_says_how_to_take_them():
    for card in built_in("dataset").values():
        if isinstance(card.facts, DataFacts):
            assert card.facts.known
            assert len(card.facts.digest) == 64
            assert (card.mean is None) == (card.std is None)
            if card.mean and card.std:
                assert len(card.mean) == len(card.std) == card.facts.shape[0]
        else:
            from importlib import import_module

            module, _, attribute = card.facts.partition(":")
            assert callable(getattr(import_module(module), attribute))


def test_configs_of_named_things_are_named():
    assert all(issubclass(card.config, Named) for card in CARDS if card.kind in ("model", "dataset", "criterion"))
