## Shared parts of the Winograd kernels: linear maps of vectors by constant matrices, and tiles of an
## image with one tile (or one channel) per lane. No kernel of its own.
<%!
def literal(value):
    return f'{value:.9g}' + ('f' if '.' in f'{value:.9g}' or 'e' in f'{value:.9g}' else '.0f')

def total(terms):
    """The C expression of a sum of (coefficient, name), '' for none."""
    text = ''
    for value, name in terms:
        sign = '-' if value < 0 else '+' if text else ''
        factor = '' if abs(value) == 1 else f'{literal(abs(value))} * '
        text += f' {sign} {factor}{name}' if text else f'{sign}{factor}{name}'
    return text

def alike(p, q):
    return all(abs(a) == abs(b) for a, b in zip(p, q)) and any(p)

def follows(vectors):
    """For each vector, its partner: the next one, if both differ in signs only."""
    partners, i = {}, 0
    while i < len(vectors):
        if i + 1 < len(vectors) and alike(vectors[i], vectors[i + 1]):
            partners[i] = i + 1
            i += 1
        i += 1
    return partners
%>

## const vec outs[i] = sum_j matrix[i][j] * ins[j]. Neighbouring columns or rows of the matrix that
## differ in signs only (points a and -a) share their sums.
<%def name="linear(matrix, ins, outs)">
<%
    columns = follows(list(zip(*matrix)))
    rows = [[] for _ in matrix]
    taken = set(columns.values())
    lines = []
    for j, name in enumerate(ins):
        if j in taken:
            continue
        k = columns.get(j)
        if k is None:
            for row, values in zip(rows, matrix):
                if values[j]:
                    row.append((values[j], name))
            continue
        for sign, mark in ((1, 'p'), (-1, 'm')):
            using = [i for i, v in enumerate(matrix) if v[j] and v[k] == sign * v[j]]
            if using:
                pair = f'{outs[0]}_{mark}{j}'
                lines.append(f"const vec {pair} = {name} {'+' if sign > 0 else '-'} {ins[k]};")
                for i in using:
                    rows[i].append((matrix[i][j], pair))
    partners = {} if columns else follows(matrix)
    for i, out in enumerate(outs):
        if i in partners.values():
            continue
        k = partners.get(i)
        if k is None:
            lines.append(f'const vec {out} = {total(rows[i])};')
            continue
        even = [term for term, j in zip(rows[i], (j for j, v in enumerate(matrix[i]) if v))
                if matrix[k][j] == matrix[i][j]]
        odd = [term for term in rows[i] if term not in even]
        lines.append(f'const vec {out}_e = {total(even)}, {out}_o = {total(odd)};')
        lines.append(f'const vec {out} = {out}_e + {out}_o, {outs[k]} = {out}_e - {out}_o;')
%>
% for line in lines:
    ${line}
% endfor
</%def>

## matrix * tile * matrix'. Called with two blocks: column(j) declares that column of the tile as
## vectors r0, r1, ...; row(i) takes that row of the result from h0, h1, ...
<%def name="transform(matrix)">
<% size, taken = len(matrix), len(matrix[0]) %>
% for j in range(taken):
    {
        ${caller.column(j)}
        ${linear(matrix, ['r%d' % i for i in range(taken)], ['h%d' % i for i in range(size)])}
    % for i in range(size):
        t_l[${i * taken + j}] = h${i};
    % endfor
    }
% endfor
% for i in range(size):
    {
        ${linear(matrix, ['t_l[%d]' % (i * taken + j) for j in range(taken)],
                 ['h%d' % j for j in range(size)])}
        ${caller.row(i)}
    }
% endfor
</%def>

## The same of a tile per lane, of which lane l begins at place(l) and rows are `pitch` apart; element
## (i, j) of the result goes to store(i, j). Rows are read together, so it is transposed throughout.
<%def name="transform_lanes(tile, matrix, place, pitch, store)">
<%self:transform matrix="${matrix}">
<%def name="column(i)">
    % for l in range(8):
        vec r${l} = *(__local const uvec*)(${place(l)} + ${i} * ${pitch});
    % endfor
        ${tile.transpose(8)}
</%def>
<%def name="row(j)">
    % for i in range(len(matrix)):
        *(__local vec*)(${store(i, j)}) = h${i};
    % endfor
</%def>
</%self:transform>
</%def>
