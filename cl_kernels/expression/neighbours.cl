## Neighbours along the innermost dimension, taken by one work-item of a GPU: operands that are dense
## there are read as vectors, and what the expression computes is written out for each of them. No
## kernel of its own. turn: what tells the names of several vectors apart.

<%namespace name="expression" file="expression.cl"/>

<%def name="variables(code, width, turn='')">
% for x in code.operands:
% for ctype, name, _ in x.loads(width, turn):
            ${ctype} ${name};
% endfor
% endfor
</%def>

## Load what the expression reads, given coordinates and bases.
<%def name="load(code, width, turn='')">
% for x in code.operands:
% for _, name, place in x.loads(width, turn):
            ${name} = ${place};
% endfor
% endfor
</%def>

## Read one of the neighbours, and compute every entry.
<%def name="evaluate(code, number, width, turn='')">
% for x in code.operands:
                ${x.taken(number, width, turn)}
% endfor
% for line in code.lines:
                ${line}
% endfor
</%def>

## Whether a store goes to neighbours in memory.
<%def name="dense(code, s)"><%
    return s.place == s.name or next(x for x in code.operands if x.name == s.place).flags[-1] == 1
%></%def>

## Make a node one of the elements of the vector that `put` writes, or write it where it belongs.
<%def name="keep(code, number, width)">
% for s in code.stores:
                ${s.gather(number, width) if dense(code, s) else s.write(code.place(s))}
% endfor
</%def>

## The vectors that stores become.
<%def name="kept(code, width)">
% for s in code.stores:
% if dense(code, s):
            ${s.vector(width)} ${s.name}_w;
% endif
% endfor
</%def>

## Write them, `first` being the coordinate of the first element; linear: which vector it is of all that
## are stored, or nothing.
<%def name="put(code, width, linear='')">
% for s in code.stores:
% if linear and s.place == s.name:
            ((__global ${s.vector(width)}*)${s.name}_g)[${linear}] = ${s.name}_w;
% elif dense(code, s):
<% flat = s.place != s.name and next(x for x in code.operands if x.name == s.place).flat %>\
            *(__global ${s.vector(width)}*)(${s.place}_p${'' if flat else ' + first'}) = ${s.name}_w;
% endif
% endfor
</%def>

## Evaluate and store a vector with index `linear`, given coordinates and bases.
<%def name="pointwise(code, linear)">
<% index, inner, width = code.index, code.inner, code.walk.width %>\
        const ${index} first = c${inner};
% if code.is_long:
% for s in code.outputs:
        __global ${s.ctype}* ${s.name}_p = ${s.name}_g + ${linear} * ${width};
% endfor
        for (int l = 0; l < ${width}; ++l) {
            const ${index} c${inner} = first + l;
${expression.evaluate(code)}
% for s in code.stores:
            ${s.write(f'{s.name}_p[l]' if s.place == s.name else code.place(s))}
% endfor
        }
% else:
${variables(code, width)}
${load(code, width)}
${kept(code, width)}
% for l in range(width):
            {
                const ${index} c${inner} = first + ${l};
${evaluate(code, l, width)}
${keep(code, l, width)}
            }
% endfor
${put(code, width, linear)}
% endif
</%def>
