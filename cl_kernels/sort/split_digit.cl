## split_digit: of a key of a lane, how far it is from the lane's smallest, in steps so wide that there
## are fewer than 2^${top}. SPLIT_LANE sets what it takes: the smallest key and the width's logarithm.
## No kernel of its own.
<%include file="sort_key.cl"/>
#define SPLIT_LANE(lane) \
    ${U} least = (${U})~(${U})0, most = 0; \
    for (int k = 0; k < blocks; ++k) { \
        const ${U} low = range_g[2 * (blocks * (lane) + k)]; \
        const ${U} high = range_g[2 * (blocks * (lane) + k) + 1]; \
        least = low < least ? low : least; \
        most = high > most ? high : most; \
    } \
    const int lane_bits = BITS(most - least), shift = lane_bits > ${top} ? lane_bits - ${top} : 0;
/* How many bits a number needs; 0 needs none. */
#define BITS(number) (int)(64 - clz((ulong)(${U})(number)))
INLINE int split_digit(const ${U} v, const ${U} least, const int shift) {
    return (int)((${U})(sort_key(v) - least) >> shift);
}
