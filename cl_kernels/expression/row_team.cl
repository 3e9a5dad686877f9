## Rows on a GPU: ${team} work-items take one together, several teams are in a work-group. Where that is
## all of a row, they read it once, in vectors, and keep in registers what later loops need. No kernel
## of its own.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="vectors" file="neighbours.cl"/>
<%! TURNS = 4 %>\

## Evaluate a vector, from element `first` of the row on: e<fold>_<number> is what a fold takes in.
<%def name="turn(code, walk, number)">
<% index, inner, width = code.index, code.inner, code.walk.width %>\
                const ${index} first = c${inner};
${vectors.variables(walk, width)}
${vectors.load(walk, width)}
${vectors.kept(walk, width)}
% for l in range(width):
                {
                    const ${index} c${inner} = first + ${l};
% for k in walk.ready:
                    const ${k.ctype} ${k.name} = ${k.name}_row[${number + l}];
% endfor
${vectors.evaluate(walk, l, width)}
% for name in walk.keep:
                    ${name}_row[${number + l}] = ${name};
% endfor
% for f in walk.folds:
                    e${f.name}_${number + l} = ${f.operand};
% endfor
${vectors.keep(walk, l, width)}
                }
% endfor
${vectors.put(walk, width)}
</%def>

<%def name="pairwise(f, count, merge_order)">
% for into, other in merge_order(count):
                e${f.name}_${into} = MERGE_${f.name}(e${f.name}_${into}, e${f.name}_${other});
% endfor
</%def>

## Go over the row: what a work-item has of it comes into the folds.
<%def name="over(code, walk, team, merge_order)">
<% index, inner, width = code.index, code.inner, code.walk.width %>\
<% count = TURNS * width if code.held else width %>\
% if code.held:
% for f in walk.folds:
            ${f.ctype} ${', '.join(f'e{f.name}_{j} = {f.start}' for j in range(count))};
% endfor
% for u in range(TURNS):
            if ((item + ${u * team}) * ${width} < stop) {
                const ${index} c${inner} = (item + ${u * team}) * ${width};
${turn(code, walk, u * width)}
            }
% endfor
% for f in walk.folds:
${pairwise(f, count, merge_order)}
            ${f.name} = e${f.name}_0;
% endfor
% else:
            for (${index} at = item; at * ${width} < stop; at += ${team}) {
% for f in walk.folds:
                ${f.ctype} ${', '.join(f'e{f.name}_{j}' for j in range(count))};
% endfor
                const ${index} c${inner} = at * ${width};
${turn(code, walk, 0)}
% for f in walk.folds:
${pairwise(f, count, merge_order)}
                ${f.name} = MERGE_${f.name}(${f.name}, e${f.name}_0);
% endfor
            }
% endif
</%def>

## Merge `count` results of the team, the k-th at from[start + k * apart].
<%def name="merged(f, count, start, apart, merge_order)">
% for k in range(count):
                ${f.ctype} e${f.name}_${k} = ((__local ${f.ctype}*)${f.name}_all)[${start} + ${k * apart}];
% endfor
${pairwise(f, count, merge_order)}
                ${f.name} = e${f.name}_0;
</%def>

## Give every work-item of a team what all of it come to: two barriers for two folds.
<%def name="shared(folds, team, merge_order)">
<% parts = max(1, team // 16) %>\
            {
% for k, f in enumerate(folds):
                __local ${f.ctype}* ${f.name}_all = (__local ${f.ctype}*)scratch[${k}];
                __local ${f.ctype}* ${f.name}_few = (__local ${f.ctype}*)few[${k}];
                ${f.name}_all[lid] = ${f.name};
% endfor
                barrier(CLK_LOCAL_MEM_FENCE);
% if parts == 1:
% for f in folds:
                {
${merged(f, team, 'lid - item', 1, merge_order)}
                }
% endfor
                barrier(CLK_LOCAL_MEM_FENCE);
% else:
                if (item < ${parts}) {
% for f in folds:
${merged(f, 16, 'lid', parts, merge_order)}
                    ${f.name}_few[lid / ${team} * ${parts} + item] = ${f.name};
% endfor
                }
                barrier(CLK_LOCAL_MEM_FENCE);
% for f in folds:
                {
                    __local ${f.ctype}* ${f.name}_all = ${f.name}_few;
${merged(f, parts, f'lid / {team} * {parts}', 1, merge_order)}
                }
% endfor
% endif
            }
</%def>

<%def name="rows(code, team, merge_order)">
<%
    index, inner = code.index, code.inner
    folds = [f for walk in code.loops for f in walk.folds]
    room = 'double2' if any(f.ctype == 'double2' for f in folds) else 'size_t'
    most = min(2, max(len(walk.folds) for walk in code.loops))
%>\
% if team > 1 and most:
    /* The first is read before the second barrier of a turn, the second before the first of the next. */
    __local ${room} scratch[${most}][256], few[${most}][16];
% endif
    const int lid = get_local_id(0), item = lid % ${team}, together = get_local_size(0) / ${team};
    for (${index} begin = get_group_id(0) * together; begin < rows; begin += get_num_groups(0) * together) {
        const ${index} row = begin + lid / ${team};
        const ${index} o = row < rows ? row : rows - 1, stop = row < rows ? length : 0;
${expression.coordinates(code, code.axes(True), 'o')}
${expression.bases(code)}
% for s in code.loops[-1].stores:
        __global ${s.ctype}* ${s.name}_p = ${s.name}_g + o * length;
% endfor
% for k in code.saved:
        ${k.ctype} ${k.name}_row[${TURNS * code.walk.width}];
% endfor
% for walk in code.loops:
% for line in walk.before:
        ${line}
% endfor
% for f in walk.folds:
        ${f.ctype} ${f.name} = ${f.start};
% endfor
% if walk.folds or walk.stores or walk.keep:
        {
${over(code, walk, team, merge_order)}
        }
% endif
% if team > 1:
% for k in range(0, len(walk.folds), 2):
${shared(walk.folds[k:k + 2], team, merge_order)}
% endfor
% endif
% endfor
% if code.row_stores:
        if (item == 0 && row < rows) {
% for s in code.row_stores:
            ${s.write(f'{s.name}_g[o]')}
% endfor
        }
% endif
    }
</%def>
