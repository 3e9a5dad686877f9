## Shared parts of the matrix kernels: types, the register tile, its store. No kernel of its own.
## In all of them TI is the element type in memory, TA that of accumulators, TO that of the result;
## VW lanes of a register vector; MR rows and NV vectors of the register tile (MR*NV + NV + 1
## registers must exist). No built-in functions: some drivers turn each into a call (see math.cl).

<%def name="vectors(TA, VW)">
typedef ${TA}${VW} vec;
/* Dereferenced where a vloadN call would not be inlined; promises only element alignment. */
typedef ${TA}${VW} __attribute__((aligned(sizeof(${TA})))) uvec;
</%def>

## VW elements of a global array, widened where they are narrower than accumulators.
<%def name="load(TI, TA, VW, at)"><% each = ', '.join(f'({at})[{l}]' for l in range(VW)) %>\
${f'*(__global const uvec*)({at})' if TI == TA else f'(vec)({each})'}</%def>

## Declares the accumulators c<row>_<vector>.
<%def name="clear(MR, NV, type='vec')">
% for r in range(MR):
    ${type} ${', '.join('c%d_%d = (%s)(0)' % (r, v, type) for v in range(NV))};
% endfor
</%def>

## One step along k: c += a (MR scalars) * b (NV vectors). rows: one C expression per row.
<%def name="step(rows, vectors, type='vec')">
    % for v, b in enumerate(vectors):
        const ${type} b${v} = ${b};
    % endfor
    % for r, a in enumerate(rows):
        {
            const ${type} row = (${type})(${a});
        % for v in range(len(vectors)):
            c${r}_${v} = row * b${v} + c${r}_${v};
        % endfor
        }
    % endfor
</%def>

## Copies the accumulators to a local array of MR rows of NV*VW.
<%def name="spill(MR, NV, VW, t)">
% for r in range(MR):
% for v in range(NV):
    *(__local uvec*)(${t} + ${(r * NV + v) * VW}) = c${r}_${v};
% endfor
% endfor
</%def>

## The one place where a result is written. acc: the sum; old: the value that is there already.
<%def name="put(TO, place, acc, first)">
    ${place} = (${TO})(${first} ? ${acc} : ${acc} + ${place});
</%def>

## The sum of the lanes of a vector, in a tree.
<%def name="lanes(v, VW)"><%
    terms = [v + '.s' + '0123456789abcdef'[l] for l in range(VW)]
    while len(terms) > 1:
        half = len(terms) // 2
        terms = [f'({a} + {b})' for a, b in zip(terms[:half], terms[half:])]
%>${terms[0]}</%def>

## Transposes VW vectors r0 ... of `type` in place: log2(VW) stages that exchange blocks of halving
## size, each a shuffle of two registers.
<%def name="transpose(VW, type='vec')">
<%
    stages, d = [], VW // 2
    while d:
        stages.append((d, [i for i in range(VW) if not i & d]))
        d //= 2
    def lanes(d, shift_p, shift_q):
        names = [('q.s', l + shift_q) if l & d else ('p.s', l + shift_p) for l in range(VW)]
        return ', '.join(vector + '0123456789abcdef'[at] for vector, at in names)
%>
% for d, rows in stages:
% for i in rows:
    {
        const ${type} p = r${i}, q = r${i + d};
        r${i} = (${type})(${lanes(d, 0, -d)});
        r${i + d} = (${type})(${lanes(d, d, 0)});
    }
% endfor
% endfor
</%def>
