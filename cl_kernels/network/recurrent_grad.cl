## One step back through a recurrent layer: a work-item computes some rows (CPU), or single elements
## (elsewhere), of the gradients of what went into the gates (d_g), from that of the state: what comes
## to the step itself (g_g), and what the step after gives back (r_g, a product in parts, for `live`
## rows; in the others, whose sequence ends here, that of the last state). With VW, a work-item goes
## `steps` steps back with its rows, and computes the products too: r_g is room for them, w_g the packed
## weights, after_at the row where the step after the first one begins.
## With ROWS, a work-group of ITEMS does that for so many rows: w_g are the weights, and what the step
## after gives back is made of local memory, of ROOM elements (recurrent_group.cl).
## Rows of d_g begin with what the state gave to the gates; those of a gru are that of the fresh gate,
## reset, stay, and what the input gave to the fresh one. d_g may be gates_g: elements are read first.
<%page args="T, cell, parts, VW=0, MR=0, NV=0, ROWS=0, ROOM=0, ITEMS=0, PARTS=1, wide=False"/>\
<%namespace name="within" file="recurrent_product.cl"/>\
<%namespace name="group" file="recurrent_group.cl"/>\
<%
    gates, pitch = {'lstm': (4, 4), 'gru': (3, 4)}.get(cell, (1, 1))
    several = VW or ROWS
%>\
<%def name="unit()">
            ${T} dh = has_g ? g_g[here * size + j] : 0;
            if (goes_on)
            % if ROWS:
                dh += ${group.sum(ROWS, PARTS, 0)};
            % elif VW:
                dh += r_g[(long)row * width + j];
            % else:
                dh += ${' + '.join(f'r_g[{s} * r_part + start + j]' for s in range(parts))};
            % endif
            else if (has_last)
                dh += last_g[start + j];
        % if cell in ('lstm', 'gru'):
            __global const ${T}* gate = gates_g + here * 4 * size;
            const ${T} before = ${'earlier' if several else '(before_g + before_at)'}[start + j];
        % endif
        % if cell == 'lstm':
            const ${T} enter = gate[j], stay = gate[size + j];
            const ${T} fresh = gate[2 * size + j], leave = gate[3 * size + j];
            const ${T} seen = tanh(c_g[here * size + j]);
            const ${T} dc = carry_g[start + j] + dh * leave * (1 - seen * seen);
            __global ${T}* d = d_g + here * 4 * size;
            d[j] = dc * fresh * enter * (1 - enter);
            d[size + j] = dc * before * stay * (1 - stay);
            d[2 * size + j] = dc * enter * (1 - fresh * fresh);
            d[3 * size + j] = dh * seen * leave * (1 - leave);
            carry_g[start + j] = dc * stay;
        % elif cell == 'gru':
            dh += carry_g[start + j];
            const ${T} reset = gate[j], stay = gate[size + j];
            const ${T} fresh = gate[2 * size + j], inner = gate[3 * size + j];
            const ${T} dn = dh * (1 - stay) * (1 - fresh * fresh);
            const ${T} dr = dn * inner * reset * (1 - reset);
            const ${T} dz = dh * (before - fresh) * stay * (1 - stay);
            __global ${T}* d = d_g + here * 4 * size;
            d[j] = dn * reset;
            d[size + j] = dr;
            d[2 * size + j] = dz;
            d[3 * size + j] = dn;
            carry_g[start + j] = dh * stay;
        % else:
            const ${T} h = h_g[here * size + j];
            d_g[here * size + j] = ${'dh * (1 - h * h)' if cell == 'tanh' else 'h > 0 ? dh : 0'};
        % endif
