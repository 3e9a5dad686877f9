## What the kernels that reduce to a buffer share. Totals, by kind: "fold" t0, t1, ...; "best" t0 and
## its place t_where; "moments" of t_n values the mean t0, less the first of all (shift), and t1, the
## sum of squared differences from it. All that are merged have the same shift, so a mean far from
## zero is rounded once, at the end. No kernel of its own.
<%namespace name="expression" file="expression.cl"/>

<%def name="macros(reduction, T, start='0')">
#define START ${start}
% if reduction.kind == 'best':
#define BETTER(x, acc) (${reduction.better})
/* Take the best element `other` at `place` if it is better, or as good and earlier. */
#define PREFER(other, place) { \
    const int better = BETTER(other, t0), worse = BETTER(t0, other); \
    if ((place) >= 0 && (t_where < 0 || better || (!worse && (place) < t_where))) { \
        t0 = other; \
        t_where = place; \
    } \
}
% elif reduction.kind == 'fold':
#define COMBINE(acc, x) (${reduction.combine})
% else:
/* Take n more values of mean m and sum of squares s into totals; Chan, Golub, LeVeque 1979. The
   first are merged with no values, whose 0 comes before a square that may be infinite. */
#define MERGE(t_n, t0, t1, n, m, s) { \
    const ${T} delta = (m) - (t0), share = (${T})(n) / (${T})((t_n) + (n)); \
    t1 = (t1) + (s) + delta * ((${T})(t_n) * share) * delta; \
    t0 = (t0) + delta * share; \
    t_n = (t_n) + (n); \
}
% endif
</%def>

## C for the sum of `terms`, a power of two of them, pair by pair.
<%def name="pairs(terms)"><%
    while len(terms) > 1:
        terms = [f'({a} + {b})' for a, b in zip(terms[::2], terms[1::2])]
    return terms[0]
%></%def>

<%def name="signature(code, reduction, out_type, T, partial)">
    __global ${out_type}* restrict out_g
% if partial and reduction.kind == 'best':
    , __global ${T}* restrict value_g
% endif
${expression.parameters(code)}
    , const ${code.index} outer, const ${code.index} length
    , const ${code.index} per_item, const ${code.index} part
${expression.arguments(code)}
${'' if partial else moved(reduction, T)}
</%def>

## What running statistics move with.
<%def name="moved(reduction, T)">
% if reduction.moves:
    , __global ${T}* restrict mean_g, __global ${T}* restrict var_g
    , const long mean_at, const long var_at, const ${T} keep, const ${T} share, const ${T} unbiased
% endif
</%def>

## Let the statistics of place `o` take their share of what the batch has.
<%def name="move(reduction, o, mean, squares)">
% if reduction.moves:
        mean_g[mean_at + ${o}] = keep * mean_g[mean_at + ${o}] + share * (${mean});
        var_g[var_at + ${o}] = keep * var_g[var_at + ${o}] + share * ((${squares}) * unbiased);
% endif
</%def>

## The part of the reduced range that a group takes, and where its results go.
<%def name="part(code, reduction, planes, partial)">
    const ${code.index} part_begin = (${code.index})get_group_id(1) * part;
    const ${code.index} part_end = part_begin + part < length ? part_begin + part : length;
    out_g += (size_t)get_group_id(1) * outer * ${planes};
% if partial and reduction.kind == 'best':
    value_g += (size_t)get_group_id(1) * outer;
% endif
</%def>

<%def name="totals(reduction, T, index, totals)">
% for k in range(totals):
        ${T} t${k} = START;
% endfor
% if reduction.kind == 'best':
        ${index} t_where = -1;
% elif reduction.kind == 'moments':
        ${index} t_n = 0;
% endif
</%def>

## Set `name` to the first value of the reduced range, which moments are taken relative to.
<%def name="first_value(code, name)">
        if (length > 0) {
${expression.coordinates(code, code.axes(False), '0')}
${expression.bases(code)}
${expression.evaluate(code)}
            ${name} = ${code.results[0]};
        }
</%def>

<%def name="stores(code)">
% for s in code.stores:
            ${s.write(f'{s.name}_p[c{code.inner}]')}
% endfor
</%def>

## The results of place `o`; partial ones with all that merging them takes.
<%def name="give(reduction, totals, o, partial)">
% if reduction.kind == 'best':
        out_g[${o}] = t_where;
% if partial:
        value_g[${o}] = t0;
% endif
% elif reduction.kind == 'moments':
        out_g[${o}] = t0${'' if partial else ' + shift'};
        out_g[outer + ${o}] = t1;
${'' if partial else move(reduction, o, 't0 + shift', 't1')}
% if partial:
        out_g[2 * outer + ${o}] = shift;
% endif
% else:
% for k in range(totals):
        out_g[${f'{k} * outer + ' if k else ''}${o}] = t${k};
% endfor
% endif
</%def>
