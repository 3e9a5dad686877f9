## One step back through a recurrent layer: a work-item computes some rows (CPU), or single elements
## (elsewhere), of the gradients of what went into the gates (d_g), from that of the state: what comes
## to the step itself (g_g), and what the step after gives back (r_g, a product in parts, for `live`
## rows; in the others, whose sequence ends here, that of the last state).
<%page args="T, cell, parts"/>\
<%
    gates = {'lstm': 4, 'gru': 3}.get(cell, 1)
%>\
__kernel void recurrent_grad(
    __global ${T}* restrict d_g, __global const ${T}* restrict g_g, __global const ${T}* restrict r_g,
    __global const ${T}* restrict last_g,
% if cell in ('lstm', 'gru'):
    __global const ${T}* restrict gates_g, __global const ${T}* restrict before_g,
    __global ${T}* restrict carry_g,
% endif
% if cell == 'lstm':
    __global const ${T}* restrict c_g,
% elif cell == 'gru':
    __global ${T}* restrict e_g,
% else:
    __global const ${T}* restrict h_g,
% endif
    const int has_g, const int has_last,
    const long at, const long before_at, const int rows, const int live, const int size,
    const int each, const long r_part
) {
% if device.is_cpu:
    const int first = (int)get_group_id(0) * each;
    const int end = first + each < rows ? first + each : rows;
    for (int row = first; row < end; ++row) {
% else:
    const int place = get_global_id(0);
    if (place < rows * size) {
        const int row = place / size;
% endif
        const long here = at + row, start = (long)row * size;
        const int goes_on = row < live;
    % if device.is_cpu:
#pragma clang loop vectorize(assume_safety)
        for (int j = 0; j < size; ++j) {
    % else:
        {
            const int j = place - row * size;
    % endif
            ${T} dh = has_g ? g_g[here * size + j] : 0;
            if (goes_on)
                dh += ${' + '.join(f'r_g[{s} * r_part + start + j]' for s in range(parts))};
            else if (has_last)
                dh += last_g[start + j];
        % if cell in ('lstm', 'gru'):
            __global const ${T}* restrict gate = gates_g + here * 4 * size;
            const ${T} before = before_g[before_at + start + j];
        % endif
        % if cell == 'lstm':
            const ${T} enter = gate[j], stay = gate[size + j];
            const ${T} fresh = gate[2 * size + j], leave = gate[3 * size + j];
            const ${T} seen = tanh(c_g[here * size + j]);
            const ${T} dc = carry_g[start + j] + dh * leave * (1 - seen * seen);
            __global ${T}* restrict d = d_g + here * 4 * size;
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
            __global ${T}* restrict d = d_g + here * 3 * size;
            __global ${T}* restrict e = e_g + here * 3 * size;
            d[j] = e[j] = dr;
            d[size + j] = e[size + j] = dz;
            d[2 * size + j] = dn;
            e[2 * size + j] = dn * reset;
            carry_g[start + j] = dh * stay;
        % else:
            const ${T} h = h_g[here * size + j];
            d_g[here * size + j] = ${'dh * (1 - h * h)' if cell == 'tanh' else 'h > 0 ? dh : 0'};
        % endif
        }
    }
}