</%def>
% if VW:
${within.functions(T, VW, MR, NV)}
% endif
% if ROWS:
typedef ${T}4 vec4;
% endif
## No restrict where several steps are computed: the gradients of one are read by the next.
__kernel ${f'__attribute__((reqd_work_group_size({ITEMS}, 1, 1)))' if ROWS else ''}
void recurrent_grad(
% if VW:
    __global ${T}* d_g, __global const ${T}* restrict g_g, __global ${T}* r_g,
    __global const ${T}* restrict last_g, __global const ${T}* restrict w_g,
% elif ROWS:
    __global ${T}* d_g, __global const ${T}* restrict g_g, __global const ${T}* restrict last_g,
    __global const ${T}* restrict w_g,
% else:
    __global ${T}* d_g, __global const ${T}* restrict g_g, __global const ${T}* restrict r_g,
    __global const ${T}* restrict last_g,
% endif
% if cell in ('lstm', 'gru'):
    __global const ${T}* gates_g, __global const ${T}* before_g,
    __global ${T}* restrict carry_g,
% endif
% if cell == 'lstm':
    __global const ${T}* c_g,
% else:
    __global const ${T}* h_g,
% endif
    const int has_g, const int has_last,
    const long at, const long before_at, const int rows, const int live, const int size,
% if ROWS:
    const long after_at, const int steps, const int stride
% elif VW:
    const int each, const long after_at, const int steps, const int stride, const int width
% else:
    const int each, const long r_part
% endif
) {
% if ROWS:
    __local ${T} after[${ROOM}] __attribute__((aligned(64)));
    __local ${T} made[${4 * ITEMS * ROWS}] __attribute__((aligned(32)));
    const int first = (int)get_group_id(0) * ${ROWS};
    ${group.begin()}
    for (int e = lid; e < ${gates} * size * ${ROWS}; e += ${ITEMS}) {
        const int row = first + e % ${ROWS};
        after[e] = row < live ? d_g[(after_at + row) * ${pitch} * size + e / ${ROWS}] : 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = 0; step < steps; ++step) {
        const long now = at + (long)step * stride;
        const int known = step ? rows : live;
    % if cell in ('lstm', 'gru'):
        __global const ${T}* earlier =
            step + 1 < steps ? ${'c_g' if cell == 'lstm' else 'h_g'} + (now + stride) * size : before_g + before_at;
    % endif
        ${group.product(T, ROWS, PARTS, 1, wide, f'{gates} * size', 'after')}
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int e = lid; e < size * ${ROWS}; e += ${ITEMS}) {
            const int i = e / size, j = e - i * size, row = first + i;
            if (row < rows) {
                const long here = now + row, start = (long)row * size;
                const int goes_on = row < known;
                ${unit()}
                __global const ${T}* mine = d_g + here * ${pitch} * size;
    % for gate in range(gates):
                after[(${gate} * size + j) * ${ROWS} + i] = mine[${gate} * size + j];
    % endfor
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
% else:
% if device.is_cpu:
    const int first = (int)get_group_id(0) * each;
    const int end = first + each < rows ? first + each : rows;
    % if VW:
    for (int step = 0; step < steps; ++step) {
    const long now = at + (long)step * stride;
    const int known = step || live > end ? end : live;
    product(first, known, ${gates} * size, ${pitch} * size,
            d_g + (step ? now - stride : after_at) * ${pitch} * size, w_g, r_g, width);
    % if cell in ('lstm', 'gru'):
    __global const ${T}* earlier =
        step + 1 < steps ? ${'c_g' if cell == 'lstm' else 'h_g'} + (now + stride) * size : before_g + before_at;
    % endif
    % endif
    for (int row = first; row < end; ++row) {
% else:
    const int place = get_global_id(0);
    if (place < rows * size) {
        const int row = place / size;
% endif
        const long here = ${'now' if VW else 'at'} + row, start = (long)row * size;
        const int goes_on = row < ${'known' if VW else 'live'};
    % if device.is_cpu:
#pragma clang loop vectorize(assume_safety)
        for (int j = 0; j < size; ++j) {
    % else:
        {
            const int j = place - row * size;
    % endif
            ${unit()}
        }
    }
% if VW:
    }
% endif
% endif
}
