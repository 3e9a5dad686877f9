## A work-item applies the recorded sweeps of rotations, of rows that lie ${step} apart, to ${lanes}
## columns of its matrix: lane c of row i is at i * z_row + c of its chunk. What became smaller than
## the rounding of 1e-30 is dropped: processors take a hundred times as long for subnormal numbers,
## and rotations of unit vectors make many.
__kernel void rotate_rows(
    __global ${T}* z_g, __global const ${T}* turn_g, __global const int* sweep_g,
    __global const int* state_g,
    const int room, const int chunks, const long z_row, const long z_chunk, const long z_batch,
    const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    const long matrix = gid / chunks;
    __global ${T}* z = z_g + matrix * z_batch + gid % chunks * z_chunk;
    __global const ${T}* turn = turn_g + matrix * 2 * room;
    __global const int* sweep = sweep_g + matrix * 2 * room;
    const int sweeps = state_g[matrix * 4 + 2];
    for (int k = 0; k < sweeps; ++k) {
        const int count = sweep[2 * k + 1];
        __global ${T}* row = z + sweep[2 * k] * z_row;
        ${T} carried[${lanes}];
        for (int c = 0; c < ${lanes}; ++c)
            carried[c] = row[c];
        for (int j = 0; j < count; ++j) {
            const ${T} cosine = turn[0], sine = turn[1];
            turn += 2;
            __global ${T}* next = row + ${step} * z_row;
            for (int c = 0; c < ${lanes}; ++c) {
                const ${T} x = next[c], y = carried[c];
                row[c] = (cosine * y + sine * x + (${T})1e-30) - (${T})1e-30;
                carried[c] = cosine * x - sine * y;
            }
            row = next;
        }
        for (int c = 0; c < ${lanes}; ++c)
            row[c] = carried[c];
    }
}
