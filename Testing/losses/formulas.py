"""The losses once more, written down voxel by voxel in float64 as the papers state them.

Nothing of the engine's losses is used. Logits `z` are (B, channels, ...); an annotation is given
as label sets of shape (B, ...).
"""

from math import exp, fsum, log

import numpy as np


def voxels(z, sets):
    """For each image a list of (z, x, S) of its voxels: logits, {label: 0, 1, 2} and leaves."""
    values, leaf_sets = sets.codebook, sets.leaf_sets()
    images = []
    for logits, codes in zip(z.reshape(*z.shape[:2], -1), sets.codes, strict=True):
        images.append(
            [
                (
                    logits[:, place],
                    dict(zip(sets.scheme.names, values[code].tolist(), strict=True)),
                    np.flatnonzero(leaf_sets[code]).tolist(),
                )
                for place, code in enumerate(codes.reshape(-1))
            ]
        )
    return images


def flat(images):
    return [voxel for image in images for voxel in image]


def mean(values):
    values = list(values)
    return fsum(values) / len(values)


def sigmoid(z):
    return 1 / (1 + exp(-z))


def bce(x, y):
    return -(x * log(y) if x else 0) - ((1 - x) * log(1 - y) if x < 1 else 0)


def softmax(z):
    powers = [exp(entry) for entry in z]
    return [power / fsum(powers) for power in powers]


def labelwise(z, sets, pseudo):
    """BCE of what is known, and of pseudo-targets {label: t} = pseudo(x, y) of what is not."""
    names = sets.scheme.names

    def of_voxel(logits, x):
        y = {name: sigmoid(entry) for name, entry in zip(names, logits, strict=True)}
        known = {name: value for name, value in x.items() if value != 2}
        targets = known | pseudo(x, y)
        return fsum(bce(t, y[name]) for name, t in targets.items()) / len(names)

    return mean(of_voxel(logits, x) for logits, x, _ in flat(voxels(z, sets)))


def iuc(z, sets):
    return labelwise(z, sets, lambda x, y: {})


def families(scheme, x):
    """The unobserved children of each observed parent, one list a parent."""
    for label in scheme:
        if label.children and x[label.name] == 1:
            yield [child for child in label.children if x[child] == 2]


def huc(z, sets):
    def pseudo(x, y):
        targets = {}
        for children in families(sets.scheme, x):
            best = max(children, key=y.get, default=None)
            targets |= {child: float(child == best) for child in children}
        return targets

    return labelwise(z, sets, pseudo)


def weight(z, sets):
    return labelwise(
        z, sets, lambda x, y: {u: y[u] for family in families(sets.scheme, x) for u in family}
    )


def wnorm(z, sets):
    def pseudo(x, y):
        return {
            child: y[child] / fsum(y[other] for other in children)
            for children in families(sets.scheme, x)
            for child in children
        }

    return labelwise(z, sets, pseudo)


def wnorm_by_voxel(z, sets):
    scheme = sets.scheme

    def pseudo(x, y):
        below = [
            name
            for name in scheme.names
            if x[name] == 2 and any(x[above] == 1 for above in scheme.ancestors(name))
        ]
        return {name: y[name] / fsum(y[other] for other in below) for name in below}

    return labelwise(z, sets, pseudo)


def known_dice(y, x):
    """The mean over labels of 1 - Dice where the label is known; y and x are {label: value}s."""
    scores = []
    for name in x[0]:
        pairs = [(q[name], v[name]) for q, v in zip(y, x, strict=True) if v[name] != 2]
        both = fsum(q for q, v in pairs if v == 1)
        scores.append((2 * both + 1) / (fsum(q + v for q, v in pairs) + 1))
    return 1 - mean(scores)


def iuc_dice(z, sets):
    everywhere = flat(voxels(z, sets))
    names = sets.scheme.names
    y = [dict(zip(names, map(sigmoid, logits), strict=True)) for logits, _, _ in everywhere]
    return iuc(z, sets) + known_dice(y, [x for _, x, _ in everywhere])


def multitalent(z, sets):
    images = voxels(z, sets)
    total = 0.0
    for channel, name in enumerate(sets.scheme.names):
        y_x = []
        for image in images:
            annotated = [(logits, x) for logits, x, _ in image if set(x.values()) != {2}]
            if not annotated or any(x[name] == 2 for _, x in annotated):
                continue
            pairs = [(sigmoid(logits[channel]), x[name]) for logits, x in annotated]
            total += fsum(bce(x, y) for y, x in pairs) / len(image)
            y_x += pairs
        if y_x:
            total += 1 - 2 * fsum(y * x for y, x in y_x) / fsum(y + x for y, x in y_x)
    return total


def marginal_ce(z, sets):
    return mean(
        -log(fsum(p for k, p in enumerate(softmax(logits)) if k in possible))
        for logits, _, possible in flat(voxels(z, sets))
    )


def marginal_focal(z, sets, gamma=2.0):
    def focal(p):
        return -((1 - p) ** gamma) * log(p)

    def of_voxel(logits, possible):
        share = fsum(p for k, p in enumerate(softmax(logits)) if k in possible) / len(possible)
        return focal(share) - focal(1 / len(possible))

    return mean(of_voxel(logits, possible) for logits, _, possible in flat(voxels(z, sets)))


