"""Sums of many multiples on edwards25519, compiled: Pippenger's buckets over public points. Nothing secret may pass through here.

A field element is five 64-bit limbs of 51 bits; limbs stay below 2**54 between products. A point is (X, Y, Z, T) in extended
coordinates (Hisil, Wong, Carter, Dawson 2008), a point to be added is (y + x, y - x, 2dxy). Decoding follows RFC 9496, 4.3.1. Branches
and memory follow the data, so the time tells it. Products go through 128-bit integers, which NumPy lacks and the compiler has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["bucket_sum", "decode_all"]

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_Limb: TypeAlias = Any  # a 64-bit word; type checkers know the ones of NumPy only in parts
_Field: TypeAlias = tuple[_Limb, _Limb, _Limb, _Limb, _Limb]
_Point: TypeAlias = tuple[_Field, _Field, _Field, _Field]

_LIMBS: Any = numba.types.UniTuple(numba.types.uint64, 5)  # type: ignore[no-untyped-call]
u64 = np.uint64


def _loop(work: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    return cast(Callable[_Given, _Found], numba.njit(work, cache=True, nogil=True))


def _built(make: Callable[..., Any]) -> Callable[[_Field, _Field], _Field]:
    return cast(Callable[[_Field, _Field], _Field], intrinsic(make))


_unpack: Any = cgutils.unpack_tuple


@_built
def _times(typing: Any, one: Any, other: Any) -> Any:
    """The product of two field elements, weakly reduced (limbs below 2**52)."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        a, b = (_unpack(builder, value, 5) for value in given)
        found = builder.call(_product(builder.module), [*a, *b])
        return context.make_tuple(builder, signature.return_type, _unpack(builder, found, 5))

    return _LIMBS(_LIMBS, _LIMBS), build


def _product(module: Any) -> Any:
    """The one function of the module that multiplies; called, not copied to every place, or compiling takes three times as long."""
    narrow = ir.IntType(64)
    shape = ir.FunctionType(ir.LiteralStructType([narrow] * 5), [narrow] * 10)
    name = "stillwatch_field_product"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, shape, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    found = ir.Constant(shape.return_type, ir.Undefined)
    for place, limb in enumerate(_multiplied(builder, function.args[:5], function.args[5:])):
        found = builder.insert_value(found, limb, place)
    builder.ret(found)
    return function


def _multiplied(builder: Any, one: Any, other: Any) -> list[Any]:
    """The instructions of a product: columns of 128 bits, carried once around."""
    wide, narrow = ir.IntType(128), ir.IntType(64)
    a = [builder.zext(limb, wide) for limb in one]
    b = [builder.zext(limb, wide) for limb in other]
    b19 = [builder.zext(builder.mul(limb, narrow(19)), wide) for limb in other]
    mask, carry, limbs = narrow((1 << 51) - 1), wide(0), []
    for place in range(5):
        for i in range(5):
            carry = builder.add(carry, builder.mul(a[i], b[place - i] if i <= place else b19[place - i + 5]))
        limbs.append(builder.and_(builder.trunc(carry, narrow), mask))
        carry = builder.lshr(carry, wide(51))
    limbs[0] = builder.add(limbs[0], builder.mul(builder.trunc(carry, narrow), narrow(19)))
    limbs[1] = builder.add(limbs[1], builder.lshr(limbs[0], narrow(51)))
    limbs[0] = builder.and_(limbs[0], mask)
    return limbs


