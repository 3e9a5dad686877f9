## What dropout multiplies the weights of attention with, as a whole: a work-item turns `each` Philox
## counters into those of four keys of a query each (as `chances` in attention_panel.cl).
<%page args="T"/>\
<%include file="philox.cl"/>
__kernel void attention_keep(
    __global ${T}* restrict y_g, __global const ulong* restrict key_g, const long key_at,
    const long count, const long each, const int keys, const float kept, const ${T} scale
) {
    const long counters = (keys + 3) / 4, first = get_global_id(0) * each;
    const long end = first + each < count ? first + each : count;
    for (long place = first; place < end; place++) {
        uint w[4];
        philox(place, 0, key_g[key_at], w, w + 1, w + 2, w + 3);
        const int key = place % counters * 4;
        __global ${T}* y = y_g + place / counters * keys + key;
        for (int i = 0; i < 4 && key + i < keys; i++)
            y[i] = (float)(int)(w[i] >> 8) * 0x1.0p-24f < kept ? scale : 0;
    }
}
