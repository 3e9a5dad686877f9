## Philox 4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw (2011): the words
## of a counter and a key are a fixed function of both, so the bits are the same on every device.
/* A compiler that leaves calls inside a loop cannot make vector code of it: 13 times slower. */
% for name in ("low", "high"):
INLINE uint philox_${name}(const uint a, const uint b) {
    return (uint)(${"((ulong)a * b)" if name == "low" else "((ulong)a * b) >> 32"});
}
% endfor
INLINE void philox(
    const ulong counter, const ulong stream, const ulong key,
    uint* w0, uint* w1, uint* w2, uint* w3
) {
    uint c0 = (uint)counter, c1 = (uint)(counter >> 32);
    uint c2 = (uint)stream, c3 = (uint)(stream >> 32);
    uint k0 = (uint)key, k1 = (uint)(key >> 32);
% for turn in range(10):
    {
        const uint n0 = philox_high(0xCD9E8D57u, c2) ^ c1 ^ k0;
        const uint n2 = philox_high(0xD2511F53u, c0) ^ c3 ^ k1;
        c1 = philox_low(0xCD9E8D57u, c2);
        c3 = philox_low(0xD2511F53u, c0);
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
% endfor
    *w0 = c0;
    *w1 = c1;
    *w2 = c2;
    *w3 = c3;
}
