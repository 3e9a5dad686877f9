## Floats of 16 bits: what they are in memory, where they can be moved, and the float that they are
## computed with as. A structure cannot be taken for a number, so a kernel that would compute with
## the bits does not build. Rounding is to the nearest, of two to the even one, on every device,
## with fp16 or without; in whole numbers and floats, since calls would keep PoCL from vector code.
typedef struct { ushort bits; } ct_float16;
typedef struct { ushort bits; } ct_bfloat16;

/* As a float with the same digits, of which the exponent is then too small by 2^112; subnormal ones
   are digits behind a 1, which is taken off (M. Dukhan, FP16). */
CT_OVERLOAD float ct_wide(const ct_float16 x) {
    const uint word = (uint)x.bits << 16, twice = word + word;
    const float normal = as_float((twice >> 4) + (0xe0u << 23)) * 0x1.0p-112f;
    const float subnormal = as_float((twice >> 17) | (126u << 23)) - 0.5f;
    return as_float((word & 0x80000000u)
                    | (twice < (1u << 27) ? as_uint(subnormal) : as_uint(normal)));
}
/* Added to a power of two that lies as far above as there are digits too many, a float is rounded. */
INLINE ct_float16 ct_float16_of(const float x) {
    const uint word = as_uint(x), twice = word + word;
    const uint bias = (twice & 0xff000000u) < 0x71000000u ? 0x71000000u : twice & 0xff000000u;
    const float scaled = (as_float(word & 0x7fffffffu) * 0x1.0p+112f) * 0x1.0p-110f;
    const uint rounded = as_uint(as_float((bias >> 1) + 0x07800000u) + scaled);
    const uint digits = ((rounded >> 13) & 0x7c00u) + (rounded & 0x0fffu);
    const ct_float16 y = { (word >> 16 & 0x8000u) | (twice > 0xff000000u ? 0x7e00u : digits) };
    return y;
}
CT_OVERLOAD float ct_wide(const ct_bfloat16 x) { return as_float((uint)x.bits << 16); }
INLINE ct_bfloat16 ct_bfloat16_of(const float x) {
    const uint word = as_uint(x), rounded = (word + 0x7fffu + (word >> 16 & 1u)) >> 16;
    const ct_bfloat16 y = { (word & 0x7fffffffu) > 0x7f800000u ? (word >> 16) | 0x40u : rounded };
    return y;
}
