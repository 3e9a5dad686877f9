## What the kinds of reduction do in the kernels of reduce.cl. "fold": accumulators a0, a1, ... take
## in one value each; "best": a0 and where_0 hold the best value and its place; "moments": a0 is the
## mean, less the first value of all (shift), and a1 the sum of squared differences from it of a_n
## values. All that are merged have the same shift, so a mean far from zero is rounded once, at the
## end. turn says which pass over a block it is: moments sum in the first and square in the second; 0
## stands for a single pass.

<%def name="macros(reduction)">
% if reduction.kind == 'best':
#define BETTER(x, acc) (${reduction.better})
% elif reduction.kind == 'fold':
#define COMBINE(acc, x) (${reduction.combine})
% else:
#define COMBINE(acc, x) (acc + x)
/* Take n more values of mean m and sum of squares s into those of (a_n, a0, a1); Chan et al. 1979 */
#define MERGE(a_n, a0, a1, n, m, s, T) { \
    const T delta = (m) - (a0), share = (T)(n) / (T)((a_n) + (n)); \
    a1 = (a1) + (s) + delta * delta * (T)(a_n) * share; \
    a0 = (a0) + delta * share; \
    a_n = (a_n) + (n); \
}
% endif
</%def>

## Accumulators, with `suffix`; arrays of `size` if given, of which `used` are set.
<%def name="declare(kind, results, T, index, start, suffix, size=0, used=None)">
<%
    names = [f'a{k}' for k in range(2 if kind == 'moments' else results)]
    begin = '0' if kind == 'moments' else start
%>
% if size:
    ${T} ${', '.join(f'{a}{suffix}[{size}]' for a in names)};
% if kind == 'best':
    ${index} where_0${suffix}[${size}];
% endif
    for (int l = 0; l < ${used or size}; ++l) {
% for a in names:
        ${a}${suffix}[l] = ${begin};
% endfor
% if kind == 'best':
        where_0${suffix}[l] = -1;
% endif
    }
% else:
    ${T} ${', '.join(f'{a}{suffix} = {begin}' for a in names)};
% if kind == 'best':
    ${index} where_0${suffix} = -1;
% endif
% endif
% if kind == 'moments' and suffix != '_l':
    ${index} a_n${'' if size else suffix} = 0;
% endif
</%def>

## Copy the lanes; in a scope of its own they can live in registers.
<%def name="copy(kind, results, T, index, to, source, size, fresh)">
<%
    names = [(T, f'a{k}') for k in range(2 if kind == 'moments' else results)]
    names += [(index, 'where_0')] if kind == 'best' else []
%>
% for t, a in names:
% if fresh:
    ${t} ${a}${to}[${size}];
% endif
    for (int l = 0; l < ${size}; ++l) ${a}${to}[l] = ${a}${source}[l];
% endfor
</%def>

<%def name="take(kind, names, T, turn, at, position, shift='shift', centre='centre')">
% if kind == 'best':
    {
        const int wins = BETTER(${names[0]}, a0${at}) || where_0${at} < 0;
        a0${at} = wins ? ${names[0]} : a0${at};
        where_0${at} = wins ? ${position} : where_0${at};
    }
% elif kind == 'fold':
% for k, name in enumerate(names):
    a${k}${at} = COMBINE(a${k}${at}, ${name});
% endfor
% elif turn == 0:
    {
        const ${T} near = ${names[0]} - ${shift}, delta = near - a0${at};
        a_n${at} += 1;
        a0${at} += delta / (${T})a_n${at};
        a1${at} += delta * (near - a0${at});
    }
% elif turn == 1:
    a0${at} += ${names[0]} - ${shift};
% else:
    {
        const ${T} delta = ${names[0]} - ${shift} - ${centre};
        a1${at} += delta * delta;
    }
% endif
</%def>

## The block's mean, from lanes that hold sums.
<%def name="centre(T, lanes, count)">
    ${T} centre = 0;
    for (int l = 0; l < ${lanes}; ++l) centre += a0_l[l];
    centre /= (${T})${count};
</%def>

<%def name="centre_each(width, T, count)">
    for (int l = 0; l < ${width}; ++l) a0_l[l] /= (${T})${count};
</%def>

