#!/usr/bin/env python3
"""Derives the manufactured solutions of the Navier-Stokes equations that tests/viscous.rs converges to.

usage: manufactured.py FOLDER      writes 2d.txt, 2d-sutherland.txt and 3d.txt

Density, velocity and internal energy a mass are linear in the sines and cosines (sa, ca, sb, cb) of two travelling waves, so
that with constant viscosity the sources are polynomials in these four; they are written in Horner's form, the shortest of all
orders of the variables. With Sutherland's law the viscosity and the logarithm of it, derived by the energy, stand before.
Package: sympy.
"""
import itertools
import pathlib
import re
import sys

import sympy as sp

R = sp.Rational
WAVES = sa, ca, sb, cb = sp.symbols("sa ca sb cb")
mu, slope, e_ = sp.symbols("mu slope e")  # slope: d log(mu) / d e
GAMMA, MU, PR = R(7, 5), R(1, 50), R(18, 25)
CP_T_REF, CP_T_S = R(5, 2), R(1)


def derivative(q, rates):
    """Of a polynomial in the waves, whose phases are 2 pi times linear with these rates."""
    pairs = zip(rates, ((sa, ca), (sb, cb)))
    return sum(2 * sp.pi * r * (sp.diff(q, s) * c - sp.diff(q, c) * s) for r, (s, c) in pairs)


def length(q):
    return sum(n in WAVES for n in sp.preorder_traversal(q))


def short(q):
    """With cosines squared replaced, as short as it gets."""
    for s, c in ((sa, ca), (sb, cb)):
        terms = sp.Poly(sp.expand(q), c).terms()
        q = sum(k * (c if n % 2 else 1) * (1 - s**2) ** (n // 2) for (n,), k in terms)
    q = sp.expand(q).evalf(17)
    used = [w for w in WAVES if w in q.free_symbols]
    return min((sp.horner(q, wrt=order) for order in itertools.permutations(used)), key=length)


def text(q):
    """In the notation of case files, where powers are functions: products here."""
    return re.sub(r"(\w+)\*\*(\d)", lambda m: "*".join([m[1]] * int(m[2])), str(q))


def sources(primitive, waves, sutherland):
    """What has to be added to the time derivatives of the conserved variables."""
    dims = len(primitive) - 2
    d = lambda q, i: derivative(q, [w[i] for w in waves])  # noqa: E731
    rho, v, e = primitive[0], primitive[1:-1], primitive[-1]
    p, total = (GAMMA - 1) * rho * e, rho * (e + sum(u * u for u in v) / 2)
    grad = [[d(v[i], j) for j in range(dims)] for i in range(dims)]
    div = sum(grad[i][i] for i in range(dims))
    # Both without the viscosity.
    stress = [[grad[i][j] + grad[j][i] - (R(2, 3) * div if i == j else 0) for j in range(dims)] for i in range(dims)]
    work = [sum(v[i] * stress[i][j] for i in range(dims)) + GAMMA / PR * d(e, j) for j in range(dims)]
    delta = sp.eye(dims)
    carried = [[rho * v[j] for j in range(dims)]]
    carried += [[rho * v[i] * v[j] + p * delta[i, j] for j in range(dims)] for i in range(dims)]
    carried += [[v[j] * (total + p) for j in range(dims)]]
    viscous = [[0] * dims, *stress, work]
    for state, f, g in zip([rho, *(rho * u for u in v), total], carried, viscous):
        inviscid = d(state, 3) + sum(d(f[j], j) for j in range(dims))
        spread = sum((d(g[j], j) for j in range(dims)), sp.Integer(0))
        uneven = sum((g[j] * d(e, j) for j in range(dims)), sp.Integer(0))
        if not sutherland:
            yield text(short(inviscid - MU * spread))
        elif spread == 0:
            yield text(short(inviscid))
        else:
            yield f"{text(short(inviscid))} - mu*({text(short(spread))} + slope*({text(short(uneven))}))"


def write(path, primitive, waves, sutherland=False):
    names = ["rho", "u", "v", "w", "p"][: len(primitive) - 1] + ["p"]
    conserved = ["rho", "rhou", "rhov", "rhow"][: len(primitive) - 1] + ["E"]
    phases = [sum(r * s for r, s in zip(w, sp.symbols("x y z t"))) for w in waves]
    lines = [f"# Made by tests/python/manufactured.py: gamma {GAMMA}, mu {float(MU)}, Pr {float(PR)}."]
    if sutherland:
        lines.append(f"# Sutherland's law with cpTref {float(CP_T_REF)}, cpTs {float(CP_T_S)}.")
    lines += [f"{f[0]}{'ab'[i]} = {f}(2*pi*({phase}))" for i, phase in enumerate(phases) for f in ("sin", "cos")]
    *state, e = primitive
    lines.append(f"e = {e.evalf()}")
    if sutherland:
        heat, ref, s = float(GAMMA), float(CP_T_REF), float(CP_T_S)
        lines.append(f"mu = {float(MU)}*{ref + s}/({heat}*e + {s})*pow({heat}*e/{ref}, 1.5)")
        lines.append(f"slope = 1.5/e - {heat}/({heat}*e + {s})")
    lines += [f"{name} = {q.evalf()}" for name, q in zip(names, state)]
    lines.append(f"p = {float(GAMMA - 1)}*rho*e")
    lines += [f"source-{name} = {q}" for name, q in zip(conserved, sources(primitive, waves, sutherland))]
    path.write_text("\n".join(lines) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, k = pathlib.Path(sys.argv[1]), R(1, 10)
    # Few functions of the waves: their evaluation takes most of the time of the tests.
    flat = [1 + k * sa, 1 + k * sb, R(7, 10) - k * sb, 2 + k * sa]
    waves = [(1, 1, 0, -1), (1, -1, 0, 1)]
    write(folder / "2d.txt", flat, waves)
    write(folder / "2d-sutherland.txt", flat, waves, sutherland=True)
    deep = [1 + k * sa, 1 + k * sb, R(7, 10) - k * sb, R(-2, 5) + 2 * k * sb, 2 + k * sa]
    write(folder / "3d.txt", deep, [(1, 0, 0, -1), (0, 1, 1, 1)])


if __name__ == "__main__":
    main()
