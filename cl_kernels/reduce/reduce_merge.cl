## One work-item merges the `parts` of one result: places and values of best elements (kind "best"),
## or means and sums of squares of `part` values each, fewer in the last, beside the shift that all
## means are relative to ("moments").
<%page args="reduction, T"/>\
<%namespace name="kinds" file="reduce_kinds.cl"/>\
${kinds.macros(reduction, T)}
% if reduction.kind == 'best':
__kernel void reduce_merge(__global long* restrict out_g, __global const long* restrict where_g,
                           __global const ${T}* restrict value_g,
% else:
__kernel void reduce_merge(__global ${T}* restrict out_g, __global const ${T}* restrict in_g,
% endif
                           const long outer, const long parts, const long part, const long length
${kinds.moved(reduction, T)}
) {
    const long o = get_global_id(0);
    if (o >= outer) return;
% if reduction.kind == 'best':
    long t_where = -1;
    ${T} t0 = value_g[o];
    for (long p = 0; p < parts; ++p) {
        const ${T} other = value_g[p * outer + o];
        const long place = where_g[p * outer + o];
        PREFER(other, place)
    }
    out_g[o] = t_where;
% else:
    long t_n = 0;
    ${T} t0 = 0, t1 = 0;
    for (long p = 0; p < parts; ++p) {
        const long count = (p + 1) * part < length ? part : length - p * part;
        MERGE(t_n, t0, t1, count, in_g[p * 3 * outer + o], in_g[(p * 3 + 1) * outer + o])
    }
    out_g[o] = t0 + in_g[2 * outer + o];
    out_g[outer + o] = t1;
${kinds.move(reduction, 'o', 't0 + in_g[2 * outer + o]', 't1')}
% endif
}
