"""Examples for the docstrings of the functions that make a known model: a call, and what it gives.

None of them makes a network of many weights, so that they are quick to run.
"""

from __future__ import annotations

#: The numbers of parameters.
_COUNTS = {
    "convnext_tiny": 28_589_128,
    "crnn": 4_802_370,
    "densenet121": 7_978_856,
    "efficientnet_b0": 5_288_548,
    "efficientnet_lite0": 4_652_008,
    "googlenet": 13_004_888,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "shufflenet_v2_x0_5": 1_366_792,
    "shufflenet_v2_x1_0": 2_278_604,
    "shufflenet_v2_x1_5": 3_503_624,
    "shufflenet_v2_x2_0": 7_393_996,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
}
#: What a name of published weights that is none gives.
_REFUSED = """Traceback (most recent call last):
    ...
cltensor.errors.DataError: {name}: there are no weights 'IMAGENET1K_V2'; give a path,
or a published name ('IMAGENET1K_V1')"""

EXAMPLES = {
    **{
        name: (f"sum(p.numel() for p in ct.models.{name}().parameters())", str(count))
        for name, count in _COUNTS.items()
    },
    **{
        name: (f'ct.models.{name}(weights="IMAGENET1K_V2")', _REFUSED.format(name=name))
        for name in (f"vgg{depth}{end}" for depth in (11, 13, 16, 19) for end in ("", "_bn"))
    },
    "alexnet": (
        "ct.models.alexnet(num_classes=10).classifier[-1]",
        "Linear(in_features=4096, out_features=10, bias=True)",
    ),
    "densenet161": ("ct.models.densenet161(block_config=(6,)).features.conv0.out_channels", "96"),
    "densenet169": ("len(ct.models.densenet169(growth_rate=4).features.denseblock4)", "32"),
    "densenet201": ("len(ct.models.densenet201(growth_rate=4).features.denseblock3)", "48"),
    "gpt2": ("ct.models.gpt2(n_layer=1, vocab_size=100).lm_head.in_features", "768"),
    "gpt2_large": ("ct.models.gpt2_large(n_layer=1, vocab_size=100).lm_head.in_features", "1280"),
    "gpt2_medium": ("ct.models.gpt2_medium(n_layer=1, vocab_size=100).lm_head.in_features", "1024"),
    "gpt2_xl": ("ct.models.gpt2_xl(n_layer=1, vocab_size=100).lm_head.in_features", "1600"),
    "resnet101": ("len(ct.models.resnet101().layer3)", "23"),
    "resnet152": ("len(ct.models.resnet152().layer3)", "36"),
    "resnext50_32x4d": ("ct.models.resnext50_32x4d(layers=(1,)).layer1[0].conv2.groups", "32"),
    "unet": (
        "ct.models.unet(width=2, n_classes=3).outc.conv",
        "Conv2d(2, 3, kernel_size=(1, 1), stride=(1, 1))",
    ),
    "vit_b_16": (
        "ct.models.vit_b_16(num_layers=1, num_classes=10).encoder.pos_embedding.shape",
        "Size([1, 197, 768])",
    ),
    "wide_resnet101_2": (
        "ct.models.wide_resnet101_2(layers=(1, 1)).layer2[0].conv2.out_channels",
        "256",
    ),
    "wide_resnet50_2": (
        "ct.models.wide_resnet50_2(layers=(1,)).layer1[0].conv2.out_channels",
        "128",
    ),
}