def mean_dice(p, g):
    """1 - mean over channels of the squared Dice of two lists of vectors, one a voxel."""
    scores = []
    for p_k, g_k in zip(zip(*p, strict=True), zip(*g, strict=True), strict=True):
        sizes = fsum(v * v for v in (*p_k, *g_k))
        scores.append(
            2 * fsum(a * b for a, b in zip(p_k, g_k, strict=True)) / sizes if sizes else 0
        )
    return 1 - mean(scores)


def marginal_dice(z, sets):
    def of_image(image):
        phi, g = [], []
        for logits, _, possible in image:
            p = softmax(logits)
            share = fsum(p[k] for k in possible) / len(possible)
            phi.append([share if k in possible else p[k] for k in range(len(p))])
            g.append([1 / len(possible) if k in possible else 0 for k in range(len(p))])
        return mean_dice(phi, g)

    return mean(of_image(image) for image in voxels(z, sets))


def leaf_dice(z, sets, everywhere=False):
    """With `everywhere` as Fidon et al. state it, for images whose leaves are known or missing."""

    def of_image(image):
        p, g = [], []
        for logits, _, possible in image:
            unsure = possible if len(possible) > 1 and not everywhere else []
            p.append([0 if k in unsure else v for k, v in enumerate(softmax(logits))])
            g.append([float(possible == [k]) for k in range(len(p[-1]))])
        return mean_dice(p, g) if np.any(g) else 0

    return mean(of_image(image) for image in voxels(z, sets))


def merged_dice(z, sets, squared=False):
    def of_image(image):
        annotated = [voxel for voxel in image if len(voxel[2]) < len(voxel[0])]
        if not annotated:
            return 0
        groups = [{k} for k in range(len(image[0][0]))]
        for _, _, possible in annotated:
            met = [group for group in groups if group & set(possible)]
            groups = [group for group in groups if group not in met] + [set().union(*met)]
        losses = []
        for group in groups:
            p = [fsum(softmax(logits)[k] for k in group) for logits, _, _ in annotated]
            g = [float(set(possible) <= group) for _, _, possible in annotated]
            overlap = fsum(a * b for a, b in zip(p, g, strict=True))
            sizes = fsum(a**2 if squared else a for a in p) + fsum(g)
            losses.append(1 - (2 * overlap + 1e-5) / (sizes + 1e-5))
        return mean(losses)

    return mean(of_image(image) for image in voxels(z, sets))


def class_adaptive(z, sets):
    def of_image(image):
        annotated = [voxel for voxel in image if len(voxel[2]) < len(voxel[0])]
        if not annotated:
            return 0
        p = [softmax(logits) for logits, _, _ in annotated]
        total = 0
        for k in range(len(p[0])):
            if any(k in possible and len(possible) > 1 for _, _, possible in annotated):
                continue
            p_k = [probabilities[k] for probabilities in p]
            g_k = [float(possible == [k]) for _, _, possible in annotated]
            total += fsum(-g * log(q) for q, g in zip(p_k, g_k, strict=True)) / len(image)
            total += mean_dice([[q] for q in p_k], [[g] for g in g_k]) / len(p[0])
        return total

    return mean(of_image(image) for image in voxels(z, sets))


def dice(z, sets):
    everywhere = flat(voxels(z, sets))
    scheme = sets.scheme
    y = []
    for logits, _, _ in everywhere:
        p = softmax(logits)
        y.append(
            {
                name: fsum(v for v, inside in zip(p, row, strict=True) if inside)
                for name, row in zip(scheme.names, scheme.membership, strict=True)
            }
        )
    return known_dice(y, [x for _, x, _ in everywhere])


FORMULAS = {
    "supervised": iuc,
    "iuc": iuc,
    "iu": iuc,
    "iuc+dice": iuc_dice,
    "huc": huc,
    "weight": weight,
    "wnorm": wnorm,
    "multitalent": multitalent,
    "marginal_ce": marginal_ce,
    "even_ce": marginal_ce,
    "even_ce+leaf_dice": lambda z, sets: marginal_ce(z, sets) + leaf_dice(z, sets),
    "tree_ce": marginal_ce,
    "tree_ce+leaf_dice": lambda z, sets: marginal_ce(z, sets) + leaf_dice(z, sets),
    "marginal_dice": marginal_dice,
    "marginal_focal": marginal_focal,
    "leaf_dice": leaf_dice,
    "merged_dice": merged_dice,
    "marginal_ce+merged_dice": lambda z, sets: marginal_ce(z, sets) + merged_dice(z, sets),
    "class_adaptive": class_adaptive,
    "dice": dice,
    "marginal_ce+dice": lambda z, sets: marginal_ce(z, sets) + dice(z, sets),
    "marginal_ce+leaf_dice": lambda z, sets: marginal_ce(z, sets) + leaf_dice(z, sets),
    "marginal_focal+leaf_dice": lambda z, sets: marginal_focal(z, sets) + leaf_dice(z, sets),
}