@_built
def _times_here(typing: Any, one: Any, other: Any) -> Any:
    """The same product, written out where it stands: for the two loops that take nearly all the time."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        a, b = (_unpack(builder, value, 5) for value in given)
        return context.make_tuple(builder, signature.return_type, _multiplied(builder, a, b))

    return _LIMBS(_LIMBS, _LIMBS), build


_MASK = u64((1 << 51) - 1)
_S51, _N19 = u64(51), u64(19)
_P16_0, _P16 = u64(36028797018963664), u64(36028797018963952)


def _limbs(number: int) -> tuple[Any, ...]:
    return tuple(u64(number >> 51 * i & ((1 << 51) - 1)) for i in range(5))


_P = 2**255 - 19
_D_INT = -121665 * pow(121666, -1, _P) % _P
_D, _D2, _ROOT = _limbs(_D_INT), _limbs(2 * _D_INT % _P), _limbs(pow(2, (_P - 1) // 4, _P))
_ZERO, _ONE = _limbs(0), _limbs(1)


@_loop
def _plus(a: _Field, b: _Field) -> _Field:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]


@_loop
def _carried(a0: _Limb, a1: _Limb, a2: _Limb, a3: _Limb, a4: _Limb) -> _Field:
    c0, c1, c2, c3, c4 = a0 >> _S51, a1 >> _S51, a2 >> _S51, a3 >> _S51, a4 >> _S51
    return (a0 & _MASK) + c4 * _N19, (a1 & _MASK) + c0, (a2 & _MASK) + c1, (a3 & _MASK) + c2, (a4 & _MASK) + c3


@_loop
def _minus(a: _Field, b: _Field) -> _Field:
    return _carried(
        a[0] + _P16_0 - b[0], a[1] + _P16 - b[1], a[2] + _P16 - b[2], a[3] + _P16 - b[3], a[4] + _P16 - b[4]
    )


@_loop
def _canonical(a: _Field) -> _Field:
    """The one spelling below p."""
    a = _carried(*a)
    a = _carried(*a)
    q = (a[0] + _N19) >> _S51
    q = (a[1] + q) >> _S51
    q = (a[2] + q) >> _S51
    q = (a[3] + q) >> _S51
    q = (a[4] + q) >> _S51
    a0 = a[0] + _N19 * q
    a1 = a[1] + (a0 >> _S51)
    a2 = a[2] + (a1 >> _S51)
    a3 = a[3] + (a2 >> _S51)
    a4 = a[4] + (a3 >> _S51)
    return a0 & _MASK, a1 & _MASK, a2 & _MASK, a3 & _MASK, a4 & _MASK


@_loop
def _same(a: _Field, b: _Field) -> bool:
    a, b = _canonical(a), _canonical(b)
    return bool(a[0] == b[0] and a[1] == b[1] and a[2] == b[2] and a[3] == b[3] and a[4] == b[4])


@_loop
def _negative(a: _Field) -> bool:
    return bool((_canonical(a)[0] & u64(1)) == u64(1))


@_loop
def _squared(a: _Field, times: int) -> _Field:
    for _ in range(times):
        a = _times_here(a, a)
    return a


@_loop
def _inverse_root(v: _Field) -> tuple[bool, _Field]:
    """Whether v is a square, and 1 / sqrt(v) or 1 / sqrt(i v): SQRT_RATIO_M1(1, v) of RFC 9496."""
    v3 = _times(_times(v, v), v)
    base = _times(_times(v3, v3), v)
    t0 = _times(base, base)
    t1 = _times(base, _squared(t0, 2))
    t0 = _times(t0, t1)
    t0 = _times(t1, _times(t0, t0))
    t1 = _times(_squared(t0, 5), t0)
    t2 = _times(_squared(t1, 10), t1)
    t3 = _times(_squared(t2, 20), t2)
    t1 = _times(_squared(t3, 10), t1)
    t2 = _times(_squared(t1, 50), t1)
    t3 = _times(_squared(t2, 100), t2)
    t1 = _times(_squared(t3, 50), t1)
    root = _times(v3, _times(_squared(t1, 2), base))
    check = _times(v, _times(root, root))
    negated = _minus(_ZERO, check)
    square = _same(check, _ONE)
    if _same(negated, _ONE):
        root, square = _times(root, _ROOT), True
    elif _same(negated, _ROOT):
        root = _times(root, _ROOT)
    return square, _minus(_ZERO, root) if _negative(root) else root


@_loop
def decode_all(words: NDArray[np.uint64], niels: NDArray[np.uint64]) -> int:
    """Decode encodings (n x 4 words, little-endian) into `niels` (n x 3 x 5); the index of the first that is no point, or -1."""
    for row in range(len(words)):
        w0, w1, w2, w3 = words[row, 0], words[row, 1], words[row, 2], words[row, 3]
        s = (
            w0 & _MASK,
            ((w0 >> u64(51)) | (w1 << u64(13))) & _MASK,
            ((w1 >> u64(38)) | (w2 << u64(26))) & _MASK,
            ((w2 >> u64(25)) | (w3 << u64(39))) & _MASK,
            w3 >> u64(12),
        )
        c = _canonical(s)
        whole = s[0] == c[0] and s[1] == c[1] and s[2] == c[2] and s[3] == c[3] and s[4] == c[4]
        ss = _times(s, s)
        u1, u2 = _minus(_ONE, ss), _plus(_ONE, ss)
        u2s = _times(u2, u2)
        v = _minus(_minus(_ZERO, _times(_D, _times(u1, u1))), u2s)
        square, root = _inverse_root(_times(v, u2s))
        den = _times(root, u2)
        x = _times(_plus(s, s), den)
        if _negative(x):
            x = _minus(_ZERO, x)
        y = _times(u1, _times(_times(root, den), v))
        t = _times(x, y)
        if not whole or (w0 & u64(1)) != u64(0) or not square or _negative(t) or _same(y, _ZERO):
            return row
        one, two, three = _plus(y, x), _minus(y, x), _times(t, _D2)
        for limb in range(5):
            niels[row, 0, limb], niels[row, 1, limb], niels[row, 2, limb] = one[limb], two[limb], three[limb]
    return -1


@_loop
def _field_at(row: NDArray[np.uint64]) -> _Field:
    return row[0], row[1], row[2], row[3], row[4]


@_loop
def _added(p: _Point, q: _Point) -> _Point:
    a = _times(_minus(p[1], p[0]), _minus(q[1], q[0]))
    b = _times(_plus(p[1], p[0]), _plus(q[1], q[0]))
    c = _times(_times(p[3], q[3]), _D2)
    d = _times(p[2], q[2])
    d = _plus(d, d)
    e, f, g, h = _minus(b, a), _minus(d, c), _plus(d, c), _plus(b, a)
    return _times(e, f), _times(g, h), _times(f, g), _times(e, h)


@_loop
def _load(place: NDArray[np.uint64]) -> _Point:
    return _field_at(place[0]), _field_at(place[1]), _field_at(place[2]), _field_at(place[3])


@_loop
def _store(place: NDArray[np.uint64], p: _Point) -> None:
    for limb in range(5):
        place[0, limb], place[1, limb], place[2, limb], place[3, limb] = p[0][limb], p[1][limb], p[2][limb], p[3][limb]


@_loop
def _take_in(place: NDArray[np.uint64], niels: NDArray[np.uint64], minus: bool) -> None:
    """Add a decoded point, or its negative, to the point at a place."""
    x, y, z, t = _load(place)
    one, two = (_field_at(niels[1]), _field_at(niels[0])) if minus else (_field_at(niels[0]), _field_at(niels[1]))
    pp, mm = _times_here(_plus(y, x), one), _times_here(_minus(y, x), two)
    txy, zz = _times_here(t, _field_at(niels[2])), _plus(z, z)
    e, h = _minus(pp, mm), _plus(pp, mm)
    if minus:
        g, f = _minus(zz, txy), _plus(zz, txy)
    else:
        g, f = _plus(zz, txy), _minus(zz, txy)
    _store(place, (_times_here(e, f), _times_here(h, g), _times_here(g, f), _times_here(e, h)))


@_loop
def bucket_sum(niels: NDArray[np.uint64], factors: NDArray[np.uint8], total: NDArray[np.uint64]) -> None:
    """The sum of decoded points times their factors (n x 32 bytes, little-endian, below the order), into `total` (4 x 5)."""
    n = len(niels)
    digits = np.empty((32, n), np.int16)
    for row in range(n):
        carry = 0
        for place in range(32):
            digit = int(factors[row, place]) + carry
            carry = 0
            if digit > 128:
                digit, carry = digit - 256, 1
            digits[place, row] = digit
    neutral = (_ZERO, _ONE, _ONE, _ZERO)
    buckets = np.empty((129, 4, 5), np.uint64)
    whole = neutral
    for place in range(31, -1, -1):
        for _ in range(8):
            whole = _added(whole, whole)
        for bucket in range(1, 129):
            _store(buckets[bucket], neutral)
        for row in range(n):
            digit = digits[place, row]
            if digit > 0:
                _take_in(buckets[digit], niels[row], False)
            elif digit < 0:
                _take_in(buckets[-digit], niels[row], True)
        running, summed = neutral, neutral
        for bucket in range(128, 0, -1):
            running = _added(running, _load(buckets[bucket]))
            summed = _added(summed, running)
        whole = _added(whole, summed)
    _store(total, whole)