<%def name="merge_lanes(kind, results, T, lanes, count)">
% if kind == 'best':
    for (int l = 0; l < ${lanes}; ++l) {
        const ${T} other = a0_l[l];
        ${prefer('where_0_l[l]', 'where_0', 'a0')}
    }
% elif kind == 'fold':
    for (int l = 1; l < ${lanes}; ++l) {
% for k in range(results):
        a${k}_l[0] = COMBINE(a${k}_l[0], a${k}_l[l]);
% endfor
    }
% for k in range(results):
    a${k} = COMBINE(a${k}, a${k}_l[0]);
% endfor
% else:
    {
        ${T} squares = 0;
        for (int l = 0; l < ${lanes}; ++l) squares += a1_l[l];
        MERGE(a_n, a0, a1, ${count}, centre, squares, ${T})
    }
% endif
</%def>

## Take in the accumulators of a block.
<%def name="merge_block(kind, results, T)">
% if kind == 'fold':
% for k in range(results):
    a${k} = COMBINE(a${k}, a${k}_b);
% endfor
% else:
    if (a_n_b > 0) MERGE(a_n, a0, a1, a_n_b, a0_b, a1_b, ${T})
% endif
</%def>

## Take `other` at `place` if it is better, or as good and earlier.
<%def name="prefer(place, where, acc)">
        {
            const int better = BETTER(other, ${acc}), worse = BETTER(${acc}, other);
            if (${place} >= 0 && (${where} < 0 || better || (!worse && ${place} < ${where}))) {
                ${acc} = other;
                ${where} = ${place};
            }
        }
</%def>

<%def name="merge_columns(kind, results, T, start, count)">
% if kind == 'fold':
    for (int l = 0; l < width; ++l) {
% for k in range(results):
        a${k}_t[l] = COMBINE(a${k}_t[l], a${k}_l[l]);
        a${k}_l[l] = ${start};
% endfor
    }
% elif kind == 'moments':
    {
        const ${T} share = (${T})${count} / (${T})(a_n + ${count}), before = (${T})a_n;
        for (int l = 0; l < width; ++l) {
            const ${T} delta = a0_l[l] - a0_t[l];
            a1_t[l] = a1_t[l] + a1_l[l] + delta * delta * before * share;
            a0_t[l] = a0_t[l] + delta * share;
            a0_l[l] = 0;
            a1_l[l] = 0;
        }
        a_n += ${count};
    }
% endif
</%def>

## Combine the accumulators of a work-group in its first work-item.
<%def name="tree(kind, results, T, index)">
<% names = [f'a{k}' for k in range(2 if kind == 'moments' else results)] %>
% for a in names:
    __local ${T} ${a}_all[256];
    ${a}_all[lid] = ${a};
% endfor
% if kind != 'fold':
<% extra = 'where_0' if kind == 'best' else 'a_n' %>
    __local ${index} ${extra}_all[256];
    ${extra}_all[lid] = ${extra};
% endif
    for (int half_group = group / 2; half_group > 0; half_group /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lid < half_group) {
            const int there = lid + half_group;
% if kind == 'best':
            const ${T} other = a0_all[there];
            ${prefer('where_0_all[there]', 'where_0', 'a0')}
% elif kind == 'fold':
% for a in names:
            ${a} = COMBINE(${a}, ${a}_all[there]);
% endfor
% else:
            const ${index} count = a_n_all[there];
            if (count > 0) MERGE(a_n, a0, a1, count, a0_all[there], a1_all[there], ${T})
% endif
% for a in names:
            ${a}_all[lid] = ${a};
% endfor
% if kind != 'fold':
            ${extra}_all[lid] = ${extra};
% endif
        }
    }
</%def>

## The results; partial ones with all that merging them takes.
<%def name="give(kind, results, at, place, partial, shift='shift')">
% if kind == 'best':
    out_g[${place}] = where_0${at};
% if partial:
    value_g[${place}] = a0${at};
% endif
% elif kind == 'moments':
    out_g[${place}] = a0${at}${'' if partial else f' + {shift}'};
    out_g[outer + ${place}] = a1${at};
% if partial:
    out_g[2 * outer + ${place}] = ${shift};
% endif
% else:
% for k in range(results):
    out_g[${f'{k} * outer + ' if k else ''}${place}] = a${k}${at};
% endfor
% endif
</%def>
