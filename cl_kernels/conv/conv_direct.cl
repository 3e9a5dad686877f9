## Shared parts of the kernels for GPUs that read images directly: no tile lies in local memory, a
## work-item loads a window of pixels into registers and uses each for all taps that fall on it. No
## kernel of its own.
##
## Output i with tap t of an axis reads place (phase + i * step + t * tap) / spread, counted from
## `start`, where that is whole: what is read stands `spread` apart, with zeros between.
##
## shift: None, or how far before its first column a row is read, so that vectors of four are whole:
## as wide as rows are, each lies within one or outside. index: what counts the bytes of all images, or
## if it is int, their elements: what is fewer instructions differs from chip to chip.
<%!
    def unit(index, T):
        """What a step of one element counts."""
        return "1" if index == "int" else f"(int)sizeof({T})"

    def load(index, T, at, base="x_p", lanes=""):
        """The element, or vector, at a place so counted from `base`, a pointer to char."""
        pointer = f"(__global const {T}*){base}" if index == "int" else base
        return f"*(__global const {T}{lanes}*)({pointer} + ({at}))"

    def place(axis, i, t, step, tap, spread, phase):
        at = phase[axis] + i * step[axis] + t * tap[axis]
        return None if at % spread[axis] else at // spread[axis]

    def places(axis, outputs, taps, *steps):
        found = {place(axis, i, t, *steps) for i in range(outputs) for t in range(taps)}
        return sorted(found - {None})

    def vectors(columns, shift):
        return sorted({(n + shift) // 4 for n in columns})
%>

## a / d for 0 <= a < 2^31 by the magic number and the shift of d: Granlund and Montgomery 1994.
<%def name="divide()">
static int divide(const int a, const uint magic, const int shift)
{
    return (uint)(((ulong)magic * (uint)a >> 32) + a) >> shift;
}
</%def>

## Declares where the columns of a window lie whose first one is `first`: in_<n> and at_<n> of each,
## or of each vector.
<%def name="columns(TI, index, columns, shift, first)">
% for n in columns if shift is None else vectors(columns, shift):
<% at = f'{first} + {n}' if shift is None else f'{first} - {shift} + {4 * n}' %>\
    const int in_${n} = (uint)(${at}) < (uint)w;
    const ${index} at_${n} = in_${n} ? (${at}) * ${unit(index, TI)} : 0;
% endfor
</%def>

## Reads the window of row `ih`: v<n> for each column; plane: where its image starts.
<%def name="window(TI, TA, index, columns, shift, ih, plane)">
    const int inside = (uint)(${ih}) < (uint)h;
    const ${index} line_at = ${plane} + (inside ? (${index})(${ih}) * w * ${unit(index, TI)} : 0);
% if shift is None:
% for n in columns:
    const ${TI} x_${n} = ${load(index, TI, f'line_at + at_{n}')};
% endfor
% for n in columns:
    const ${TA} v${n} = inside && in_${n} ? x_${n} : 0;
% endfor
% else:
% for n in vectors(columns, shift):
    const ${TI}4 x_${n} = ${load(index, TI, f'line_at + at_{n}', lanes=4)};
% endfor
% for n in columns:
    const ${TA} v${n} = inside && in_${(n + shift) // 4} ? x_${(n + shift) // 4}.s${(n + shift) % 4} : 0;
% endfor
% endif
</%def>
