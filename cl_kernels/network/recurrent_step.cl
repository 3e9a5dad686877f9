## One step of a recurrent layer: a work-item computes some rows (CPU), or single elements (elsewhere),
## of the state from what the inputs (x_g) and the state before (r_g, a product in parts) give to the
## gates, which are kept for the way back. With VW, a work-item computes `steps` steps of its rows, the
## products too: r_g is room for them, w_g the packed weights, start_g the states before the first.
## With ROWS, a work-group of ITEMS does that for so many rows: w_g are the transposed weights, and the
## states that the next step reads are in local memory, of ROOM elements (recurrent_group.cl).
<%page args="T, cell, parts, VW=0, MR=0, NV=0, ROWS=0, ROOM=0, ITEMS=0, PARTS=1, wide=False"/>\
<%namespace name="within" file="recurrent_product.cl"/>\
<%namespace name="group" file="recurrent_group.cl"/>\
<%
    gates = {'lstm': 4, 'gru': 3}.get(cell, 1)
    kept = {'lstm': 4, 'gru': 4}.get(cell, 0)
    several = VW or ROWS
%>\
<%def name="product(gate)" filter="trim">
% if ROWS:
sum${gate}
% else:
(${' + '.join((f'r[{s} * r_part + ' if s else 'r[') + f'{gate} * size + j]' for s in range(parts))})
% endif
</%def>
<%def name="pointers()">
        __global const ${T}* restrict x = x_g + here * ${gates} * size;
        __global ${T}* restrict h = h_g + here * size;
    % if kept:
        __global const ${T}* before =
        % if several:
            (step ? ${'c_g' if cell == 'lstm' else 'h_g'} + from : before_g + before_at)
        % else:
            before_g + before_at
        % endif
            + (long)row * size;
        __global ${T}* restrict kept = gates_g + here * ${kept} * size;
    % endif
    % if cell == 'lstm':
        __global ${T}* restrict c = c_g + here * size;
    % endif
</%def>
<%def name="unit()">
        % if cell == 'lstm':
            const ${T} enter = gate_of(x[j] + ${product(0)});
            const ${T} stay = gate_of(x[size + j] + ${product(1)});
            const ${T} fresh = tanh(x[2 * size + j] + ${product(2)});
            const ${T} leave = gate_of(x[3 * size + j] + ${product(3)});
            const ${T} cell = stay * before[j] + enter * fresh;
            kept[j] = enter;
            kept[size + j] = stay;
            kept[2 * size + j] = fresh;
            kept[3 * size + j] = leave;
            c[j] = cell;
            h[j] = leave * tanh(cell);
        % elif cell == 'gru':
            const ${T} reset = gate_of(x[j] + ${product(0)} + bias_g[j]);
            const ${T} stay = gate_of(x[size + j] + ${product(1)} + bias_g[size + j]);
            const ${T} inner = ${product(2)} + bias_g[2 * size + j];
            const ${T} fresh = tanh(x[2 * size + j] + reset * inner);
            kept[j] = reset;
            kept[size + j] = stay;
            kept[2 * size + j] = fresh;
            kept[3 * size + j] = inner;
            h[j] = (before[j] - fresh) * stay + fresh;
        % else:
            const ${T} sum = x[j] + ${product(0)};
            h[j] = ${'tanh(sum)' if cell == 'tanh' else '!(sum <= 0) ? sum : 0'};
        % endif
</%def>
% if cell in ('lstm', 'gru'):
INLINE ${T} gate_of(${T} x) { return (${T})1 / ((${T})1 + exp(-x)); }
% endif
% if VW:
${within.functions(T, VW, MR, NV)}
% endif
% if ROWS:
typedef ${T}4 vec4;
% endif
## No restrict where several steps are computed: the states of one are read by the next.
__kernel ${f'__attribute__((reqd_work_group_size({ITEMS}, 1, 1)))' if ROWS else ''}
void recurrent_step(
% if VW:
    __global ${T}* h_g, __global const ${T}* restrict x_g, __global ${T}* r_g,
    __global const ${T}* restrict w_g, __global const ${T}* start_g,
% elif ROWS:
    __global ${T}* h_g, __global const ${T}* restrict x_g, __global const ${T}* restrict w_g,
    __global const ${T}* start_g,
% else:
    __global ${T}* restrict h_g, __global const ${T}* restrict x_g, __global const ${T}* restrict r_g,
% endif
% if cell == 'lstm':
    __global ${T}* c_g, __global const ${T}* before_g,
% elif cell == 'gru':
    __global const ${T}* restrict bias_g, __global const ${T}* ${'' if several else 'restrict'} before_g,
% endif
% if kept:
    __global ${T}* restrict gates_g,
% endif
    const long at, const long before_at, const int rows, const int size,
% if ROWS:
    const int steps, const int stride
% elif VW:
    const int each, const int steps, const int stride, const int width
% else:
    const int each, const long r_part
% endif
) {
% if ROWS:
    __local ${T} states[${ROOM}] __attribute__((aligned(64)));
    __local ${T} made[${4 * ITEMS * ROWS}] __attribute__((aligned(32)));
    const int first = (int)get_group_id(0) * ${ROWS};
    ${group.begin()}
    for (int e = lid; e < size * ${ROWS}; e += ${ITEMS}) {
        const int row = first + e % ${ROWS};
        states[e] = row < rows ? start_g[before_at + (long)row * size + e / ${ROWS}] : 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = 0; step < steps; ++step) {
        const long from = (at + (long)(step - 1) * stride) * size;
        ${group.product(T, ROWS, PARTS, gates, wide, 'size', 'states')}
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int e = lid; e < size * ${ROWS}; e += ${ITEMS}) {
            const int i = e / size, j = e - i * size, row = first + i;
            if (row < rows) {
                const long here = at + row + (long)step * stride;
        % for gate in range(gates):
                const ${T} sum${gate} = ${group.sum(ROWS, PARTS, gate)};
        % endfor
                ${pointers()}
                ${unit()}
                states[j * ${ROWS} + i] = h[j];
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
    const long from = (at + (long)(step - 1) * stride) * size;
    product(first, end, size, size, step ? h_g + from : start_g + before_at, w_g, r_g, width);
    % endif
    for (int row = first; row < end; ++row) {
% else:
    const int place = get_global_id(0);
    if (place < rows * size) {
        const int row = place / size;
% endif
        const long here = at + row ${'+ (long)step * stride' if VW else ''};
        __global const ${T}* restrict r = r_g + (long)row * ${'width' if VW else '%d * size' % gates};
        ${pointers()}
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
