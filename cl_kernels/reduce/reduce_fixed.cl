## A reduction in the one order that its sizes decide, whatever the device: of (outer, n, inner)
## elements over n, by a tree whose 2^depth leaves begin at floor(i n / 2^depth). A task takes the
## 2^below leaves of a subtree for ${width} neighbours along inner, or what is left of them; its partial
## results lie as (outer, 2^(depth - below), inner). With `lanes`, for inner 1, a leaf is ${lanes or 0}
## interleaved sums and the tree over these; without, it adds its elements in turn.
<%namespace name="tree" file="tree.cl"/>\
<%
    wide = [(f"{T}{width}", width)] if width > 1 else []
%>\
% for n in sorted({width, lanes} - {0, 1}):
typedef ${T}${n} near${n} __attribute__((aligned(sizeof(${T}))));  // as vload takes them
% endfor
% for V in dict.fromkeys([T, *[V for V, _ in wide], *[f"{T}{n}" for n in (2, 4, 8, 16) if n <= lanes]]):
CT_OVERLOAD ${V} merged(const ${V} acc, const ${V} x) { return ${combine}; }
% endfor
<%def name="leaf(V, n)">
            ${V} acc = START;
% if lanes:
            ${T}${lanes} sums = START;
            long r = begin;
            for (; r + ${lanes} <= end; r += ${lanes}) sums = merged(sums, *(__global const near${lanes}*)(x_p + r));
            if (r < end) {
                ${T} rest[${lanes}];
                for (int l = 0; l < ${lanes}; ++l) rest[l] = r + l < end ? x_p[r + l] : START;
                sums = merged(sums, *(const near${lanes}*)rest);
            }
<% half, name = lanes // 2, "sums" %>\
% while half:
            const ${T}${half if half > 1 else ''} sums${half} = merged(${name}.even, ${name}.odd);
<% name = f"sums{half}"; half //= 2 %>\
% endwhile
            acc = ${name};
% else:
            for (long r = begin; r < end; ++r)
                acc = merged(acc, ${f'*(__global const near{n}*)(x_p + r * inner)' if n > 1 else 'x_p[r * inner]'});
% endif
</%def>
<%def name="subtree(V, n, column)">
        __global const ${T}* x_p = x_g + x_o + o * n * inner + ${column};
        ${V} held[${LEVELS}][1];
        for (long i = 0; i < 1L << below; ++i) {
${tree.leaf('n')}
${leaf(V, n)}
${tree.carry(['acc'], 'merged({}, {})'.format)}
        }
        const ${V} whole = held[below][0];
        __global ${T}* y_p = y_g + (o << (depth - below) | part) * inner + ${column};
        *${f'(__global near{n}*)' if n > 1 else ''}y_p = whole;
</%def>
/* A constant 0 would vanish from sums, with the sign of 0, on Mesa. */
#define START ((${start}) + (${T})(tasks < 0))
__kernel void reduce_fixed(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g, const long x_o, const long outer,
    const long n, const long inner, const int depth, const int below, const long tasks, const long chunk
) {
    const long columns = (inner + ${width - 1}) / ${width}, parts = 1L << (depth - below);
${tree.each_task()}
        const long o = task / (parts * columns), rest = task - o * parts * columns;
        const long part = rest / columns, column = (rest - part * columns) * ${width};
% if wide:
        if (column + ${width} <= inner) {
${subtree(*wide[0], 'column')}
        } else for (long c = column; c < inner; ++c) {
${subtree(T, 1, 'c')}
        }
% else:
${subtree(T, 1, 'column')}
% endif
    }
}
