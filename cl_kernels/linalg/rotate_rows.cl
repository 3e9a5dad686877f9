## A work-item applies the recorded sweeps of rotations, of rows that lie ${step} apart, to ${vectors}
## vectors of type V of its matrix, which are the columns of its chunk: those of row i are at i *
## z_row. Two sweeps that begin at one row, of which the second is no longer, go together: the second follows
## one row behind, and what the first leaves of a row stays in registers. What became smaller than the
## rounding of 1e-30 is dropped: processors take a hundred times as long for subnormal numbers, and
## rotations of unit vectors make many.
<% V = f'{T}{width}' if width > 1 else T %>
typedef ${V} V;
/* Turns the row that is carried and the next one, x: one stays, the other is carried on. */
#define TURN(x, carried, cosine, sine, stays) \
    V stays; \
    { \
        const V next = x; \
        stays = ((cosine) * carried + (sine) * next + (V)1e-30) - (V)1e-30; \
        carried = (cosine) * next - (sine) * carried; \
    }
__kernel void rotate_rows(
    __global V* z_g, __global const ${T}* turn_g, __global const int* sweep_g,
    __global const int* state_g,
    const int room, const int chunks, const long z_row, const long z_chunk, const long z_batch,
    const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    const long matrix = gid / chunks;
    __global V* z = z_g + matrix * z_batch + gid % chunks * z_chunk;
    __global const ${T}* turn = turn_g + matrix * 2 * room;
    __global const int* sweep = sweep_g + matrix * 2 * room;
    const int sweeps = state_g[matrix * 4 + 2];
    const long by = ${step} * z_row;
    for (int k = 0; k < sweeps; ++k) {
        const int count = sweep[2 * k + 1];
        __global V* row = z + sweep[2 * k] * z_row;
        __global const ${T}* behind = turn + 2 * count;
        int after = 0, j = 0;
        if (k + 1 < sweeps && sweep[2 * k + 2] == sweep[2 * k] && sweep[2 * k + 3] <= count) {
            ++k;
            after = sweep[2 * k + 1];
        }
% for v in range(vectors):
        V first${v} = row[${v}];
% endfor
        if (after) {
% for v in range(vectors):
            TURN(row[by + ${v}], first${v}, turn[0], turn[1], second${v})
% endfor
            row += by;
            for (j = 1; j < count && j <= after; ++j, row += by) {
% for v in range(vectors):
                TURN(row[by + ${v}], first${v}, turn[2 * j], turn[2 * j + 1], left${v})
                TURN(left${v}, second${v}, behind[2 * j - 2], behind[2 * j - 1], done${v})
                row[${v} - by] = done${v};
% endfor
            }
            if (after == count) {
% for v in range(vectors):
                TURN(first${v}, second${v}, behind[2 * j - 2], behind[2 * j - 1], done${v})
                row[${v} - by] = done${v};
                first${v} = second${v};
% endfor
            } else {
% for v in range(vectors):
                row[${v} - by] = second${v};
% endfor
            }
        }
        for (; j < count; ++j, row += by) {
% for v in range(vectors):
            TURN(row[by + ${v}], first${v}, turn[2 * j], turn[2 * j + 1], left${v})
            row[${v}] = left${v};
% endfor
        }
% for v in range(vectors):
        row[${v}] = first${v};
% endfor
        turn += 2 * (count + after);
    }
}
